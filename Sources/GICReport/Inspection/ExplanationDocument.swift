// The way of an MSI as a document.

import GICModel

/// Where an MSI ends, step by step.
public struct ExplanationDocument: JSONDocument, Equatable, Sendable {
  /// A question on the way, and its answer.
  public struct Step: Codable, Equatable, Sendable {
    public var stage: String
    /// `passed`, `ends` or `waits`.
    public var result: String
    public var text: String
    public var entry: EntryDocument?
  }
  public var device: UInt32
  public var event: UInt32
  public var cycle: UInt64
  public var steps: [Step]
  /// `dropped`, `blocked`, `clear` or `delivered`.
  public var verdict: String
  /// Where it ends; absent if nothing holds it.
  public var stage: String?
  /// Where and why it ends, and the mend.
  public var text: String

  public init(_ story: Explanation) {
    (device, event, cycle) = (story.device.rawValue, story.event.rawValue, story.cycle)
    steps = story.steps.map {
      Step(
        stage: $0.stage.rawValue, result: $0.result.rawValue, text: $0.text,
        entry: $0.entry.map(EntryDocument.init))
    }
    (verdict, stage, text) = (story.verdict.rawValue, story.stage?.rawValue, story.text)
  }

  /// For people: a line a step and one for its entry, then the verdict.
  public func text(colored: Bool = false) -> String {
    var out = "MSI of DeviceID \(hexadecimal(device)), EventID \(hexadecimal(event))\n"
    let width = steps.map(\.stage.count).max() ?? 0
    for step in steps {
      let mark =
        switch step.result {
        case "passed": "ok   "
        case "waits": "WAITS"
        default: "ENDS "
        }
      let name = step.stage + String(repeating: " ", count: width - step.stage.count)
      out +=
        "  \(GICReport.verdict(step.result == "passed", mark, colored))  \(name)  \(step.text)\n"
      if let entry = step.entry {
        out += String(repeating: " ", count: 2 + 5 + 2 + width + 2) + entry.text + "\n"
      }
    }
    let place = stage.map { " at \($0)" } ?? ""
    let good = stage == nil
    return out + "\(GICReport.verdict(good, "\(verdict)\(place)", colored)): \(text)\n"
  }
}
