import GICArch

/// The least that a kernel does, around a machine of either clock: RAM, tables, LPIs enabled, a
/// queue. Event e of device d is LPI 8192 + 32 d + e of collection e modulo the PEs; collection c
/// is at PE c.
@safe public final class LawGuest {
  /// Devices that are mapped, from 0, and the events of each, where nobody says otherwise.
  public static let deviceCount: UInt32 = 8
  public static let eventCount: UInt32 = 8
  /// More of them have no room: 57,344 LPIs, an ITT for each device, a pending table for each PE.
  static let maximumDeviceCount: UInt32 = 1792
  static let maximumEventCount: UInt32 = 32
  static let maximumPECount = 16
  private static let base: PhysicalAddress = 0x4000_0000
  private static let byteCount = 4 << 20
  private static let queueByteCount: UInt64 = 0x1_0000
  private static let properties = base + 0x10_0000
  private static let pendingTables = base + 0x20_0000
  private static let itts = base + 0x30_0000

  /// Timed or functional, as its configuration says.
  public let machine: any Machine
  private let ram: UnsafeMutableRawPointer
  private(set) var cwriter: UInt64 = 0
  private var its: PhysicalAddress { machine.configuration.shape.itsBases[0] }
  var now: UInt64 { machine.cycle }

  /// A machine of so many PEs and one ITS.
  public static func configuration(
    _ clock: MachineStatistics.Clock, _ timing: TimingParameters, pes: Int = 2
  ) -> MachineConfiguration {
    var configuration = MachineConfiguration()
    configuration.shape.affinities = (0..<pes).map { Affinity(rawValue: UInt32($0)) }
    (configuration.clock, configuration.timing) = (clock, timing)
    return configuration
  }

  /// Makes the machine, and does all that must be done before MSIs can come.
  public convenience init(
    _ configuration: MachineConfiguration, devices: UInt32 = deviceCount,
    events: UInt32 = eventCount
  ) {
    self.init(
      around: configuration.clock == .timed
        ? TimedMachine(configuration) : FunctionalMachine(configuration),
      devices: devices, events: events)
  }

  /// The same around a machine that is new.
  init(
    around machine: any Machine, devices: UInt32 = deviceCount, events: UInt32 = eventCount
  ) {
    precondition(devices <= Self.maximumDeviceCount && events <= Self.maximumEventCount)
    self.machine = machine
    unsafe ram = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 4096)
    unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
    // SAFETY: the RAM lives as long as this guest, and nobody keeps the machine longer.
    let range = unsafe GuestRAM(address: Self.base, base: ram, byteCount: Self.byteCount)
    // The first and only range of a new machine overlaps nothing.
    try? machine.map(range)
    bringUp(devices, events)
  }
  deinit { unsafe ram.deallocate() }

  // MARK: RAM

  func store(_ address: PhysicalAddress, _ value: UInt64) {
    precondition(address >= Self.base && Int(address - Self.base) + 8 <= Self.byteCount)
    // SAFETY: inside the RAM, as was checked.
    unsafe ram.storeBytes(of: value, toByteOffset: Int(address - Self.base), as: UInt64.self)
  }
  /// The configuration byte of an LPI.
  func configure(_ intid: INTID, _ byte: UInt8) {
    let offset = Int(Self.properties - Self.base) + Int(intid.rawValue) - 8192
    precondition(offset >= 0 && offset < Self.byteCount)
    // SAFETY: as above.
    unsafe ram.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
  }
  /// A number that two guests share if their RAM is the same, and hardly otherwise.
  var digest: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for offset in stride(from: 0, to: Self.byteCount, by: 8) {
      // SAFETY: as above.
      let word = unsafe ram.load(fromByteOffset: offset, as: UInt64.self)
      hash = (hash ^ word) &* 0x0000_0100_0000_01b3
    }
    return hash
  }

  // MARK: Registers

  func write(
    _ address: PhysicalAddress, _ data: UInt64, size: UInt8 = 8, at cycle: UInt64 = Access.untimed
  ) {
    _ = machine.perform(
      Access(.write, size: size, source: 0, address: address, data: data, cycle: cycle))
  }
  func creadr(at cycle: UInt64) -> UInt64 {
    machine.perform(
      Access(
        .read, size: 8, source: 0, address: its + UInt64(GITS.CREADR.offset), cycle: cycle)
    ).value
  }
  private func set(_ register: SystemRegister, _ value: UInt64, pe: Int) {
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(register.rawValue), data: value))
  }

  private func bringUp(_ devices: UInt32, _ events: UInt32) {
    let shape = machine.configuration.shape
    write(shape.gicdBase + UInt64(GICD.CTLR.offset), 2, size: 4)
    for lpi in 0..<max(devices * 32, 1024) { configure(INTID(rawValue: 8192 + lpi), 0xa1) }
    for pe in shape.affinities.indices {
      let frame = shape.gicrBase + UInt64(pe) * shape.gicrStride
      write(frame + UInt64(GICR.PROPBASER.offset), Self.properties | 15)
      let pending = Self.pendingTables + UInt64(pe) * 0x1_0000
      write(frame + UInt64(GICR.PENDBASER.offset), pending | 1 << 62)
      write(frame + UInt64(GICR.CTLR.offset), 1, size: 4)
      set(.pmr, 0xf0, pe: pe)
      set(.igrpen1, 1, pe: pe)
    }
    // Flat tables of one 64 KiB page.
    write(its + UInt64(GITS.BASER.offset), 1 << 63 | Self.base + 0x2_0000 | 2 << 8)
    write(its + UInt64(GITS.BASER.offset + 8), 1 << 63 | Self.base + 0x4_0000 | 2 << 8)
    write(its + UInt64(GITS.CBASER.offset), 1 << 63 | Self.base | 15)
    write(its + UInt64(GITS.CTLR.offset), 1, size: 4)
    let pes = UInt16(shape.affinities.count)
    var commands: [ITSCommand] = (0..<pes).map {
      .mapc(ICID(rawValue: $0), RDbase(rawValue: UInt64($0)))
    }
    for device in 0..<devices {
      commands.append(.mapd(DeviceID(rawValue: device), Self.itt(device)))
      for event in 0..<events {
        commands.append(
          .mapti(
            DeviceID(rawValue: device), EventID(rawValue: event), Self.intid(device, event),
            ICID(rawValue: UInt16(event) % pes)))
      }
      guard commands.count > 1_000 else { continue }
      issue(commands)
      commands.removeAll(keepingCapacity: true)
    }
    issue(commands)
  }

  static func intid(_ device: UInt32, _ event: UInt32) -> INTID {
    INTID(rawValue: 8192 + device * 32 + event)
  }
  static func itt(_ device: UInt32) -> ITT {
    ITT(base: itts + UInt64(device) * 0x100, eventIDBits: 5)
  }

  /// Puts commands into the queue and writes GITS_CWRITER once.
  func issue(_ commands: [ITSCommand], at cycle: UInt64 = Access.untimed) {
    for command in commands {
      let entry = QueueEntry(command)
      for (index, word) in [entry.dw0, entry.dw1, entry.dw2, entry.dw3].enumerated() {
        store(Self.base + cwriter + UInt64(index * 8), word)
      }
      cwriter = (cwriter + UInt64(QueueEntry.byteCount)) % Self.queueByteCount
    }
    write(its + UInt64(GITS.CWRITER.offset), cwriter, at: cycle)
  }
  func msi(_ device: UInt32, _ event: UInt32, at cycle: UInt64 = Access.untimed) {
    _ = machine.perform(
      Access(.msi, source: device, address: 0, data: UInt64(event), cycle: cycle))
  }
  /// IAR1 and EOIR1. - Returns: the INTID; 1023 for none.
  public func acknowledge(_ pe: Int, at cycle: UInt64 = Access.untimed) -> UInt32 {
    let response = machine.perform(
      Access(
        .systemRegisterRead, source: UInt32(pe), address: UInt64(SystemRegister.iar1.rawValue),
        cycle: cycle))
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(SystemRegister.eoir1.rawValue),
        data: response.value, cycle: cycle))
    return UInt32(truncatingIfNeeded: response.value)
  }
  @discardableResult
  func settle() -> UInt64 { machine.advance(to: .max, until: .idle) }
}
