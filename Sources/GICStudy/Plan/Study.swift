// A study is a description: what can be chosen, which points follow, how one is measured, what is
// drawn. All that runs, caches, shards and writes studies is written once, elsewhere.

import GICConfig
import GICModel
import GICReport

/// One study.
struct Study: Sendable {
  let name: String
  let title: String
  /// The question.
  let about: String
  var clock = StudyDocument.Clock.simulated
  let parameters: [Parameter]
  let columns: [StudyDocument.Column]
  /// The points, with what is set in them, in the order of the result.
  /// - Throws: ``StudyError`` for choices that do not go together: which, and why.
  let plan: @Sendable (Chosen) throws(StudyError) -> [StudyPoint]
  /// Adds to a point what is measured and what bounds it.
  let measure: @Sendable (inout StudyPoint, StudyContext) throws(StudyError) -> Void
  let figures: @Sendable (Chosen) -> [StudyFigure]
  /// Checks and findings, from the points alone.
  var conclude: @Sendable (inout StudyDocument) -> Void = { _ in }
}

/// What a point is measured with, beside its own values.
struct StudyContext: Sendable {
  let chosen: Chosen
  let configuration: MachineConfiguration
  /// The study's seed.
  let seed: UInt64
  var recording = Recording()

  /// A seed of its own for a point, so that its numbers do not depend on other points.
  /// - Parameter salt: tells apart what one point draws.
  func seed(_ point: StudyPoint, _ salt: String = "") -> UInt64 {
    var hash = Fingerprint()
    hash.add("\(seed)/\(salt)")
    for (key, value) in point.values.sorted(by: { $0.key < $1.key }) { hash.add("\(key)=\(value)") }
    return hash.value
  }
}

/// FNV-1a, 64 bits, over texts with an end each.
/// - Source: G. Fowler, L. C. Noll, K.-P. Vo: the FNV-1a hash, RFC 9923.
struct Fingerprint {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325
  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    add(0x0a)
  }
  private mutating func add(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Every combination of the values of some parameters, the last one changing fastest.
func combinations(_ chosen: Chosen, _ keys: [String], fixed: [String: StudyValue] = [:])
  -> [StudyPoint]
{
  var points = [StudyPoint(fixed)]
  for key in keys {
    points = points.flatMap { point in
      chosen.all(key).map { value in
        var next = point
        next.values[key] = value
        return next
      }
    }
  }
  return points
}
