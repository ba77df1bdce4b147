import GICArch

@testable import GICModel

/// A guest with RAM, tables and a driver of its own, around a machine on the timed clock. Event e
/// of device d is LPI 8192 + 32 d + e; collection c is at PE c.
@safe final class TimedWorld {
  static let ramBase: PhysicalAddress = 0x4000_0000
  static let ramByteCount = 16 << 20
  private static let deviceTable = ramBase + 0x10_0000
  private static let collectionTable = ramBase + 0x20_0000
  private static let deviceTablePages = ramBase + 0x30_0000
  private static let itts = ramBase + 0x40_0000
  private static let properties = ramBase + 0xc0_0000
  private static let pendingTables = ramBase + 0xd0_0000

  let machine: TimedMachine
  private let ram: UnsafeMutableRawPointer
  private var cwriters: [Int]
  var now: UInt64 { machine.cycle }

  init(_ configuration: MachineConfiguration, indirect: Bool = false) throws(MemoryError) {
    machine = TimedMachine(configuration)
    unsafe ram = UnsafeMutableRawPointer.allocate(
      byteCount: TimedWorld.ramByteCount, alignment: 4096)
    unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: TimedWorld.ramByteCount)
    cwriters = Array(repeating: 0, count: configuration.shape.itsBases.count)
    // SAFETY: the RAM lives as long as this world, and the machine no longer.
    try unsafe machine.map(
      GuestRAM(address: TimedWorld.ramBase, base: ram, byteCount: TimedWorld.ramByteCount))
    bringUp(indirect: indirect)
  }
  deinit { unsafe ram.deallocate() }

  /// Another machine over the same RAM, with nothing done. It must not outlive this world.
  func another() throws(MemoryError) -> TimedMachine {
    let other = TimedMachine(machine.configuration)
    // SAFETY: as above.
    try unsafe other.map(
      GuestRAM(address: TimedWorld.ramBase, base: ram, byteCount: TimedWorld.ramByteCount))
    return other
  }

  static func configuration(
    pes: Int = 1, its: Int = 1, timing: TimingParameters = TimingParameters()
  ) -> MachineConfiguration {
    var configuration = MachineConfiguration()
    configuration.shape.affinities = (0..<pes).map { Affinity(rawValue: UInt32($0)) }
    configuration.shape.itsBases = Array([0x0a00_0000, 0x0a02_0000].prefix(its))
    configuration.shape.gicrBase = 0x1000_0000
    configuration.clock = .timed
    configuration.timing = timing
    return configuration
  }

  // MARK: RAM

  func store(_ address: PhysicalAddress, _ value: UInt64) {
    // SAFETY: the world's own addresses, all inside its RAM.
    unsafe ram.storeBytes(
      of: value, toByteOffset: Int(address - TimedWorld.ramBase), as: UInt64.self)
  }
  func store(_ intid: INTID, _ configuration: UInt8) {
    let offset = TimedWorld.properties - TimedWorld.ramBase + UInt64(intid.rawValue) - 8192
    // SAFETY: as above.
    unsafe ram.storeBytes(of: configuration, toByteOffset: Int(offset), as: UInt8.self)
  }

  // MARK: Registers

  @discardableResult
  func write(
    _ address: PhysicalAddress, _ data: UInt64, size: UInt8 = 8, at cycle: UInt64? = nil
  ) -> Response {
    machine.perform(
      Access(
        .write, size: size, source: 0, address: address, data: data, cycle: cycle ?? now))
  }
  func read(_ address: PhysicalAddress, size: UInt8 = 8, at cycle: UInt64) -> UInt64 {
    machine.perform(Access(.read, size: size, source: 0, address: address, cycle: cycle)).value
  }
  func set(_ register: SystemRegister, _ value: UInt64, pe: Int) {
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(register.rawValue), data: value,
        cycle: now))
  }

  func itsBase(_ n: Int) -> PhysicalAddress { machine.configuration.shape.itsBases[n] }
  private func queueBase(_ n: Int) -> PhysicalAddress { TimedWorld.ramBase + UInt64(n) * 0x1_0000 }

  private func bringUp(indirect: Bool) {
    let shape = machine.configuration.shape
    write(shape.gicdBase + UInt64(GICD.CTLR.offset), 2, size: 4)
    for pe in shape.affinities.indices {
      let frame = shape.gicrBase + UInt64(pe) * shape.gicrStride
      write(frame + UInt64(GICR.PROPBASER.offset), TimedWorld.properties | 15)
      let pending = TimedWorld.pendingTables + UInt64(pe) * 0x1_0000
      write(frame + UInt64(GICR.PENDBASER.offset), pending | 1 << 62)
      write(frame + UInt64(GICR.CTLR.offset), 1, size: 4)
      set(.pmr, 0xf0, pe: pe)
      set(.igrpen1, 1, pe: pe)
    }
    for n in shape.itsBases.indices {
      let tables: [(Int, PhysicalAddress, UInt64)] = [
        (0, TimedWorld.deviceTable + UInt64(n) * 0x8_0000, indirect ? 1 << 62 : 0),
        (1, TimedWorld.collectionTable + UInt64(n) * 0x8_0000, 0),
      ]
      for (index, address, flags) in tables {
        // 64 KiB pages, one of them.
        write(
          itsBase(n) + UInt64(GITS.BASER.offset + 8 * index),
          1 << 63 | flags | address | 2 << 8)
      }
      if indirect {
        store(
          TimedWorld.deviceTable + UInt64(n) * 0x8_0000,
          1 << 63 | TimedWorld.deviceTablePages + UInt64(n) * 0x1_0000)
      }
      write(itsBase(n) + UInt64(GITS.CBASER.offset), 1 << 63 | queueBase(n) | 15)
      write(itsBase(n) + UInt64(GITS.CTLR.offset), 1, size: 4)
    }
  }

  // MARK: Driver

  static func intid(_ device: UInt32, _ event: UInt32) -> INTID {
    INTID(rawValue: 8192 + device * 32 + event)
  }
  static func itt(_ device: UInt32, its n: Int = 0) -> ITT {
    ITT(base: itts + UInt64(n) * 0x40_0000 + UInt64(device) * 0x100, eventIDBits: 5)
  }

  /// Puts commands into the queue and writes CWRITER once.
  func issue(_ commands: [ITSCommand], its n: Int = 0, at cycle: UInt64? = nil) {
    issue(entries: commands.map { QueueEntry($0) }, its: n, at: cycle)
  }
  func issue(entries: [QueueEntry], its n: Int = 0, at cycle: UInt64? = nil) {
    put(entries, its: n)
    write(itsBase(n) + UInt64(GITS.CWRITER.offset), UInt64(cwriters[n]), at: cycle)
  }
  /// Puts commands into the queue, and tells nobody.
  func put(_ commands: [ITSCommand]) { put(commands.map { QueueEntry($0) }, its: 0) }
  private func put(_ entries: [QueueEntry], its n: Int) {
    for entry in entries {
      let slot = queueBase(n) + UInt64(cwriters[n])
      for (index, word) in [entry.dw0, entry.dw1, entry.dw2, entry.dw3].enumerated() {
        store(slot + UInt64(index * 8), word)
      }
      cwriters[n] = (cwriters[n] + QueueEntry.byteCount) % 0x1_0000
    }
  }
  func creadr(_ n: Int = 0, at cycle: UInt64) -> Int {
    Int(read(itsBase(n) + UInt64(GITS.CREADR.offset), at: cycle))
  }
  var cwriter: Int { cwriters[0] }

  /// Maps `devices` with `events` each; event e goes to collection e modulo the PEs. Then
  /// everything has ended, and the device and event caches are cold.
  func map(devices: Range<UInt32>, events: UInt32, its n: Int = 0) {
    let pes = machine.configuration.shape.affinities.count
    var commands: [ITSCommand] = (0..<pes).map {
      .mapc(ICID(rawValue: UInt16($0)), RDbase(rawValue: UInt64($0)))
    }
    for device in devices {
      let id = DeviceID(rawValue: device)
      commands.append(.mapd(id, TimedWorld.itt(device, its: n)))
      for event in 0..<events {
        let intid = TimedWorld.intid(device, event)
        store(intid, 0xa1)
        commands.append(
          .mapti(
            id, EventID(rawValue: event), intid, ICID(rawValue: UInt16(Int(event) % pes))))
      }
      // The same mapping again: the caches forget the device and its events.
      commands.append(.mapd(id, TimedWorld.itt(device, its: n)))
    }
    while !commands.isEmpty {
      issue(Array(commands.prefix(1000)), its: n)
      commands.removeFirst(min(1000, commands.count))
      settle()
    }
  }

  func msi(_ device: UInt32, _ event: UInt64, its n: Int = 0, at cycle: UInt64? = nil) {
    _ = machine.perform(
      Access(
        .msi, source: device, address: itsBase(n) + 0x1_0040, data: event, cycle: cycle ?? now))
  }

  /// IAR1 and EOIR1 at once. - Returns: the INTID.
  @discardableResult
  func acknowledge(pe: Int = 0, at cycle: UInt64? = nil) -> UInt32 {
    let response = machine.perform(
      Access(
        .systemRegisterRead, source: UInt32(pe), address: UInt64(SystemRegister.iar1.rawValue),
        cycle: cycle ?? now))
    set(.eoir1, response.value, pe: pe)
    return UInt32(response.value)
  }

  /// Everything under way ends.
  @discardableResult
  func settle() -> UInt64 { machine.advance(to: .max, until: .idle) }

  /// Line changes since the last call, with their cycles.
  func takeLineChanges() -> [LineChange] {
    var changes: [LineChange] = []
    machine.drainLineChanges(into: &changes)
    return changes
  }
}

extension MachineStatistics {
  /// Interrupts that came in, and what became of them. Equal, always.
  var given: UInt64 { msis + intCommands + restored }
  var accounted: UInt64 { delivered + merged + pending + dropped.values.reduce(0, +) }
}
