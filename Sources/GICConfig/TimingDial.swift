// The timing settings that are whole numbers, for whoever turns them one by one: fits and sweeps.
// A dial checks nothing but its own range; ``resolve(_:)`` judges what values mean together.

import GICModel

/// One whole-number setting of the timing model.
public struct TimingDial: Sendable {
  private let setting: Setting
  /// Its path, such as `timing.memory_latency_cycles`.
  public var key: String { setting.key }
  public var unit: String { setting.unit }
  public let range: ClosedRange<UInt64>

  /// Every one there is, in the order of the table.
  public static let all: [TimingDial] = Settings.timing.compactMap { setting in
    setting.range.map { TimingDial(setting: setting, range: $0) }
  }

  private init(setting: Setting, range: ClosedRange<UInt64>) {
    (self.setting, self.range) = (setting, range)
  }

  public func value(in machine: MachineConfiguration) -> UInt64 {
    // The setting is a whole number, so what it prints is one.
    parseInteger(setting.read(machine)) ?? range.lowerBound
  }

  /// Values beyond the range become its ends.
  public func set(_ value: UInt64, in machine: inout MachineConfiguration) {
    let inside = min(max(value, range.lowerBound), range.upperBound)
    // What is in range fits.
    try? setting.write(&machine, .scalar(String(inside)))
  }
}
