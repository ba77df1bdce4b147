// A machine as the whole daemon knows it: what it is, who is attached to it, and its RAM.

import GICArch
import GICModel
import GICWire
import Synchronization
import UVLoop

/// One machine. Each station that has clients of it works on it through a ``MachineHost`` of its
/// own.
///
/// Which thread may do what: `lanes[n]` and what is called through it is station `n`'s alone. What
/// stands under `lock` is touched by whoever has the lock, and only for what is rare: nobody takes
/// it for a register access, an MSI or a line. The rest never changes, is atomic, or locks itself.
/// Order of locks: the server's, a machine's, the line page's, a mailbox', a station's.
final class SharedMachine: @unchecked Sendable {
  let name: String
  let configuration: MachineConfiguration
  let configurationHash: String
  /// YAML that makes this machine, whatever the defaults are.
  let configurationText: String
  let clock: ClockScale
  /// The station that it was made at. A machine that one thread at a time may use is served there
  /// alone, and so is who shares time with others.
  let home: Int
  /// Several stations may work on it at once.
  let hasLanes: Bool
  /// One a station, or the home's alone.
  private var lanes: [any Machine]
  /// Line changes for other stations, one box a station; none where there is one lane.
  private let mailboxes: [LineMailbox]
  private let watchers: Watchers
  let page: SharedLinePage
  /// Nothing changes the machine until RESUME.
  let isQuiesced = Atomic<Bool>(false)
  /// The daemon has forgotten it.
  let isEnded = Atomic<Bool>(false)
  /// How far its time is, for who only looks.
  let shownCycle = Atomic<UInt64>(0)

  struct Member {
    var number: Int
    var role: Role
    var station: Int
    /// Hears of the lines of all PEs.
    var watchesAll: Bool
  }

  /// Where only the home serves it: what was shown of the lines when its last client there left.
  var restingLines: [InterruptSummary]?

  let lock = Lock()
  // Under `lock`:
  /// The machine stays when nobody is attached any more.
  var keep: Bool
  var ram: GuestMemory
  /// In the order in which they came.
  private(set) var members: [Member] = []
  /// The last control connection ended without a goodbye, as the daemon's so-manyeth: the machine
  /// waits for the next.
  var controlLoss: Int?
  /// PEs whose connection has gone, and their GICR_WAKER before that.
  var offline: [UInt32: UInt64] = [:]
  /// What goes into the machine's file beside the machine.
  var continuation = Continuation()
  /// By PE: what is added to the machine's own sequence numbers, so that they never go back for
  /// whoever has heard of them. Each host has a copy; they change while there is one only.
  var sequenceOffsets: [UInt32]
  private var ports: [(number: UInt32, isDevice: Bool)] = []

  /// - Parameter stationCount: a functional machine gets a lane for each.
  init(
    name: String, resolved: MachineFactory.Resolved, machine: any Machine, keep: Bool,
    rangeLimit: Int, home: Int, stationCount: Int
  ) {
    self.name = name
    configuration = resolved.configuration
    (configurationHash, configurationText) = (resolved.hash, resolved.text)
    clock = ClockScale(hertz: resolved.configuration.timing.clockHertz)
    self.home = home
    self.keep = keep
    ram = GuestMemory(rangeLimit: rangeLimit)
    let peCount = resolved.configuration.shape.affinities.count
    sequenceOffsets = Array(repeating: 0, count: peCount)
    if stationCount > 1, let first = machine as? FunctionalMachine {
      lanes = (0..<stationCount).map { $0 == home ? first : first.makeLane() }
      mailboxes = (0..<stationCount).map { _ in LineMailbox(peCount: peCount) }
      watchers = Watchers(peCount: peCount)
    } else {
      (lanes, mailboxes, watchers) = ([machine], [], Watchers(peCount: 0))
    }
    hasLanes = lanes.count > 1
    page = SharedLinePage(hasWriters: hasLanes)
  }

  /// Another takes over, with the state of the one there is. At the home of a machine without
  /// lanes, whose only host keeps it, too.
  func replace(with machine: any Machine) {
    precondition(!hasLanes, "a machine with lanes is everybody's")
    lanes = [machine]
  }

  func lane(of station: Int) -> any Machine { hasLanes ? lanes[station] : lanes[0] }
  func mailbox(of station: Int) -> LineMailbox? { hasLanes ? mailboxes[station] : nil }
  var peCount: Int { configuration.shape.affinities.count }

  /// Stations other than `station` that hear of the lines of a PE, one bit each.
  func watchingStations(of pe: UInt32, but station: Int) -> UInt64 {
    hasLanes ? watchers.stations(of: pe) & ~(1 << UInt64(station)) : 0
  }

  /// Stations other than `station` that have clients of it.
  func otherStations(than station: Int) -> Set<Int> {
    guard hasLanes else { return [] }
    return lock.withLock { Set(members.map(\.station)).subtracting([station]) }
  }

  /// Equal as long as nobody has asked for anything.
  var activity: UInt64 { lock.withLock { continuation.activity } }

  // MARK: Under the lock

  func add(_ member: Member) {
    members.append(member)
    watchers.watch(members)
  }

  func remove(_ number: Int) {
    members.removeAll { $0.number == number }
    watchers.watch(members)
  }

  /// Whether somebody is this PE.
  func isTaken(_ pe: UInt32) -> Bool { members.contains { $0.role == .pe(pe) } }
  var hasControl: Bool { members.contains { $0.role == .control } }
  /// Nobody needs it any more.
  var isUnused: Bool { members.isEmpty && !keep && controlLoss == nil }

  /// - Returns: false when there is such a port already.
  func claimPort(_ number: UInt32, isDevice: Bool) -> Bool {
    guard !ports.contains(where: { $0.number == number && $0.isDevice == isDevice }) else {
      return false
    }
    ports.append((number, isDevice))
    return true
  }

  func releasePort(_ number: UInt32, isDevice: Bool) {
    ports.removeAll { $0.number == number && $0.isDevice == isDevice }
  }
}

/// Which stations hear of a PE's lines.
private struct Watchers {
  private final class Mask: Sendable { let stations = Atomic<UInt64>(0) }
  private let all = Mask()
  private let each: [Mask]

  init(peCount: Int) { each = (0..<peCount).map { _ in Mask() } }

  func stations(of pe: UInt32) -> UInt64 {
    all.stations.load(ordering: .acquiring)
      | each[Int(pe)].stations.load(ordering: .acquiring)
  }

  /// Makes it so for these members. Called under the machine's lock.
  func watch(_ members: [SharedMachine.Member]) {
    guard !each.isEmpty else { return }
    var (ofAll, ofOne): (UInt64, [Int: UInt64]) = (0, [:])
    for member in members {
      let bit: UInt64 = 1 << UInt64(member.station)
      if member.watchesAll { ofAll |= bit }
      if case .pe(let pe) = member.role { ofOne[Int(pe), default: 0] |= bit }
    }
    all.stations.store(ofAll, ordering: .sequentiallyConsistent)
    for (pe, mask) in each.enumerated() {
      mask.stations.store(ofOne[pe] ?? 0, ordering: .sequentiallyConsistent)
    }
  }
}

/// Line changes on their way to a station. It never holds more than a few of each PE: of those that
/// wait too long the last one counts.
final class LineMailbox: @unchecked Sendable {
  private let lock = Lock()
  private let limit: Int
  private var changes: [LineChange] = []
  private let isFilled = Atomic<Bool>(false)

  init(peCount: Int) { limit = max(4 * peCount, 256) }

  /// Whether there is something: a look without a lock.
  var hasMail: Bool { isFilled.load(ordering: .acquiring) }

  /// - Returns: whether it was empty: its station must be woken.
  func post(_ change: LineChange) -> Bool {
    lock.withLock {
      if changes.count >= limit { changes = LineMailbox.latest(changes) }
      changes.append(change)
      return !isFilled.exchange(true, ordering: .acquiringAndReleasing)
    }
  }

  func take(into other: inout [LineChange]) {
    lock.withLock {
      other += changes
      changes.removeAll(keepingCapacity: true)
      isFilled.store(false, ordering: .releasing)
    }
  }

  /// Of each PE the newest, in the order in which they came.
  static func latest(_ changes: [LineChange]) -> [LineChange] {
    var newest: [PEIndex: UInt32] = [:]
    for change in changes {
      if let other = newest[change.pe], !change.sequence.isLater(than: other) { continue }
      newest[change.pe] = change.sequence
    }
    return changes.filter { newest[$0.pe] == $0.sequence }
  }
}

extension UInt32 {
  /// Of sequence numbers, which wrap.
  func isLater(than other: UInt32) -> Bool { Int32(bitPattern: self &- other) > 0 }
}

/// The page of all PEs' outputs, made when it is asked for first.
final class SharedLinePage: @unchecked Sendable {
  private let isThere = Atomic<Bool>(false)
  private let lock = Lock()
  // Under `lock`:
  private var records: SharedRecords?
  private var sequences: [UInt32] = []
  private let hasWriters: Bool

  /// - Parameter hasWriters: several stations write it, in any order.
  init(hasWriters: Bool) { self.hasWriters = hasWriters }

  /// Writes the PE's record, unless there is no page or it says something newer.
  /// - Parameter rest: the words behind the summary.
  func write(
    _ pe: UInt32, _ summary: InterruptSummary, rest: () -> (UInt64, UInt64, UInt64, UInt64)
  ) {
    guard isThere.load(ordering: .acquiring) else { return }
    lock.withLock {
      guard let records else { return }
      guard !hasWriters || !sequences[Int(pe)].isLater(than: summary.sequence) else { return }
      sequences[Int(pe)] = summary.sequence
      let rest = rest()
      records.write([summary.packed, rest.0, rest.1, rest.2, rest.3], at: Int(pe))
    }
  }

  /// - Returns: the page, and whether it is new: then nothing is written in it.
  func open(peCount: Int) throws(UVError) -> (page: SharedRecords, isNew: Bool) {
    try lock.withLock { () throws(UVError) in
      if let records { return (records, false) }
      let page = try SharedRecords.create(recordCount: peCount, name: "itsd-lines")
      records = page
      sequences = Array(repeating: 0, count: peCount)
      isThere.store(true, ordering: .releasing)
      return (page, true)
    }
  }
}
