// The least that a kernel does before MSIs can come: RAM, tables, LPIs enabled, events mapped by
// commands.

import GICArch
import GICModel

/// RAM and a driver around a machine of 4 PEs. Event e of device d is LPI 8192 + 32 d + e, enabled,
/// and goes to PE e modulo 4. A final concrete machine as `M` keeps the door free of dispatch.
@safe final class Guest<M: Machine> {
  let machine: M
  let devices: UInt32
  let events: UInt32
  private let ram: UnsafeMutableRawPointer
  private var lineChanges: [LineChange] = []

  private static var peCount: Int { 4 }
  private static var ramBase: PhysicalAddress { 0x4000_0000 }
  private static var ramByteCount: Int { 4 << 20 }
  // Where things lie in RAM.
  private static var queue: PhysicalAddress { ramBase }
  private static var queueByteCount: UInt64 { 0x1_0000 }
  private static var deviceTable: PhysicalAddress { ramBase + 0x1_0000 }
  private static var collectionTable: PhysicalAddress { ramBase + 0x2_0000 }
  private static var properties: PhysicalAddress { ramBase + 0x3_0000 }
  private static var pendingTables: PhysicalAddress { ramBase + 0x10_0000 }
  private static var itts: PhysicalAddress { ramBase + 0x20_0000 }

  static func configuration(_ clock: MachineStatistics.Clock) -> MachineConfiguration {
    var configuration = MachineConfiguration()
    configuration.shape.affinities = (0..<peCount).map { Affinity(rawValue: UInt32($0)) }
    configuration.clock = clock
    return configuration
  }

  init(_ machine: M, devices: UInt32, events: UInt32) throws {
    precondition(events <= 32 && devices <= 512, "RAM has no room for more")
    (self.machine, self.devices, self.events) = (machine, devices, events)
    unsafe ram = UnsafeMutableRawPointer.allocate(byteCount: Self.ramByteCount, alignment: 4096)
    unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.ramByteCount)
    // SAFETY: the RAM lives as long as this guest, and nobody keeps the machine longer.
    try unsafe machine.map(
      GuestRAM(address: Self.ramBase, base: ram, byteCount: Self.ramByteCount))
    enable()
    mapEvents()
  }
  deinit { unsafe ram.deallocate() }

  private func store(_ address: PhysicalAddress, _ value: UInt64) {
    let offset = Int(address - Self.ramBase)
    precondition(offset + 8 <= Self.ramByteCount)
    // SAFETY: inside the RAM, as was checked.
    unsafe ram.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  private func write(_ address: PhysicalAddress, _ data: UInt64, size: UInt8 = 8) {
    _ = machine.perform(Access(.write, size: size, source: 0, address: address, data: data))
  }
  private func set(_ register: SystemRegister, _ value: UInt64, pe: Int) {
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(register.rawValue), data: value))
  }

  private func enable() {
    let shape = machine.configuration.shape
    let its = shape.itsBases[0]
    write(shape.gicdBase + UInt64(GICD.CTLR.offset), 2, size: 4)
    // Every LPI enabled, at priority 0xa0.
    for byte in stride(from: 0, to: UInt64(0x1_0000), by: 8) {
      store(Self.properties + byte, 0xa1a1_a1a1_a1a1_a1a1)
    }
    for pe in 0..<Self.peCount {
      let frame = shape.gicrBase + UInt64(pe) * shape.gicrStride
      write(frame + UInt64(GICR.PROPBASER.offset), Self.properties | 15)
      write(
        frame + UInt64(GICR.PENDBASER.offset), Self.pendingTables + UInt64(pe) * 0x1_0000 | 1 << 62)
      write(frame + UInt64(GICR.CTLR.offset), 1, size: 4)
      set(.pmr, 0xf0, pe: pe)
      set(.igrpen1, 1, pe: pe)
    }
    // Flat tables of one 64 KiB page.
    write(its + UInt64(GITS.BASER.offset), 1 << 63 | Self.deviceTable | 2 << 8)
    write(its + UInt64(GITS.BASER.offset + 8), 1 << 63 | Self.collectionTable | 2 << 8)
    write(its + UInt64(GITS.CBASER.offset), 1 << 63 | Self.queue | 15)
    write(its + UInt64(GITS.CTLR.offset), 1, size: 4)
  }

  private func mapEvents() {
    var commands = (0..<Self.peCount).map {
      ITSCommand.mapc(ICID(rawValue: UInt16($0)), RDbase(rawValue: UInt64($0)))
    }
    for number in 0..<devices {
      let device = DeviceID(rawValue: number)
      commands.append(
        .mapd(device, ITT(base: Self.itts + UInt64(number) * 0x100, eventIDBits: 5)))
      for event in 0..<events {
        let collection = ICID(rawValue: UInt16(Int(event) % Self.peCount))
        commands.append(
          .mapti(
            device, EventID(rawValue: event), INTID(rawValue: 8192 + number * 32 + event),
            collection))
      }
    }
    issue(commands)
  }

  /// Puts commands into the queue, a queue's length at most, and lets them end.
  private func issue(_ commands: [ITSCommand]) {
    let its = machine.configuration.shape.itsBases[0]
    var cwriter: UInt64 = 0
    for batch in stride(from: 0, to: commands.count, by: 1024) {
      for command in commands[batch...].prefix(1024) {
        let entry = QueueEntry(command)
        for (index, word) in [entry.dw0, entry.dw1, entry.dw2, entry.dw3].enumerated() {
          store(Self.queue + cwriter + UInt64(index * 8), word)
        }
        cwriter = (cwriter + UInt64(QueueEntry.byteCount)) % Self.queueByteCount
      }
      // An untimed write is answered when what it caused has ended.
      write(its + UInt64(GITS.CWRITER.offset), cwriter)
    }
  }

  /// Every PE reads IAR1 and writes EOIR1 until nothing is pending, and the line changes are
  /// fetched.
  /// - Returns: how many LPIs that were.
  func acknowledgeAll() -> Int {
    var count = 0
    for pe in 0..<Self.peCount {
      while true {
        let intid = machine.perform(
          Access(
            .systemRegisterRead, source: UInt32(pe), address: UInt64(SystemRegister.iar1.rawValue))
        ).value
        guard intid >= 8192 else { break }
        count += 1
        set(.eoir1, intid, pe: pe)
      }
    }
    lineChanges.removeAll(keepingCapacity: true)
    machine.drainLineChanges(into: &lineChanges)
    return count
  }
}
