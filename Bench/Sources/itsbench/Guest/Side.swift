// Who can do a guest's work: the model, the same in plain C, QEMU.

import CKernel
import GICArch
import GICModel

/// Guest RAM, and somebody who carries out commands and MSIs in it.
protocol Side: AnyObject {
  var ram: RAM { get }
  /// Tables, LPIs and the queue, as `layout` says.
  func enable(_ layout: Layout) throws
  /// Writes CWRITER; returns when every command up to there has been carried out.
  func runQueue(to cwriter: UInt64)
  var creadr: UInt64 { get }
  /// Makes the pending tables in RAM exact.
  func flush()
  /// The highest-priority pending LPI of a PE; 1023 for none. Nil where nobody can say.
  func highestPending(_ pe: Int) -> UInt64?
  /// Takes MSIs as it wants to have them.
  func take(_ messages: [Message])
  /// Sends what was taken.
  /// - Returns: the seconds that it took.
  func timeSignal() -> Double
  /// How many of those that were sent set a pending bit; nil where nobody can say.
  var setCount: Int? { get }
  /// Forgets what has gathered for others to fetch.
  func settle()
  /// How long somebody else's process has had a processor for this, in seconds; nil where it is
  /// this process that does the work.
  var processorSeconds: Double? { get }
}

extension Side {
  var processorSeconds: Double? { nil }
}

/// An MSI.
struct Message {
  var device: DeviceID
  var event: EventID

  var access: Access { Access(.msi, source: device.rawValue, data: UInt64(event.rawValue)) }
  var forC: its_access {
    its_access(
      operation: 2, size: 4, source: device.rawValue, address: 0, data: UInt64(event.rawValue),
      cycle: .max)
  }
}

/// The model. A final concrete machine as `M` keeps its door free of dispatch.
final class ModelSide<M: Machine>: Side {
  let machine: M
  let ram: RAM
  private var lineChanges: [LineChange] = []
  /// The machine, if it has a door for many MSIs.
  private let batches: FunctionalMachine?
  private var messages: [Access] = []
  private var outcomes: [UInt64] = []
  private let cwriterAddress = Layout.its(GITS.CWRITER.offset)
  private let creadrAddress = Layout.its(GITS.CREADR.offset)

  init(_ machine: M, _ layout: Layout) throws {
    self.machine = machine
    batches = machine as? FunctionalMachine
    ram = try RAM(byteCount: layout.ramByteCount)
    try ram.map(into: machine)
  }

  private func write(_ address: PhysicalAddress, _ data: UInt64, size: UInt8 = 8) {
    _ = machine.perform(Access(.write, size: size, source: 0, address: address, data: data))
  }
  private func set(_ register: SystemRegister, _ value: UInt64, pe: Int) {
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(register.rawValue), data: value))
  }
  private func get(_ register: SystemRegister, pe: Int) -> UInt64 {
    machine.perform(
      Access(.systemRegisterRead, source: UInt32(pe), address: UInt64(register.rawValue))
    ).value
  }

  func enable(_ layout: Layout) {
    layout.prepare(ram)
    for register in layout.registers { write(register.address, register.data, size: register.size) }
    for pe in 0..<layout.pes {
      set(.pmr, UInt64(Layout.pmr), pe: pe)
      set(.igrpen1, 1, pe: pe)
    }
  }

  func runQueue(to cwriter: UInt64) { write(cwriterAddress, cwriter) }
  var creadr: UInt64 {
    machine.perform(Access(.read, size: 8, source: 0, address: creadrAddress)).value
  }
  func flush() { machine.flushPendingTables() }
  func highestPending(_ pe: Int) -> UInt64? { get(.hppir1, pe: pe) }

  func take(_ messages: [Message]) {
    self.messages = messages.map(\.access)
    outcomes = Array(repeating: 0, count: messages.count)
  }
  func timeSignal() -> Double {
    // Out of the object, so that the loop has nothing to check or to count but the model's.
    let (machine, batches, messages) = (machine, batches, messages)
    var outcomes: [UInt64] = []
    swap(&outcomes, &self.outcomes)
    defer { swap(&outcomes, &self.outcomes) }
    return Clock.time {
      var span = outcomes.mutableSpan
      if let batches {
        batches.signal(messages.span, outcomes: &span)
      } else {
        for index in 0..<messages.count { span[index] = machine.perform(messages[index]).value }
      }
    }
  }
  var setCount: Int? { outcomes.count { $0 >> 56 == UInt64(MSIOutcome.Kind.set.rawValue) } }

  func settle() {
    lineChanges.removeAll(keepingCapacity: true)
    machine.drainLineChanges(into: &lineChanges)
  }

  /// Every PE reads IAR1 and writes EOIR1 until nothing is pending.
  /// - Returns: how many LPIs that were.
  func acknowledgeAll() -> Int {
    var count = 0
    for pe in 0..<machine.configuration.shape.affinities.count {
      while case let intid = get(.iar1, pe: pe), intid >= 8192 {
        count += 1
        set(.eoir1, intid, pe: pe)
      }
    }
    settle()
    return count
  }
}

/// The C kernel.
@safe final class CSide: Side, @unchecked Sendable {
  let ram: RAM
  private let kernel: OpaquePointer
  private var messages: [its_access] = []
  private var outcomes: [UInt64] = []

  /// - Parameter shared: with the atomics that several threads need.
  init(_ layout: Layout, shared: Bool) throws {
    let ram = try RAM(byteCount: layout.ramByteCount)
    self.ram = ram
    // SAFETY: the RAM lives as long as this object, and so does the kernel.
    unsafe kernel = ram.withBase {
      unsafe its_new($0, RAM.address, UInt64(ram.byteCount), UInt32(layout.pes), shared)
    }
  }
  deinit { unsafe its_free(kernel) }

  func enable(_ layout: Layout) {
    layout.prepare(ram)
    for pe in 0..<layout.pes {
      unsafe its_enable_lpis(
        kernel, UInt32(pe), layout.properties, layout.pendingTable(pe),
        !layout.isPendingAtFirst(pe),
        Layout.pmr)
    }
    unsafe its_set_tables(
      kernel, layout.deviceTable, UInt64(layout.deviceTableByteCount / 8), layout.collectionTable,
      UInt64(Layout.pageByteCount / 8), layout.queue, UInt32(Layout.queueByteCount))
  }
  func runQueue(to cwriter: UInt64) { unsafe its_run_queue(kernel, UInt32(cwriter)) }
  var creadr: UInt64 { UInt64(unsafe its_creadr(kernel)) }
  func flush() { unsafe its_flush(kernel) }
  func highestPending(_ pe: Int) -> UInt64? {
    UInt64(unsafe its_highest_pending(kernel, UInt32(pe)))
  }
  func take(_ messages: [Message]) {
    self.messages = messages.map(\.forC)
    outcomes = Array(repeating: 0, count: messages.count)
  }
  func timeSignal() -> Double {
    let messages = messages
    var outcomes: [UInt64] = []
    swap(&outcomes, &self.outcomes)
    defer { swap(&outcomes, &self.outcomes) }
    return Clock.time { signal(messages, from: 0, outcomes: &outcomes) }
  }
  var setCount: Int? { outcomes.count { $0 >> 56 == 0 } }
  /// Messages and outcomes of the caller's, for threads of which each has its own.
  func signal(
    _ messages: [its_access], from start: Int, lane: Int = 0, outcomes: inout [UInt64]
  ) {
    precondition(start >= 0 && start <= messages.count - outcomes.count)
    // SAFETY: both hold that many from there, as was checked.
    unsafe messages.withUnsafeBufferPointer { messages in
      unsafe outcomes.withUnsafeMutableBufferPointer { outcomes in
        guard let from = messages.baseAddress else { return }
        unsafe its_signal(
          kernel, UInt32(lane), from + start, outcomes.baseAddress, UInt64(outcomes.count))
      }
    }
  }
  func settle() { unsafe its_settle(kernel) }

  /// What ``FunctionalMachine/cycleLPIs(_:at:)`` does, at PE 0.
  func cycle(_ intids: [UInt32]) -> UInt64 {
    // SAFETY: the buffer holds that many.
    unsafe intids.withUnsafeBufferPointer {
      unsafe its_cycle(kernel, 0, $0.baseAddress, UInt64($0.count))
    }
  }
  /// What ``FunctionalMachine/findLPI(of:count:)`` does, at PE 0.
  func find(_ count: Int) -> UInt64 { unsafe its_find(kernel, 0, UInt64(count)) }
}

extension Layout {
  /// ICC_PMR_EL1 of every PE: lets priority 0xa0 through.
  static var pmr: UInt8 { 0xf0 }
}
