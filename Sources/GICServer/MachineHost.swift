// A machine and what is attached to it: its RAM and who mapped it, its lines and who listens.

import GICArch
import GICModel
import GICWire
import UVLoop

/// Owns one machine. Everything that clients do to it goes through here.
final class MachineHost {
  let name: String
  let configuration: MachineConfiguration
  let configurationHash: String
  let clock: ClockScale
  /// The machine stays when nobody is attached any more.
  var keep: Bool
  let machine: any Machine
  private(set) var ram: GuestMemory
  /// Sessions by their number, so that notices go out in a fixed order.
  private(set) var sessions: [Session] = []
  private var lines: [InterruptSummary]
  private var changes: [LineChange] = []
  /// Sessions with notices that have not been sent.
  private var notified: [Session] = []

  init(
    name: String, resolved: MachineFactory.Resolved, machine: any Machine, keep: Bool,
    rangeLimit: Int
  ) {
    self.name = name
    configuration = resolved.configuration
    configurationHash = resolved.hash
    clock = ClockScale(hertz: resolved.configuration.timing.clockHertz)
    self.keep = keep
    self.machine = machine
    ram = GuestMemory(rangeLimit: rangeLimit)
    lines = Array(
      repeating: InterruptSummary(), count: resolved.configuration.shape.affinities.count)
  }

  var isTimed: Bool { configuration.clock == .timed }
  var peCount: Int { lines.count }
  var cycle: UInt64 { machine.cycle }
  var statistics: MachineStatistics { machine.statistics() }

  // MARK: Who is attached

  func attach(_ session: Session) {
    sessions.append(session)
    // What a newcomer would have heard: the lines that have moved.
    for (pe, summary) in lines.enumerated() where summary.sequence != 0 {
      session.notify(notice(UInt32(pe), summary, machine.cycle))
    }
  }

  /// The session is gone, and the RAM that it mapped goes with it.
  func detach(_ session: Session) {
    sessions.removeAll { $0 === session }
    notified.removeAll { $0 === session }
    for address in ram.addresses(ownedBy: session.number) {
      _ = try? unmap(address)
    }
  }

  func attachment(created: Bool) -> Attachment {
    var attachment = Attachment()
    let shape = configuration.shape
    attachment.created = created
    attachment.isTimed = isTimed
    attachment.clockHertz = configuration.timing.clockHertz
    attachment.gicdBase = shape.gicdBase
    attachment.gicrBase = shape.gicrBase
    attachment.gicrStride = shape.gicrStride
    attachment.itsBases = shape.itsBases
    attachment.affinities = shape.affinities.map(\.rawValue)
    attachment.configurationHash = configurationHash
    return attachment
  }

  // MARK: Memory

  /// Hands the machine a range of RAM.
  func map(_ memory: SharedMemory, at address: UInt64, owner: Int) throws(WireError) {
    try ram.checkRoom()
    do throws(MemoryError) {
      // SAFETY: `ram` keeps the mapping alive until the machine has unmapped it.
      try machine.map(
        unsafe GuestRAM(address: address, base: memory.base, byteCount: memory.byteCount))
    } catch {
      throw WireError(error, "RAM of \(memory.byteCount) bytes at \(hex(address))")
    }
    ram.insert(memory, at: address, owner: owner)
  }

  func unmap(_ address: UInt64) throws(WireError) {
    do throws(MemoryError) { try machine.unmap(address) } catch {
      throw WireError(error, "RAM at \(hex(address))")
    }
    // Only now may the mapping end.
    ram.remove(at: address)
    publishLines()
  }

  // MARK: Work

  /// The machine's answer, and when.
  struct Outcome {
    var response: Response
    var latency: UInt64
    var cycle: UInt64
  }

  /// - Parameter time: the client's now in picoseconds; nil lets the machine choose.
  func perform(_ access: Access, at time: UInt64?) -> Outcome {
    var access = access
    let before = machine.cycle
    access.cycle = time.map(clock.cycle(atPicosecond:)) ?? Access.untimed
    let response = machine.perform(access)
    publishLines()
    guard isTimed else {
      return Outcome(
        response: response, latency: 0, cycle: access.cycle == Access.untimed ? 0 : access.cycle)
    }
    // A stamp in the machine's past counts from the machine's now.
    let start = access.cycle == Access.untimed ? before : max(access.cycle, before)
    let latency = response.cycle > start ? response.cycle - start : 0
    return Outcome(response: response, latency: latency, cycle: response.cycle)
  }

  /// - Parameter limit: picoseconds. Returns the cycle reached.
  func advance(to limit: UInt64, until condition: StopCondition) -> UInt64 {
    defer { publishLines() }
    return machine.advance(to: clock.cycle(atPicosecond: limit), until: condition)
  }

  func flushPendingTables() {
    machine.flushPendingTables()
    publishLines()
  }

  func reset() {
    machine.reset()
    publishLines()
  }

  // MARK: Device attributes

  func hasAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName
  ) throws(DeviceError) {
    try machine.hasAttribute(attribute, of: device)
  }
  func attribute(
    _ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?
  ) throws(DeviceError) -> UInt64 {
    defer { publishLines() }
    return try machine.attribute(attribute, of: device, value: value)
  }
  func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    defer { publishLines() }
    try machine.setAttribute(attribute, of: device, to: value)
  }

  // MARK: Lines

  func interrupts(of pe: UInt32) -> InterruptSummary? {
    pe < UInt32(clamping: lines.count) ? lines[Int(pe)] : nil
  }

  /// Tells every session that listens what has changed. For the session whose request caused it the
  /// notice is written now, and so before the reply.
  private func publishLines() {
    machine.drainLineChanges(into: &changes)
    guard !changes.isEmpty else { return }
    for change in changes where change.pe.index < lines.count {
      let summary = InterruptSummary(levels: change.levels.rawValue, sequence: change.sequence)
      lines[change.pe.index] = summary
      for session in sessions where session.listens(to: change.pe.rawValue) {
        session.notify(notice(change.pe.rawValue, summary, change.cycle))
        if notified.last !== session { notified.append(session) }
      }
    }
    changes.removeAll(keepingCapacity: true)
  }

  /// Sends the notices that were written.
  func flushNotices() {
    guard !notified.isEmpty else { return }
    let sessions = notified
    notified.removeAll(keepingCapacity: true)
    for session in sessions { session.flush() }
  }

  private func notice(_ pe: UInt32, _ summary: InterruptSummary, _ cycle: UInt64) -> LineNotice {
    LineNotice(
      pe: pe, interrupts: summary, time: clock.picosecond(ofCycle: cycle), cycle: cycle)
  }
}

extension WireError {
  init(_ error: MemoryError, _ what: String) {
    switch error {
    case .overlaps: self.init(.eexist, "\(what) overlaps RAM that is mapped: unmap that first")
    case .wraps: self.init(.einval, "\(what) reaches past the end of the address space")
    case .misaligned: self.init(.einval, "\(what): address and size are multiples of 4 KiB")
    case .empty: self.init(.einval, "\(what) is empty")
    case .tooManyRanges: self.init(.enospc, "\(what): the machine takes no more ranges")
    case .notMapped: self.init(.enoent, "\(what): none is mapped with that first address")
    }
  }
}

func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
