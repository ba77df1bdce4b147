// The way of one MSI, step by step, as a value: what was looked at, what it said, where it ends.

import GICArch

/// One question on the way of an MSI, and its answer.
public struct ExplanationStep: Equatable, Sendable {
  /// In the order in which they are asked.
  public enum Stage: String, CaseIterable, Sendable {
    case its = "ITS"
    case deviceID = "DeviceID"
    case deviceTable = "device table"
    case levelOne = "device L1"
    case device = "device entry"
    case eventID = "EventID"
    case translation = "ITE"
    case intid = "INTID"
    case collection = "collection entry"
    case redistributor = "redistributor"
    case property = "property"
    case group = "GICD group 1"
    case cpuInterface = "ICC_IGRPEN1"
    case priority = "priority"
    case pending = "pending"
  }
  public enum Result: String, CaseIterable, Sendable {
    /// The MSI goes on.
    case passed
    /// The MSI ends here.
    case ends
    /// The interrupt is, or would be, pending and waits here.
    case waits
  }
  public var stage: Stage
  public var result: Result
  /// What was found, and the values that decide.
  public var text: String
  /// The table entry that was looked at, if there is one.
  public var entry: TableEntry?

  public init(_ stage: Stage, _ result: Result, _ text: String, _ entry: TableEntry? = nil) {
    (self.stage, self.result, self.text, self.entry) = (stage, result, text, entry)
  }
}

/// What an MSI of a device would meet now, or what became of the one that came.
public struct Explanation: Equatable, Sendable {
  public enum Verdict: String, CaseIterable, Sendable {
    /// An MSI now would be dropped.
    case dropped
    /// The LPI is or would be pending, and does not reach the PE.
    case blocked
    /// Nothing is pending, and an MSI now would raise the PE's IRQ.
    case clear
    /// The LPI is pending and the PE's IRQ shows it, or something that goes before it.
    case delivered
  }
  public var device: DeviceID
  public var event: EventID
  /// In cycles of the GIC clock.
  public var cycle: UInt64 = 0
  public var steps: [ExplanationStep] = []
  public var verdict = Verdict.dropped
  /// Where it ends: nil for ``Verdict/clear`` and ``Verdict/delivered``.
  public var stage: ExplanationStep.Stage?
  /// A sentence: where and why it ends, and the mend.
  public var text = ""

  public init(device: DeviceID, event: EventID) { (self.device, self.event) = (device, event) }
}

func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }
