// A small guest around a machine: its RAM, and what a driver does with the frames. The first bytes
// of an input choose the machine and its profile.

import FuzzDriver
import GICArch
import GICModel

/// RAM of 192 KiB and a machine of two PEs. What is checked holds for every input.
@safe public final class FuzzGuest {
  public static let ramBase: PhysicalAddress = 0x4000_0000
  public static let ramByteCount = 0x3_0000
  public static let queue: PhysicalAddress = ramBase + 0x2_f000
  public static let deviceTable: PhysicalAddress = ramBase
  public static let collectionTable: PhysicalAddress = ramBase + 0x1000
  /// KVM's tables lie on 64 KiB.
  public static let alignedCollectionTable: PhysicalAddress = ramBase + 0x1_0000
  public static let itt: PhysicalAddress = ramBase + 0x2000
  public static let propertyTable: PhysicalAddress = ramBase + 0x4000
  public static let pendingTable: PhysicalAddress = ramBase + 0x1_0000

  public let machine: any Machine
  private let ram: UnsafeMutableRawPointer

  /// - Parameter timed: whether the input may choose the timed clock.
  public init(_ input: inout FuzzInput, timed: Bool = false) {
    var configuration = MachineConfiguration()
    configuration.shape.affinities = [0, 0x0100_0201].map { Affinity(rawValue: $0) }
    configuration.shape.itsBases = [0x0a00_0000, 0x0a02_0000]
    configuration.shape.gicrBase = 0x1000_0000
    let choices = input.byte()
    let bases = Profile.Base.allCases
    configuration.profile = Profile(base: bases[input.choice(bases.count)])
    configuration.identity.directLPI = choices & 1 != 0
    configuration.identity.ptaIsAddress = choices & 2 != 0
    configuration.identity.hardwareCollections = choices & 4 != 0 ? 2 : 0
    if choices & 8 != 0 { configuration.profile.commandErrors = .stall }
    configuration.identity.itLinesNumber = choices & 16 != 0 ? 31 : 1
    configuration.identity.oneOfNSupported = choices & 32 != 0
    configuration.clock = timed && choices & 64 != 0 ? .timed : .functional
    configuration.identity.priorityBits = choices & 128 != 0 ? 8 : 4
    configuration.identity.intidBits = 14
    machine = makeMachine(configuration)
    // Not from the stack, not from a pool: the address sanitizer sees its ends.
    unsafe ram = .allocate(byteCount: FuzzGuest.ramByteCount, alignment: 4096)
    // SAFETY: as many bytes were just allocated.
    unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: FuzzGuest.ramByteCount)
    do {
      // SAFETY: the RAM lives as long as this guest, and the machine no longer.
      try unsafe machine.map(
        GuestRAM(address: FuzzGuest.ramBase, base: ram, byteCount: FuzzGuest.ramByteCount))
    } catch { fatalError("RAM was refused: \(error)") }
  }
  deinit { unsafe ram.deallocate() }

  /// Stores as the guest's CPUs do; what does not fit into RAM is left out.
  public func store(_ address: PhysicalAddress, _ word: UInt64) {
    let offset = address &- FuzzGuest.ramBase
    guard offset <= UInt64(FuzzGuest.ramByteCount - 8), offset & 7 == 0 else { return }
    // SAFETY: just checked.
    unsafe ram.storeBytes(of: word, toByteOffset: Int(offset), as: UInt64.self)
  }

  /// The first byte of a frame: ITSs, redistributors, SGI frames, the distributor.
  public func frame(_ index: Int) -> PhysicalAddress {
    let shape = machine.configuration.shape
    switch index {
    case 0, 1: return shape.itsBases[index]
    case 2, 3: return shape.gicrBase + UInt64(index - 2) * shape.gicrStride
    case 4, 5: return shape.gicrBase + UInt64(index - 4) * shape.gicrStride + 0x1_0000
    default: return shape.gicdBase
    }
  }

  @discardableResult
  public func write(_ frame: Int, _ offset: Int, _ data: UInt64, size: UInt8 = 8) -> Response {
    machine.perform(
      Access(
        .write, size: size, source: 0, address: self.frame(frame) &+ UInt64(offset), data: data))
  }
  public func read(_ frame: Int, _ offset: Int, size: UInt8 = 8) -> UInt64 {
    machine.perform(
      Access(.read, size: size, source: 0, address: self.frame(frame) &+ UInt64(offset))
    ).value
  }
  public func msi(_ device: UInt64, _ event: UInt64, its n: Int) {
    _ = machine.perform(
      Access(
        .msi, source: UInt32(truncatingIfNeeded: device), address: frame(n), data: event))
  }

  /// Tables, queue and LPIs of ITS 0 as a driver sets them up; collection c goes to PE c.
  public func bringUp() {
    write(0, GITS.BASER.offset, 1 << 63 | FuzzGuest.deviceTable)
    let collections =
      machine.configuration.profile.base == .kvm
      ? FuzzGuest.alignedCollectionTable : FuzzGuest.collectionTable
    write(0, GITS.BASER.offset + 8, 1 << 63 | collections)
    write(0, GITS.CBASER.offset, 1 << 63 | FuzzGuest.queue)
    for pe in 0..<2 {
      write(2 + pe, GICR.PROPBASER.offset, FuzzGuest.propertyTable | 13)
      write(2 + pe, GICR.PENDBASER.offset, FuzzGuest.pendingTable + UInt64(pe) * 0x1_0000)
      write(2 + pe, GICR.CTLR.offset, 1, size: 4)
      control(.pmr, 0xff, pe: pe)
      control(.igrpen1, 1, pe: pe)
    }
    write(6, GICD.CTLR.offset, 3, size: 4)
    write(0, GITS.CTLR.offset, 1, size: 4)
  }

  public func control(_ register: SystemRegister, _ value: UInt64, pe: Int) {
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(register.rawValue), data: value))
  }
  @discardableResult
  public func acknowledge(pe: Int) -> UInt64 {
    machine.perform(
      Access(
        .systemRegisterRead, source: UInt32(pe), address: UInt64(SystemRegister.iar1.rawValue))
    ).value
  }

  /// Puts entries behind CWRITER of ITS `n`, where its CBASER says, and tells it.
  public func run(_ entries: [QueueEntry], its n: Int = 0) {
    let queue = GITS.CBASER(raw: read(n, GITS.CBASER.offset))
    var cwriter = read(n, GITS.CWRITER.offset) & ~1
    for entry in entries {
      let place = queue.physicalAddress &+ cwriter
      for (index, word) in [entry.dw0, entry.dw1, entry.dw2, entry.dw3].enumerated() {
        store(place &+ UInt64(index * 8), word)
      }
      cwriter = (cwriter + 32) % UInt64(queue.byteCount)
    }
    write(n, GITS.CWRITER.offset, cwriter)
  }

  /// What must hold whatever the guest did: nothing lost, nothing made of nothing, and a queue that
  /// was worked off or says why not.
  public func check() {
    machine.flushPendingTables()
    _ = machine.advance(to: .max, until: .idle)
    let s = machine.statistics()
    let (come, gone) = (
      s.msis + s.intCommands + s.restored,
      s.delivered + s.merged + s.pending + s.dropped.values.reduce(0, +)
    )
    precondition(come == gone, "\(come) LPIs came, \(gone) went")
    for n in 0..<2 {
      let creadr = read(n, GITS.CREADR.offset)
      let runs = read(n, GITS.CTLR.offset, size: 4) & 1 != 0
      guard runs, GITS.CBASER(raw: read(n, GITS.CBASER.offset)).valid, creadr & 1 == 0
      else { continue }
      precondition(creadr == read(n, GITS.CWRITER.offset), "ITS \(n) left commands behind")
    }
    var changes: [LineChange] = []
    machine.drainLineChanges(into: &changes)
    for pe in 0..<2 {
      let mine = changes.filter { $0.pe.index == pe }.map(\.sequence)
      precondition(mine == mine.sorted() && Set(mine).count == mine.count, "line changes: \(mine)")
    }
  }
}
