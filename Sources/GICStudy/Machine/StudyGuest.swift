// What software must do before a study can begin, and what it does with an ITS during one.

import GICArch
import GICModel
import UVLoop

/// What a guest sets up, beside the machine's own configuration.
struct GuestShape: Equatable {
  var pes = 1
  var its = 1
  /// Over all ITSs; device `d` is at ITS `d % its`, with DeviceID `d / its`.
  var devices = 1
  /// Of each device.
  var events = 1
  /// Width of an LPI's number: 2^bits - 8192 LPIs. Events beyond share LPIs.
  var intidBits = 16
  /// Bytes of each command queue, a multiple of 64 KiB.
  var queueByteCount = 0x1_0000
}

/// Width of the EventIDs of a device with so many events.
private func eventBits(_ events: Int) -> Int {
  max(1, Int.bitWidth - (events - 1).leadingZeroBitCount)
}

/// Where things lie in RAM.
private struct Layout {
  static let base: PhysicalAddress = 0x4000_0000
  var properties: Int
  var pendingTables: Int
  var itsArea: Int
  var itsStride: Int
  var deviceTable: Int
  var deviceTableBytes: Int
  var ittBase: Int
  var ittStride: Int
  var pendingStride: Int
  var byteCount: Int

  init(_ shape: GuestShape) {
    func pages(_ bytes: Int) -> Int { (bytes + 0xffff) & ~0xffff }
    properties = 0
    pendingStride = pages(1 << (shape.intidBits - 3))
    pendingTables = pages(1 << shape.intidBits)
    itsArea = pendingTables + shape.pes * pendingStride
    let devices = (shape.devices + shape.its - 1) / shape.its
    deviceTableBytes = pages(devices * 8)
    // Queue, collection table, device table.
    deviceTable = shape.queueByteCount + 0x1_0000
    itsStride = deviceTable + deviceTableBytes
    ittBase = itsArea + shape.its * itsStride
    ittStride = max(256, (1 << eventBits(shape.events)) * 8)
    byteCount = pages(ittBase + shape.devices * ittStride)
  }
}

/// RAM, tables and command queues around a machine: LPIs enabled, every event of
/// every device mapped. Event `e` of device `d` is the event of flat number `d * events + e`; its
/// LPI is 8192 and that number, its collection that of PE `target(d, e)`.
@safe final class StudyGuest<Host: Machine> {
  let machine: Host
  /// GITS_CREADR of an ITS, without effect on the machine.
  private let readOffset: (Host, Int) -> Int
  let shape: GuestShape
  private let ram: SharedMemory
  /// Where the next command of each ITS goes.
  private var cwriter: [Int]
  /// Commands written to each ITS since the beginning.
  private(set) var issued: [UInt64]
  private let layout: Layout

  /// Makes the machine, and does all that must be done before MSIs can come.
  /// - Parameters:
  ///   - base: identity, rules and times; the shape is the guest's.
  ///   - make: makes the machine.
  ///   - readOffset: GITS_CREADR of one of its ITSs, read without effect.
  ///   - target: the PE of an event.
  /// - Throws: ``StudyError`` if there is no memory for it.
  init(
    _ base: MachineConfiguration, _ shape: GuestShape, make: (MachineConfiguration) -> Host,
    readOffset: @escaping (Host, Int) -> Int, target: (_ device: Int, _ event: Int) -> Int
  ) throws(StudyError) {
    var configuration = base
    configuration.shape = MachineConfiguration.Shape()
    configuration.shape.affinities = (0..<shape.pes).map {
      Affinity(rawValue: UInt32($0 / 16 << 8 | $0 % 16))
    }
    configuration.shape.itsBases = (0..<shape.its).map { 0x2000_0000 + UInt64($0) * 0x2_0000 }
    configuration.identity.intidBits = shape.intidBits
    configuration.identity.processorNumbers = []
    configuration.identity.ptaIsAddress = false
    configuration.identity.hardwareCollections = 0
    self.shape = shape
    layout = Layout(shape)
    do throws(UVError) { ram = try SharedMemory.createPrivate(byteCount: layout.byteCount) } catch {
      throw StudyError("the guest's RAM, \(layout.byteCount >> 20) MiB: \(error)")
    }
    machine = make(configuration)
    self.readOffset = readOffset
    cwriter = Array(repeating: 0, count: shape.its)
    issued = Array(repeating: 0, count: shape.its)
    // SAFETY: the machine lives no longer than this guest, which keeps the memory.
    let range = unsafe GuestRAM(
      address: Layout.base, base: ram.base, byteCount: layout.byteCount)
    do throws(MemoryError) { try machine.map(range) } catch {
      throw StudyError("the machine refuses the guest's RAM: \(error)")
    }
    enableLPIs()
    for n in 0..<shape.its { enableITS(n) }
    try mapEverything(target)
  }

  // MARK: Bring-up

  private func store(_ offset: Int, _ value: UInt64) {
    precondition(offset >= 0 && offset + 8 <= layout.byteCount && offset % 8 == 0)
    // SAFETY: inside the RAM, as was checked.
    unsafe ram.base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
  }
  private func write(_ address: PhysicalAddress, _ data: UInt64, size: UInt8 = 8) {
    _ = machine.perform(Access(.write, size: size, source: 0, address: address, data: data))
  }
  private func set(_ register: SystemRegister, _ value: UInt64, pe: Int) {
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(register.rawValue), data: value))
  }
  /// The control frame of an ITS.
  func frame(_ n: Int) -> PhysicalAddress { machine.configuration.shape.itsBases[n] }

  private func enableLPIs() {
    let frames = machine.configuration.shape
    write(frames.gicdBase + UInt64(GICD.CTLR.offset), 2, size: 4)
    // Priority 0xa0, enabled.
    for offset in stride(from: 0, to: (1 << shape.intidBits) - 8192, by: 8) {
      store(layout.properties + offset, 0xa1a1_a1a1_a1a1_a1a1)
    }
    for pe in 0..<shape.pes {
      let frame = frames.gicrBase + UInt64(pe) * frames.gicrStride
      let pending = Layout.base + UInt64(layout.pendingTables + pe * layout.pendingStride)
      write(
        frame + UInt64(GICR.PROPBASER.offset),
        Layout.base + UInt64(layout.properties) | UInt64(shape.intidBits - 1))
      write(frame + UInt64(GICR.PENDBASER.offset), pending | 1 << 62)
      write(frame + UInt64(GICR.CTLR.offset), 1, size: 4)
      set(.pmr, 0xf0, pe: pe)
      set(.igrpen1, 1, pe: pe)
    }
  }

  private func enableITS(_ n: Int) {
    let area = Layout.base + UInt64(layout.itsArea + n * layout.itsStride)
    let collections = area + UInt64(shape.queueByteCount)
    let devices = area + UInt64(layout.deviceTable)
    // Flat tables of 64 KiB pages.
    let pages = UInt64(layout.deviceTableBytes / 0x1_0000 - 1)
    write(frame(n) + UInt64(GITS.BASER.offset), 1 << 63 | devices | 2 << 8 | pages)
    write(frame(n) + UInt64(GITS.BASER.offset + 8), 1 << 63 | collections | 2 << 8)
    write(
      frame(n) + UInt64(GITS.CBASER.offset),
      1 << 63 | area | UInt64(shape.queueByteCount / 0x1000 - 1))
    write(frame(n) + UInt64(GITS.CTLR.offset), 1, size: 4)
  }

  private func mapEverything(_ target: (Int, Int) -> Int) throws(StudyError) {
    for n in 0..<shape.its {
      for pe in 0..<shape.pes {
        put(.mapc(ICID(rawValue: UInt16(pe)), RDbase(rawValue: UInt64(pe))), its: n)
      }
    }
    for device in 0..<shape.devices {
      put(.mapd(id(device), itt(device)), its: its(of: device))
      for event in 0..<shape.events {
        put(map(device, event, to: target(device, event)), its: its(of: device))
      }
    }
    for n in 0..<shape.its { ring(n) }
    let statistics = machine.statistics()
    guard let error = statistics.commandErrors.first else { return }
    throw StudyError("setting the guest up failed: \(error.key), \(error.value) times")
  }

  // MARK: Names

  func its(of device: Int) -> Int { device % shape.its }
  func id(_ device: Int) -> DeviceID { DeviceID(rawValue: UInt32(device / shape.its)) }
  func intid(_ device: Int, _ event: Int) -> INTID {
    INTID(
      rawValue: UInt32(8192 + (device * shape.events + event) % ((1 << shape.intidBits) - 8192)))
  }
  func itt(_ device: Int) -> ITT {
    ITT(
      base: Layout.base + UInt64(layout.ittBase + device * layout.ittStride),
      eventIDBits: eventBits(shape.events))
  }
  /// The command that maps an event to its LPI, at a PE.
  func map(_ device: Int, _ event: Int, to pe: Int) -> ITSCommand {
    .mapti(
      id(device), EventID(rawValue: UInt32(event)), intid(device, event),
      ICID(rawValue: UInt16(pe)))
  }

  // MARK: Commands and MSIs

  /// How many commands fit into a queue.
  var queueCapacity: Int { shape.queueByteCount / QueueEntry.byteCount - 1 }
  /// How many commands of an ITS have not completed.
  func outstanding(_ n: Int) -> Int {
    let bytes = cwriter[n] - readOffset(machine, n)
    return (bytes < 0 ? bytes + shape.queueByteCount : bytes) / QueueEntry.byteCount
  }

  /// Puts a command behind the others; the ITS sees it with the next ``ring(_:at:)``. A full queue
  /// is emptied first, which takes time: only the set-up may come to that.
  func put(_ command: ITSCommand, its n: Int) {
    let next = (cwriter[n] + QueueEntry.byteCount) % shape.queueByteCount
    if next == readOffset(machine, n) { ring(n) }
    let entry = QueueEntry(command)
    let at = layout.itsArea + n * layout.itsStride + cwriter[n]
    store(at, entry.dw0)
    store(at + 8, entry.dw1)
    store(at + 16, entry.dw2)
    store(at + 24, entry.dw3)
    cwriter[n] = next
    issued[n] += 1
  }

  /// The write of GITS_CWRITER that makes all commands visible that were put.
  func doorbell(_ n: Int, at cycle: UInt64 = Access.untimed) -> Access {
    Access(
      .write, size: 8, source: 0, address: frame(n) + UInt64(GITS.CWRITER.offset),
      data: UInt64(cwriter[n]), cycle: cycle)
  }

  /// Writes GITS_CWRITER.
  /// - Parameter cycle: untimed waits until everything has ended.
  func ring(_ n: Int, at cycle: UInt64 = Access.untimed) {
    _ = machine.perform(doorbell(n, at: cycle))
  }

  func signal(_ device: Int, _ event: Int, at cycle: UInt64) {
    _ = machine.perform(
      Access(
        .msi, source: UInt32(device / shape.its), address: frame(device % shape.its),
        data: UInt64(event), cycle: cycle))
  }
}

/// A guest on the simulated clock.
typealias TimedGuest = StudyGuest<TimedMachine>

extension StudyGuest<TimedMachine> {
  convenience init(
    _ base: MachineConfiguration, _ shape: GuestShape, target: (_ device: Int, _ event: Int) -> Int
  ) throws(StudyError) {
    var configuration = base
    configuration.clock = .timed
    try self.init(
      configuration, shape, make: { TimedMachine($0) },
      readOffset: { $0.readOffset(ofITS: $1) }, target: target)
  }
}
