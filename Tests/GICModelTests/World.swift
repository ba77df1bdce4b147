import GICArch
import Glibc

@testable import GICModel

/// A guest around a machine on the functional clock: RAM, tables, and what a driver does with them.
@safe final class World {
  static let ramBase: PhysicalAddress = 0x4000_0000
  static let ramByteCount = 16 << 20

  /// Where things lie in guest RAM; nothing overlaps.
  static func pendingTable(_ pe: Int) -> PhysicalAddress { ramBase + UInt64(pe) * 0x1_0000 }
  static func propertyTable(_ n: Int) -> PhysicalAddress {
    ramBase + 0x8_0000 + UInt64(n) * 0x1_0000
  }
  static func queue(_ n: Int) -> PhysicalAddress { ramBase + 0x10_0000 + UInt64(n) * 0x10_0000 }
  static func deviceTable(_ n: Int) -> PhysicalAddress {
    ramBase + 0x30_0000 + UInt64(n) * 0x8_0000
  }
  static func collectionTable(_ n: Int) -> PhysicalAddress {
    ramBase + 0x40_0000 + UInt64(n) * 0x1_0000
  }
  static func levelTwo(_ n: Int, page: Int) -> PhysicalAddress {
    ramBase + 0x50_0000 + UInt64(n) * 0x10_0000 + UInt64(page) * 0x1_0000
  }
  /// An ITT of up to 256 events.
  static func itt(_ n: Int, _ index: Int) -> PhysicalAddress {
    ramBase + 0x80_0000 + UInt64(n) * 0x10_0000 + UInt64(index) * 0x800
  }

  let machine: FunctionalMachine
  private let ram: UnsafeMutableRawPointer
  /// Whose RAM it is, if not this world's own.
  private let lender: World?
  private var cwriters: [Int]
  private var queueByteCount: Int

  /// A machine with its RAM mapped, and nothing else done.
  init(_ configuration: MachineConfiguration = World.configuration(), queuePages: Int = 16) {
    machine = FunctionalMachine(configuration)
    queueByteCount = queuePages << 12
    cwriters = Array(repeating: 0, count: configuration.shape.itsBases.count)
    lender = nil
    // Anonymous pages are zero, and cost nothing until they are touched.
    unsafe ram = mmap(
      nil, World.ramByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    mapRAM()
  }
  /// Another machine over the same RAM, with nothing done: where a save goes to.
  init(over lender: World, _ configuration: MachineConfiguration? = nil) {
    machine = FunctionalMachine(configuration ?? lender.machine.configuration)
    (cwriters, queueByteCount) = (lender.cwriters, lender.queueByteCount)
    unsafe ram = lender.ram
    self.lender = lender
    mapRAM()
  }
  private func mapRAM() {
    do {
      // SAFETY: the RAM lives as long as this world, and the machine no longer.
      try unsafe machine.map(
        GuestRAM(address: World.ramBase, base: ram, byteCount: World.ramByteCount))
    } catch { preconditionFailure("RAM was refused: \(error)") }
  }
  /// The RAM's first 4 MiB show at another address too, until it is unmapped.
  func showRAM(at address: PhysicalAddress) throws(MemoryError) {
    // SAFETY: as for the RAM itself.
    try unsafe machine.map(GuestRAM(address: address, base: ram, byteCount: 4 << 20))
  }
  deinit { if lender == nil { _ = unsafe munmap(ram, World.ramByteCount) } }

  static func configuration(pes: Int = 2, its: Int = 1) -> MachineConfiguration {
    var configuration = MachineConfiguration()
    configuration.shape.affinities = (0..<pes).map { Affinity(rawValue: UInt32($0)) }
    configuration.shape.itsBases = Array([0x0a00_0000, 0x0a02_0000].prefix(its))
    configuration.shape.gicrBase = 0x1000_0000
    return configuration
  }

  /// What a driver does at boot: queues, flat tables, LPI tables, groups and PMR; collection c goes
  /// to PE c.
  static func booted(
    _ configuration: MachineConfiguration = World.configuration(), deviceBASER: UInt64? = nil,
    lpis: Bool = true
  ) -> World {
    let world = World(configuration)
    for n in 0..<configuration.shape.itsBases.count {
      world.setUpTables(n, deviceBASER: deviceBASER)
      world.setUpQueue(n)
      world.write(.gits(n), GITS.CTLR.offset, 1, size: 4)
    }
    for pe in 0..<configuration.shape.affinities.count {
      world.bringUp(pe, lpis: lpis)
    }
    world.write(.gicd, GICD.CTLR.offset, 3, size: 4)
    for n in 0..<configuration.shape.itsBases.count {
      let maps = (0..<configuration.shape.affinities.count).map {
        ITSCommand.mapc(ICID(rawValue: UInt16($0)), world.target($0))
      }
      world.command(maps, its: n)
    }
    return world
  }

  /// The device table has 2 pages of 4 KiB (1024 devices), the collection table 1 (512).
  func setUpTables(_ n: Int, deviceBASER: UInt64? = nil) {
    write(.gits(n), GITS.BASER.offset, deviceBASER ?? (1 << 63 | World.deviceTable(n) | 1))
    write(.gits(n), GITS.BASER.offset + 8, 1 << 63 | World.collectionTable(n))
  }
  func setUpQueue(_ n: Int) {
    write(.gits(n), GITS.CBASER.offset, 1 << 63 | World.queue(n) | UInt64(queueByteCount >> 12 - 1))
    cwriters[n] = 0
  }
  func bringUp(_ pe: Int, lpis: Bool = true) {
    write(.gicr(pe), GICR.PROPBASER.offset, World.propertyTable(0) | 15)
    write(.gicr(pe), GICR.PENDBASER.offset, World.pendingTable(pe))
    if lpis { write(.gicr(pe), GICR.CTLR.offset, 1, size: 4) }
    set(.pmr, 0xff, pe: pe)
    set(.igrpen1, 1, pe: pe)
    set(.igrpen0, 1, pe: pe)
  }
  func target(_ pe: Int) -> RDbase {
    let configuration = machine.configuration
    guard configuration.identity.ptaIsAddress else { return RDbase(rawValue: UInt64(pe)) }
    let address = configuration.shape.gicrBase + UInt64(pe) * configuration.shape.gicrStride
    return RDbase(rawValue: address >> 16)
  }
}

// RAM, as the guest's CPUs see it.
extension World {
  func load(_ address: PhysicalAddress) -> UInt64 {
    // SAFETY: the world's own addresses, all inside its RAM.
    unsafe ram.load(fromByteOffset: Int(address - World.ramBase), as: UInt64.self)
  }
  func store(_ address: PhysicalAddress, _ value: UInt64) {
    // SAFETY: as above.
    unsafe ram.storeBytes(of: value, toByteOffset: Int(address - World.ramBase), as: UInt64.self)
  }
  /// Writes the configuration byte of an LPI; nobody is told.
  func configure(_ intid: INTID, _ byte: UInt8, table: Int = 0) {
    let offset = World.propertyTable(table) - World.ramBase + UInt64(intid.rawValue) - 8192
    // SAFETY: as above.
    unsafe ram.storeBytes(of: byte, toByteOffset: Int(offset), as: UInt8.self)
  }
  func isPendingInRAM(_ intid: INTID, pe: Int) -> Bool {
    let word = load(World.pendingTable(pe) + UInt64(intid.rawValue / 64 * 8))
    return word >> UInt64(intid.rawValue % 64) & 1 != 0
  }
  func setPendingInRAM(_ intid: INTID, pe: Int) {
    let address = World.pendingTable(pe) + UInt64(intid.rawValue / 64 * 8)
    store(address, load(address) | 1 << UInt64(intid.rawValue % 64))
  }
  /// The doublewords of RAM that differ after `work`, by address.
  func changes(_ work: () -> Void) -> [PhysicalAddress: UInt64] {
    let before = UnsafeMutableRawPointer.allocate(byteCount: World.ramByteCount, alignment: 4096)
    defer { unsafe before.deallocate() }
    // SAFETY: both ends have as many bytes, and so have all the pages below.
    unsafe before.copyMemory(from: ram, byteCount: World.ramByteCount)
    work()
    var changes: [PhysicalAddress: UInt64] = [:]
    for page in stride(from: 0, to: World.ramByteCount, by: 4096)
    where unsafe memcmp(before + page, ram + page, 4096) != 0 {
      for offset in stride(from: page, to: page + 4096, by: 8) {
        let word = load(World.ramBase + UInt64(offset))
        if unsafe before.load(fromByteOffset: offset, as: UInt64.self) != word {
          changes[World.ramBase + UInt64(offset)] = word
        }
      }
    }
    return changes
  }
}

/// A register frame.
enum Frame: Sendable, CustomStringConvertible {
  case gits(Int)
  case gicr(Int)
  case sgi(Int)
  case gicd
  var description: String {
    switch self {
    case .gits(let n): "GITS \(n)"
    case .gicr(let pe): "GICR \(pe)"
    case .sgi(let pe): "SGI frame \(pe)"
    case .gicd: "GICD"
    }
  }
}

// What a driver does.
extension World {
  func base(_ frame: Frame) -> PhysicalAddress {
    let shape = machine.configuration.shape
    return switch frame {
    case .gits(let n): shape.itsBases[n]
    case .gicr(let pe): shape.gicrBase + UInt64(pe) * shape.gicrStride
    case .sgi(let pe): shape.gicrBase + UInt64(pe) * shape.gicrStride + 0x1_0000
    case .gicd: shape.gicdBase
    }
  }
  @discardableResult
  func write(_ frame: Frame, _ offset: Int, _ data: UInt64, size: UInt8 = 8) -> Response {
    machine.perform(
      Access(.write, size: size, source: 0, address: base(frame) + UInt64(offset), data: data))
  }
  func access(_ frame: Frame, _ offset: Int, size: UInt8 = 8) -> Response {
    machine.perform(
      Access(.read, size: size, source: 0, address: base(frame) + UInt64(offset)))
  }
  func read(_ frame: Frame, _ offset: Int, size: UInt8 = 8) -> UInt64 {
    access(frame, offset, size: size).value
  }
  @discardableResult
  func set(_ register: SystemRegister, _ value: UInt64, pe: Int = 0) -> BusStatus {
    machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(register.rawValue), data: value)
    ).status
  }
  @discardableResult
  func get(_ register: SystemRegister, pe: Int = 0) -> UInt64 {
    machine.perform(
      Access(.systemRegisterRead, source: UInt32(pe), address: UInt64(register.rawValue))
    ).value
  }
  /// The lines, from a read that changes nothing.
  func lines(_ pe: Int = 0) -> LineLevels {
    machine.perform(
      Access(
        .systemRegisterRead, source: UInt32(pe), address: UInt64(SystemRegister.rpr.rawValue))
    ).lines
  }
  func input(_ intid: UInt32, _ level: Bool, pe: Int = 0) {
    _ = machine.perform(
      Access(.inputLine, source: UInt32(pe), address: UInt64(intid), data: level ? 1 : 0))
  }
  @discardableResult
  func msi(_ device: UInt32, _ event: UInt32, its n: Int = 0) -> MSIOutcome {
    MSIOutcome(
      packed: machine.perform(
        Access(.msi, source: device, address: base(.gits(n)), data: UInt64(event))
      ).value)
  }
  func translate(_ device: UInt32, _ event: UInt32, its n: Int = 0) -> MSIOutcome {
    MSIOutcome(
      packed: machine.perform(
        Access(.translate, source: device, address: base(.gits(n)), data: UInt64(event))
      ).value)
  }

  /// Puts raw entries into the queue, without a word to the ITS. Returns the CWRITER that tells it.
  @discardableResult
  func enqueue(_ entries: [QueueEntry], its n: Int = 0) -> Int {
    for entry in entries {
      let address = World.queue(n) + UInt64(cwriters[n])
      store(address, entry.dw0)
      store(address + 8, entry.dw1)
      store(address + 16, entry.dw2)
      store(address + 24, entry.dw3)
      cwriters[n] = (cwriters[n] + 32) % queueByteCount
    }
    return cwriters[n]
  }
  /// Puts a SYNC where a command holds the queue.
  func mend(its n: Int = 0, slot: UInt64) {
    let address = World.queue(n) + slot
    for (index, word) in [QueueEntry(.sync(0)).dw0, 0, 0, 0].enumerated() {
      store(address + UInt64(8 * index), word)
    }
  }
  func ring(its n: Int = 0, retry: Bool = false) {
    write(.gits(n), GITS.CWRITER.offset, UInt64(cwriters[n]) | (retry ? 1 : 0))
  }
  func command(_ commands: [ITSCommand], its n: Int = 0) {
    enqueue(commands.map { QueueEntry($0) }, its: n)
    ring(its: n)
  }
  func command(_ command: ITSCommand, its n: Int = 0) { self.command([command], its: n) }

  /// Device with an ITT of 2^bits events of its own.
  func mapd(_ device: UInt32, itt index: Int, bits: Int = 5, its n: Int = 0) -> ITSCommand {
    .mapd(DeviceID(rawValue: device), ITT(base: World.itt(n, index), eventIDBits: bits))
  }
  /// Maps events of device 1 to LPIs from 8192 on and PE `pe`, enabled with the priorities given.
  func mapLPIs(
    _ configurations: [UInt8], pe: Int = 0, device: UInt32 = 1, from first: UInt32 = 8192
  ) {
    command(mapd(device, itt: Int(device)))
    for (index, byte) in configurations.enumerated() {
      let intid = INTID(rawValue: first + UInt32(index))
      configure(intid, byte)
      command(
        .mapti(
          DeviceID(rawValue: device), EventID(rawValue: UInt32(index)), intid,
          ICID(rawValue: UInt16(pe))))
    }
  }

  var errors: [String: UInt64] { machine.statistics().commandErrors }
  /// Nothing was lost and nothing came from nowhere.
  var isConserved: Bool {
    let s = machine.statistics()
    return s.msis + s.intCommands + s.restored
      == s.delivered + s.merged + s.pending + s.dropped.values.reduce(0, +)
  }
  func lineChanges() -> [LineChange] {
    var changes: [LineChange] = []
    machine.drainLineChanges(into: &changes)
    return changes
  }
}

extension DeviceID: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: UInt32) { self.init(rawValue: value) }
}
extension EventID: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: UInt32) { self.init(rawValue: value) }
}
extension ICID: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: UInt16) { self.init(rawValue: value) }
}
extension INTID: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: UInt32) { self.init(rawValue: value) }
}
extension RDbase: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: UInt64) { self.init(rawValue: value) }
}

/// SplitMix64: a seed is the whole story.
struct Dice {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
  /// 0 up to `bound` - 1.
  mutating func roll(_ bound: Int) -> Int { Int(next() >> 1) % bound }
  mutating func chance(_ percent: Int) -> Bool { roll(100) < percent }
  mutating func pick<T>(_ choices: [T]) -> T { choices[roll(choices.count)] }
}
