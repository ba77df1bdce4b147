// A machine small enough to be seen through: the server's tests need to know what it was asked.

import Dispatch
import GICArch
import GICModel
import Synchronization

/// What the machines of one daemon were told.
final class MemoryLog: Sendable {
  private let entries = Mutex<[String]>([])
  private let readers = Mutex<[UInt32]>([])
  /// About memory, in order.
  func append(_ entry: String) { entries.withLock { $0.append(entry) } }
  var all: [String] { entries.withLock { $0 } }
  /// The PEs that read, in order.
  func appendReader(_ pe: UInt32) { readers.withLock { $0.append(pe) } }
  var allReaders: [UInt32] { readers.withLock { $0 } }
  private let untimedCount = Mutex(0)
  func countUntimed() { untimedCount.withLock { $0 += 1 } }
  /// Accesses that left the time to the machine.
  var untimed: Int { untimedCount.withLock { $0 } }
  /// A write to ``FakeMachine/gateRegister`` holds the daemon until this is signalled.
  let gate = DispatchSemaphore(value: 0)
  let atGate = DispatchSemaphore(value: 0)
}

/// Registers that keep what is written, 16 MiB of them; lines that follow writes; 10 cycles an
/// access.
final class FakeMachine: Machine {
  /// A write here sets the lines of the PE that writes.
  static let linesRegister: UInt64 = 0x0801_0000
  static let gateRegister: UInt64 = 0x0801_0008
  static let frames: Range<UInt64> = 0x0800_0000..<0x0900_0000

  let configuration: MachineConfiguration
  private(set) var cycle: UInt64 = 0
  private let log: MemoryLog
  private var registers: [UInt64: UInt64] = [:]
  private var systemRegisters: [UInt64: UInt64] = [:]
  private var ram: [UInt64: Int] = [:]
  private var levels: [LineLevels]
  private var sequences: [UInt32]
  private var changes: [LineChange] = []
  private var written: Set<PhysicalAddress> = []
  private var counted = MachineStatistics(clock: .functional)

  init(_ configuration: MachineConfiguration, log: MemoryLog) {
    self.configuration = configuration
    self.log = log
    let count = configuration.shape.affinities.count
    levels = Array(repeating: [], count: count)
    sequences = Array(repeating: 0, count: count)
  }

  func map(_ ram: GuestRAM) throws(MemoryError) {
    guard ram.byteCount > 0 else { throw .empty }
    guard ram.address % 4096 == 0 else { throw .misaligned }
    guard ram.address <= .max - UInt64(ram.byteCount - 1) else { throw .wraps }
    let last = ram.address + UInt64(ram.byteCount - 1)
    for (address, byteCount) in self.ram {
      guard last < address || ram.address > address + UInt64(byteCount - 1) else { throw .overlaps }
    }
    self.ram[ram.address] = ram.byteCount
    log.append("map \(ram.address)")
  }

  func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    guard ram.removeValue(forKey: address) != nil else { throw .notMapped }
    log.append("unmap \(address)")
  }

  func perform(_ access: Access) -> Response {
    if configuration.clock == .timed {
      cycle = max(cycle, access.cycle == Access.untimed ? 0 : access.cycle) + 10
    }
    if access.cycle == Access.untimed { log.countUntimed() }
    let pe = Int(access.source)
    switch access.operation {
    case .msi, .translate: return performMSI(access)
    case .read, .write, .systemRegisterRead, .systemRegisterWrite, .inputLine:
      guard pe < levels.count else { return Response(status: .decodeError, cycle: cycle) }
    }
    var response = Response(cycle: cycle)
    switch access.operation {
    case .read where FakeMachine.frames.contains(access.address):
      response.value = registers[access.address] ?? 0
      log.appendReader(access.source)
    case .write where FakeMachine.frames.contains(access.address):
      registers[access.address] = access.data
      if access.address == FakeMachine.gateRegister {
        log.atGate.signal()
        log.gate.wait()
      }
      if access.address == FakeMachine.linesRegister {
        set(LineLevels(rawValue: UInt8(truncatingIfNeeded: access.data)), of: pe)
      }
    case .systemRegisterRead: response.value = systemRegisters[access.address] ?? 0
    case .systemRegisterWrite: systemRegisters[access.address] = access.data
    case .inputLine: set(access.data == 1 ? .irq : [], of: pe)
    default: response.status = .decodeError
    }
    response.lines = levels[pe]
    return response
  }

  /// Device 0 is unmapped; all others signal LPI 8192 + EventID on PE 0.
  private func performMSI(_ access: Access) -> Response {
    if access.operation == .msi { counted.msis += 1 }
    guard access.source != 0 else {
      return Response(value: MSIOutcome(.deviceUnmapped).packed, cycle: cycle)
    }
    let intid = INTID(rawValue: 8192 + UInt32(truncatingIfNeeded: access.data))
    if access.operation == .msi { set(.irq, of: 0) }
    return Response(value: MSIOutcome(.set, intid: intid).packed, cycle: cycle)
  }

  private func set(_ new: LineLevels, of pe: Int) {
    guard levels[pe] != new else { return }
    levels[pe] = new
    sequences[pe] += 1
    changes.append(
      LineChange(pe: PEIndex(pe), levels: new, sequence: sequences[pe], cycle: cycle))
  }

  func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 {
    if condition == .idle { log.append("idle") }
    guard configuration.clock == .timed else { return 0 }
    // Nothing is ever under way here: idle is now.
    if condition != .idle { self.cycle = max(self.cycle, cycle) }
    return self.cycle
  }

  func drainLineChanges(into changes: inout [LineChange]) {
    changes += self.changes
    self.changes.removeAll()
  }

  func flushPendingTables() { log.append("flush") }

  func reset() {
    registers.removeAll()
    for pe in levels.indices { set([], of: pe) }
  }

  func statistics() -> MachineStatistics { counted }

  // What it says of itself is a line of text: the cycle, registers, lines.

  func snapshot() throws(SnapshotError) -> [UInt8] {
    var words = [cycle]
    for pe in levels.indices { words += [UInt64(levels[pe].rawValue), UInt64(sequences[pe])] }
    for (address, value) in registers.sorted(by: { $0.key < $1.key }) { words += [address, value] }
    return Array(words.map { "\($0)" }.joined(separator: " ").utf8)
  }
  func restore(snapshot: [UInt8]) throws(SnapshotError) {
    let words = String(decoding: snapshot, as: UTF8.self).split(separator: " ").map { UInt64($0) }
    guard words.count >= 1 + 2 * levels.count, !words.contains(nil) else {
      reset()
      throw .notASnapshot
    }
    let numbers = words.compactMap(\.self)
    cycle = numbers[0]
    changes = []
    for pe in levels.indices {
      levels[pe] = LineLevels(rawValue: UInt8(numbers[1 + 2 * pe]))
      sequences[pe] = UInt32(numbers[2 + 2 * pe])
    }
    registers = [:]
    for place in stride(from: 1 + 2 * levels.count, to: numbers.count, by: 2) {
      registers[numbers[place]] = numbers[place + 1]
    }
  }
  func lines(of pe: PEIndex) -> LineChange? {
    LineChange(pe: pe, levels: levels[pe.index], sequence: sequences[pe.index], cycle: cycle)
  }

  /// Pages that the server has written into.
  func writtenPages(from address: PhysicalAddress, count: Int, taking: Bool) -> [UInt64]? {
    guard ram[address].map({ count * 4096 <= $0 }) ?? false else { return nil }
    defer { if taking { written = [] } }
    var words = [UInt64](repeating: 0, count: (count + 63) / 64)
    for page in written where page >= address && (page - address) >> 12 < UInt64(count) {
      let index = Int((page - address) >> 12)
      words[index / 64] |= 1 << UInt64(index % 64)
    }
    return words
  }
  func markWritten(_ address: PhysicalAddress, byteCount: Int) { written.insert(address & ~0xfff) }
}
