// The doors of the model. What comes through them is values: accesses in, responses and line
// changes out. The model calls nobody back.

import GICArch

/// Something a client does to a machine.
@frozen public struct Access: Sendable {
  @frozen public enum Operation: UInt8, Sendable {
    /// `address` is a guest physical address inside a register frame; `source` the PE.
    case read
    case write
    /// A write of `data` (EventID) to GITS_TRANSLATER of the ITS whose frame holds `address`
    /// (0: the only ITS); `source` is the DeviceID.
    case msi
    /// `address` is a system register key (``SystemRegister/rawValue``); `source` the PE.
    case systemRegisterRead
    case systemRegisterWrite
    /// An interrupt input: `address` is the INTID of a PPI (of PE `source`) or SPI, `data` the
    /// level.
    case inputLine
    /// What an MSI of DeviceID `source`, EventID `data` would do now. Changes nothing.
    case translate
  }
  public var operation: Operation
  /// Width in bytes: 1, 2, 4 or 8.
  public var size: UInt8
  public var source: UInt32
  public var address: UInt64
  public var data: UInt64
  /// The client's time in cycles of the GIC clock; ``untimed`` lets the machine choose.
  public var cycle: UInt64

  @inlinable public init(
    _ operation: Operation, size: UInt8 = 4, source: UInt32, address: UInt64 = 0,
    data: UInt64 = 0, cycle: UInt64 = Access.untimed
  ) {
    (self.operation, self.size, self.source) = (operation, size, source)
    (self.address, self.data, self.cycle) = (address, data, cycle)
  }
  /// A timed machine answers an untimed access once everything under way has ended.
  @inlinable public static var untimed: UInt64 { .max }
}

/// How the bus answered, apart from any errno.
@frozen public enum BusStatus: UInt8, Sendable {
  case okay = 0
  /// Inside a frame, but nothing there answers: reads 0, writes are ignored.
  case reserved = 1
  /// No frame at that address, no such PE, or a system register that does not exist.
  case decodeError = 2
}

/// The interrupt outputs of one PE: IRQ is bit 0, FIQ bit 1; vIRQ and vFIQ will be bits 2 and 3.
@frozen public struct LineLevels: OptionSet, Sendable {
  public var rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  @inlinable public static var irq: LineLevels { LineLevels(rawValue: 1) }
  @inlinable public static var fiq: LineLevels { LineLevels(rawValue: 2) }
}

/// The answer to one ``Access``.
@frozen public struct Response: Sendable {
  public var status: BusStatus
  /// Lines of the source PE after the access (of an MSI: none).
  public var lines: LineLevels
  /// Read: the value. MSI and translate: a packed ``MSIOutcome``.
  public var value: UInt64
  /// The cycle at which the result is visible to the client; the access' own cycle if there is no
  /// time.
  public var cycle: UInt64
  @inlinable public init(
    status: BusStatus = .okay, lines: LineLevels = [], value: UInt64 = 0, cycle: UInt64 = 0
  ) {
    (self.status, self.lines, self.value, self.cycle) = (status, lines, value, cycle)
  }
}

/// What became of an MSI at its translation.
@frozen public struct MSIOutcome: Equatable, Sendable {
  @frozen public enum Kind: UInt8, CaseIterable, Sendable {
    /// Pending now, and was not before.
    case set = 0
    /// Was pending already: merged.
    case merged = 1
    /// The timed clock has taken it in, or another thread was at work on the PE and will set it:
    /// what becomes of it shows later.
    case accepted = 2
    // Dropped, and why.
    case itsDisabled = 16
    case deviceOOR = 17
    case deviceUnmapped = 18
    case eventOOR = 19
    case eventUnmapped = 20
    case collectionUnmapped = 21
    case intidOOR = 22
    case lpisDisabled = 23
    case memoryFault = 24
    case noITS = 25

    /// Whether no interrupt comes of it.
    @inlinable public var isDrop: Bool { rawValue >= 16 }
  }
  public var kind: Kind
  public var intid: INTID
  public var collection: ICID
  public var pe: PEIndex
  @inlinable public init(
    _ kind: Kind, intid: INTID = INTID(rawValue: 0), collection: ICID = ICID(rawValue: 0),
    pe: PEIndex = PEIndex(0)
  ) {
    (self.kind, self.intid, self.collection, self.pe) = (kind, intid, collection, pe)
  }
  /// INTID [23:0], ICID [39:24], PE index [55:40], kind [63:56].
  @inlinable public var packed: UInt64 {
    UInt64(intid.rawValue & 0xff_ffff) | UInt64(collection.rawValue) &<< 24
      | UInt64(pe.rawValue & 0xffff) &<< 40 | UInt64(kind.rawValue) &<< 56
  }
  @inlinable public init(packed: UInt64) {
    kind = Kind(rawValue: UInt8(packed[63, 56])) ?? .noITS
    intid = INTID(rawValue: UInt32(packed[23, 0]))
    collection = ICID(rawValue: UInt16(packed[39, 24]))
    pe = PEIndex(rawValue: UInt32(packed[55, 40]))
  }
}

/// A change of a PE's interrupt outputs. `sequence` rises by one with each change of that PE.
@frozen public struct LineChange: Equatable, Sendable {
  public var pe: PEIndex
  public var levels: LineLevels
  public var sequence: UInt32
  public var cycle: UInt64
  @inlinable public init(pe: PEIndex, levels: LineLevels, sequence: UInt32, cycle: UInt64) {
    (self.pe, self.levels, self.sequence, self.cycle) = (pe, levels, sequence, cycle)
  }
}

/// When ``Machine/advance(to:until:)`` may stop before its limit.
@frozen public enum StopCondition: Equatable, Sendable {
  case limit
  /// As soon as the PE's IRQ or FIQ is high.
  case lineRaised(PEIndex)
  /// As soon as the lines of any PE change.
  case lineChange
  /// As soon as nothing is under way in the ITS and redistributors.
  case idle
}

/// A machine behind one door: distributor, redistributors, CPU interfaces and ITSs of one system.
/// Not Sendable: one owner at a time.
public protocol Machine: AnyObject {
  var configuration: MachineConfiguration { get }
  /// Now, in cycles of the GIC clock. Always 0 on the functional clock.
  var cycle: UInt64 { get }

  /// Hands the machine a range of guest RAM. Bounds are checked here, once.
  /// - Throws: ``MemoryError``
  func map(_ ram: GuestRAM) throws(MemoryError)
  func unmap(_ address: PhysicalAddress) throws(MemoryError)

  func perform(_ access: Access) -> Response
  /// Begins an access, and does so much of it as takes about 10 us. One that has brought more goes
  /// on with ``resume(_:)``, until that has an answer.
  func begin(_ access: Access) -> AccessProgress
  /// Goes on with an access, for about 10 us.
  /// - Returns: its answer, if that was the rest.
  func resume(_ work: inout QueueWork) -> Response?

  /// Lets time pass up to `cycle`, or until the condition holds. Returns the cycle reached.
  func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64
  /// The same for about 10 us. Nil: it is to be called again, before anything else is done.
  func advanceSome(to cycle: UInt64, until condition: StopCondition) -> UInt64?

  /// The first cycle at which anything can change without another access; `.max` if nothing is
  /// under way. No interrupt output changes before it.
  var horizon: UInt64 { get }

  /// The highest-priority pending interrupt of the PE's enabled groups, before PMR and what is
  /// active; nil if there is none. Reading it has no effect.
  func pending(of pe: PEIndex) -> PendingInterrupt?

  /// Whether ``drainLineChanges(into:)`` would bring any.
  var hasLineChanges: Bool { get }
  /// Moves the line changes since the last call to the end of `changes`.
  func drainLineChanges(into changes: inout [LineChange])

  /// Makes the pending tables in guest RAM exact.
  func flushPendingTables()
  func reset()

  // KVM's device attributes: who saves and restores a machine, or configures it, does so here.

  /// Whether the device has such an attribute.
  func hasAttribute(_ attribute: DeviceAttribute, of device: DeviceName) throws(DeviceError)
  /// Reads an attribute.
  /// - Parameter value: what the caller's memory held before; a redistributor region's index is
  ///   looked for there. Nil: no memory was given.
  func attribute(
    _ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?
  ) throws(DeviceError) -> UInt64
  /// Writes an attribute, or does what it stands for.
  /// - Parameter value: nil if none was given; controls need none.
  func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError)
  /// Whether vCPUs run from now on: while they do, most attributes answer EBUSY. They stand still
  /// until this says otherwise.
  /// - Throws: ENXIO, EINVAL or EBUSY where the GIC's frames are placed by attributes, and are not
  ///   yet so that a vCPU could run.
  func setVCPUsRun(_ run: Bool) throws(DeviceError)

  func statistics() -> MachineStatistics

  /// The whole machine but guest RAM, as bytes of their own format.
  func snapshot() throws(SnapshotError) -> [UInt8]
  /// Becomes the machine that was snapshot; its configuration must be the same, and guest RAM there
  /// already. After an error the machine is as after a reset.
  func restore(snapshot: [UInt8]) throws(SnapshotError)

  /// Pages of 4 KiB of guest RAM that the machine has written since they were last taken: a bit
  /// each, the first in bit 0 of the first word. What CPUs and devices write does not count.
  /// - Parameters:
  ///   - address: a multiple of 4 KiB.
  ///   - taking: what is told is forgotten.
  /// - Returns: nil, and nothing is taken, if one of the pages is no RAM.
  func writtenPages(from address: PhysicalAddress, count: Int, taking: Bool) -> [UInt64]?
  /// Counts bytes of guest RAM as written by the machine: whoever serves it has written them.
  func markWritten(_ address: PhysicalAddress, byteCount: Int)
  /// The PE's lines as they are, and the number of their last change, stamped with now.
  /// - Returns: nil if there is no such PE, and for a machine that tells of changes only.
  func lines(of pe: PEIndex) -> LineChange?

  // Looking into it changes nothing that a guest can see.

  /// Rejected commands and dropped MSIs, from a sequence number on, oldest first.
  /// - Parameter limit: how many at most.
  func events(from sequence: UInt64, limit: Int) -> EventBatch
  /// What an MSI would meet now, step by step, or where the one that came has got to.
  /// - Parameter address: inside the frames of the ITS meant; 0 for the only one.
  /// - Returns: nil for a machine that does not show its inside.
  func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation?
  /// The ITS tables in guest RAM, decoded; of one device only, if it is named.
  /// - Parameters:
  ///   - address: inside the frames of the ITS meant; 0 for the only one.
  ///   - limit: rows (devices, events and collections together).
  /// - Returns: nil if there is no ITS at that address.
  func tables(at address: PhysicalAddress, device: DeviceID?, limit: Int) -> TableDump?
  /// All registers of the distributor, of one PE and of the ITSs, read without effect.
  /// - Returns: nil if there is no such PE.
  func registers(of pe: PEIndex) -> [RegisterValue]?
}

/// An interrupt that waits at a PE.
@frozen public struct PendingInterrupt: Equatable, Sendable {
  public var intid: INTID
  public var priority: UInt8
  @inlinable public init(intid: INTID, priority: UInt8) {
    (self.intid, self.priority) = (intid, priority)
  }
}

extension Machine {
  /// Without time nothing is ever under way.
  public var horizon: UInt64 { .max }
  /// There may be.
  public var hasLineChanges: Bool { true }
  public func advanceSome(to cycle: UInt64, until condition: StopCondition) -> UInt64? {
    advance(to: cycle, until: condition)
  }
  /// A machine whose accesses have no steps.
  public func begin(_ access: Access) -> AccessProgress { .done(perform(access)) }
  public func resume(_ work: inout QueueWork) -> Response? {
    preconditionFailure("an access of one step is not resumed")
  }
  /// A machine that does not show its inside.
  public func pending(of pe: PEIndex) -> PendingInterrupt? { nil }
  public func lines(of pe: PEIndex) -> LineChange? { nil }
  /// A machine that never writes.
  public func writtenPages(
    from address: PhysicalAddress, count: Int, taking: Bool
  ) -> [UInt64]? { nil }
  public func markWritten(_ address: PhysicalAddress, byteCount: Int) {}
}

extension Engine {
  func pending(of pe: PEIndex) -> PendingInterrupt? {
    guard pe.index < pes.count, let candidate = highestPending(pe) else { return nil }
    return PendingInterrupt(intid: candidate.intid, priority: candidate.priority)
  }
}

/// The client's mistake about memory.
public enum MemoryError: Error, Equatable, Sendable {
  case overlaps
  case wraps
  case misaligned
  case empty
  case tooManyRanges
  case notMapped
}
