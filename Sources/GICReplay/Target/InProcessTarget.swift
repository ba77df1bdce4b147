import GICArch
import GICModel
import GICReport
import Glibc

/// A machine of this process. Its RAM is mapped, not filled: only pages that the trace touches
/// cost.
@safe package final class InProcessTarget: ReplayTarget {
  let machine: any Machine
  private let ramBase: PhysicalAddress
  private let ramByteCount: Int
  private let memory: UnsafeMutableRawPointer

  package init(_ machine: any Machine, ramBase: PhysicalAddress, ramByteCount: UInt64)
    throws(ReplayError)
  {
    self.machine = machine
    self.ramBase = ramBase
    self.ramByteCount = Int(ramByteCount)
    // SAFETY: a fresh private mapping at an address of the kernel's choice; checked before use.
    guard
      let base = unsafe mmap(
        nil, self.ramByteCount, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      unsafe base != UnsafeMutableRawPointer(bitPattern: -1)
    else {
      throw ReplayError(
        "\(ramByteCount) bytes of guest RAM cannot be mapped (errno \(errno)); raise the limit of "
          + "the address space (ulimit -v)")
    }
    unsafe memory = base
    do throws(MemoryError) {
      // SAFETY: the mapping lives until `deinit`, which unmaps it from the machine first.
      try machine.map(
        unsafe GuestRAM(address: ramBase, base: base, byteCount: self.ramByteCount))
    } catch {
      unsafe munmap(base, self.ramByteCount)
      throw ReplayError("the machine refuses the guest's RAM: \(error)")
    }
  }

  deinit {
    // A machine that no longer knows the range has nothing left that points into it.
    try? machine.unmap(ramBase)
    // SAFETY: mapped by `init` with this length, and nobody points into it any more.
    unsafe munmap(memory, ramByteCount)
  }

  package var mode: String { "in-process" }

  private func offset(_ address: PhysicalAddress, _ count: Int) throws(ReplayError) -> Int {
    guard address >= ramBase, count >= 0, count <= ramByteCount,
      address - ramBase <= UInt64(ramByteCount - count)
    else {
      throw ReplayError("address 0x\(String(address, radix: 16)) is outside guest RAM")
    }
    return Int(address - ramBase)
  }

  package func fill(_ byte: UInt8, at address: PhysicalAddress, count: Int) throws(ReplayError) {
    let offset = try offset(address, count)
    // SAFETY: the range was checked.
    unsafe _ = memset(memory + offset, Int32(byte), count)
  }

  package func write(_ bytes: Span<UInt8>, at address: PhysicalAddress) throws(ReplayError) {
    let offset = try offset(address, bytes.count)
    // SAFETY: the range was checked, and the span is alive for the call.
    unsafe bytes.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(start: memory + offset, count: source.count)
        .copyMemory(from: source)
    }
  }

  package func read(at address: PhysicalAddress, count: Int) throws(ReplayError) -> [UInt8] {
    let offset = try offset(address, count)
    // SAFETY: the range was checked.
    return unsafe [UInt8](UnsafeRawBufferPointer(start: memory + offset, count: count))
  }

  package func submit(_ access: Access, tag: Int, into log: inout AnswerLog) {
    let response = machine.perform(access)
    machine.drainLineChanges(into: &log.changes)
    log.answers.append(Answer(tag: tag, response: response, changeEnd: log.changes.count))
  }

  package func drain(into log: inout AnswerLog) {}

  package func perform(_ access: Access, changes: inout [LineChange]) -> Response {
    let response = machine.perform(access)
    machine.drainLineChanges(into: &changes)
    return response
  }

  package func advance(
    to cycle: UInt64, until condition: StopCondition, changes: inout [LineChange]
  ) -> UInt64 {
    let reached = machine.advance(to: cycle, until: condition)
    machine.drainLineChanges(into: &changes)
    return reached
  }

  package func flushPendingTables() { machine.flushPendingTables() }
  package func reset() { machine.reset() }
  package func statistics() -> StatisticsDocument { StatisticsDocument(machine.statistics()) }
}
