// Who raised and who acknowledged what, counted the way the guest's own /proc/interrupts does.

import GICArch

/// Counts of a replay. It learns which INTID an event has from the guest's own commands.
struct InterruptLedger {
  /// An event of a device, from its MAPTI on.
  private struct Source {
    var device: DeviceID
    var event: EventID
    /// Handled per PE since the device was mapped last.
    var handled: [Int]
    /// Who acknowledged it last.
    var lastPE: Int?
    /// Who acknowledged it last before the guest disabled it. If the guest resends it with INT,
    /// that acknowledge found the handler disabled and was not counted.
    var unhandledBy: Int?
  }
  private struct Key: Hashable {
    var device: DeviceID
    var event: EventID
  }
  /// Handled counts at the two marks around a snapshot.
  struct Snapshot {
    var begin: [UInt64: [Int]]
    var end: [UInt64: [Int]]?
  }

  let peCount: Int
  private var sources: [Source] = []
  private var byEvent: [Key: Int] = [:]
  private var byLPI: [UInt32: Int] = [:]
  private(set) var snapshots: [String: Snapshot] = [:]
  private(set) var msis: [UInt64: Int] = [:]
  private(set) var acknowledged: [UInt64: Int] = [:]
  private(set) var lpis: [Int]

  init(peCount: Int) {
    self.peCount = peCount
    lpis = Array(repeating: 0, count: peCount)
  }

  static func key(_ device: DeviceID, _ event: EventID) -> UInt64 {
    UInt64(device.rawValue) << 32 | UInt64(event.rawValue)
  }
  static func key(_ pe: Int, _ intid: INTID) -> UInt64 {
    UInt64(pe) << 32 | UInt64(intid.rawValue)
  }

  mutating func countMSI(_ device: DeviceID, _ event: EventID) {
    msis[InterruptLedger.key(device, event), default: 0] += 1
  }

  mutating func countAcknowledge(_ intid: INTID, by pe: Int) {
    acknowledged[InterruptLedger.key(pe, intid), default: 0] += 1
    guard intid.isLPI else { return }
    lpis[pe] += 1
    guard let index = byLPI[intid.rawValue] else { return }
    sources[index].handled[pe] += 1
    sources[index].lastPE = pe
  }

  /// The guest has put a command into the queue.
  mutating func note(_ command: ITSCommand) {
    switch command {
    case .mapti(let device, let event, let intid, _): map(device, event, intid)
    case .mapi(let device, let event, _):
      map(device, event, INTID(rawValue: event.rawValue))
    case .mapd(let device, .some):
      for index in sources.indices where sources[index].device == device {
        sources[index].handled = Array(repeating: 0, count: peCount)
        sources[index].lastPE = nil
        sources[index].unhandledBy = nil
      }
    case .int(let device, let event):
      guard let index = byEvent[Key(device: device, event: event)],
        let pe = sources[index].unhandledBy
      else { return }
      sources[index].handled[pe] -= 1
      sources[index].unhandledBy = nil
    default: return
    }
  }

  private mutating func map(_ device: DeviceID, _ event: EventID, _ intid: INTID) {
    let key = Key(device: device, event: event)
    let index = byEvent[key] ?? sources.count
    if index == sources.count {
      sources.append(
        Source(device: device, event: event, handled: Array(repeating: 0, count: peCount)))
      byEvent[key] = index
    }
    byLPI[intid.rawValue] = index
  }

  /// The guest has written the configuration byte of an LPI.
  mutating func note(_ configuration: LPIConfiguration, of intid: INTID) {
    guard !configuration.enabled, let index = byLPI[intid.rawValue] else { return }
    sources[index].unhandledBy = sources[index].lastPE
  }

  /// The guest printed a mark: `LT-MARK interrupts-begin NAME` or `... interrupts-end NAME`.
  mutating func mark(_ text: some StringProtocol) {
    let words = text.split(separator: " ")
    guard let at = words.firstIndex(of: "LT-MARK"), at + 2 < words.count else { return }
    let name = String(words[at + 2].prefix { !$0.isWhitespace })
    let counts = handled()
    switch words[at + 1] {
    case "interrupts-begin": snapshots[name] = Snapshot(begin: counts, end: nil)
    case "interrupts-end": snapshots[name]?.end = counts
    default: return
    }
  }

  private func handled() -> [UInt64: [Int]] {
    var all: [UInt64: [Int]] = [:]
    for source in sources {
      all[InterruptLedger.key(source.device, source.event)] = source.handled
    }
    return all
  }
}
