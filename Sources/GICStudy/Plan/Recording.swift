// What a recorded run says about when MSIs come, and of whom.

import GICReplay

/// The MSIs of a trace, to be played at another rate by any number of copies of its devices.
struct Recording: Sendable {
  /// From one to the next, as parts of their mean.
  private(set) var gaps: [Double] = []
  /// Of each MSI, numbered from 0 in the order in which they first appear.
  private(set) var devices: [Int] = []
  private(set) var events: [Int] = []
  /// How many there are of each.
  private(set) var deviceCount = 1
  private(set) var eventCount = 1

  /// The parameter that names a trace's file.
  static let key = "trace"

  /// Nothing is recorded.
  init() {}

  /// - Parameter chosen: the parameter `trace` names the file; without one nothing is recorded.
  /// - Throws: ``StudyError`` for a trace that cannot be used.
  init(_ chosen: Chosen) throws(StudyError) {
    let path = chosen.name(Recording.key)
    guard !path.isEmpty else { return }
    let msis: [(time: UInt64, device: UInt64, event: UInt64)]
    do {
      msis = try Trace(contentsOf: path).events.filter { $0.operation == .msi }
        .map { ($0.time, $0.a, $0.b) }
    } catch { throw StudyError("\(error)") }
    guard let first = msis.first, let last = msis.last, msis.count > 100, last.time > first.time
    else { throw StudyError("\(path): expected a trace with over 100 MSIs, found \(msis.count)") }
    let mean = Double(last.time - first.time) / Double(msis.count - 1)
    var numbers: [UInt64: (number: Int, events: [UInt64: Int])] = [:]
    for (msi, before) in zip(msis, [first] + msis) {
      gaps.append(Double(msi.time - before.time) / mean)
      var known = numbers[msi.device] ?? (numbers.count, [:])
      let event = known.events[msi.event] ?? known.events.count
      known.events[msi.event] = event
      numbers[msi.device] = known
      devices.append(known.number)
      events.append(event)
    }
    deviceCount = numbers.count
    eventCount = numbers.values.map(\.events.count).max() ?? 1
  }

  /// Tells recordings apart; empty if there is none.
  var digest: String {
    guard !gaps.isEmpty else { return "" }
    var hash = Fingerprint()
    for index in gaps.indices { hash.add("\(gaps[index]) \(devices[index]) \(events[index])") }
    return hash.text
  }
}
