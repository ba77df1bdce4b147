import Foundation
import GICArch
import GICClient
import GICModel
import GICReport
import Testing

@testable import GICReplay

/// A client that survives its daemon. It asks for checkpoints, keeps guest RAM as it was then and
/// what it has asked since; when the daemon is killed, it starts another one in the same folder,
/// and asks again from the number on that ATTACH gives it. Whatever it was answered before, it must
/// be answered again.
final class CrashingTarget: ReplayTarget {
  private struct Answered: Equatable {
    var value: UInt64
    var cycle: UInt64
    var status: UInt8
    var lines: [LineNotice]
  }
  private enum Step {
    case ram(UInt64, [UInt8])
    case request(GICClient.Request, at: UInt64?, Answered)
  }

  let mode = "crashing"
  private let scratch: Scratch
  private var daemon: Daemon
  private var client: Client
  private let yaml: String
  private var memory: SharedMemory
  private let ramBase: UInt64
  private let ramByteCount: Int
  /// Pages of RAM as they were at the checkpoint; those that are not here were zero.
  private var kept: [UInt64: [UInt8]] = [:]
  /// Pages that this client has written since.
  private var touched: Set<UInt64> = []
  /// What was done since.
  private var journal: [Step] = []
  /// The number of requests at the checkpoint.
  private var checkpointed: UInt64 = 0
  /// How many requests there were.
  private(set) var asked = 0
  private let checkpoints: Set<Int>
  private let crashes: Set<Int>
  private(set) var replayed = 0
  private(set) var failures: [String] = []

  init(
    _ run: ReplayRun, checkpoints: Set<Int>, crashes: Set<Int>
  ) throws {
    (self.checkpoints, self.crashes) = (checkpoints, crashes)
    scratch = try Scratch()
    yaml = run.configuration.yaml
    ramBase = run.trace.header.ramBase
    ramByteCount = Int(run.trace.header.ramByteCount)
    memory = try SharedMemory.create(byteCount: ramByteCount)
    daemon = try CrashingTarget.daemon(scratch)
    client = try Client(connectingTo: Endpoint(parsing: daemon.address))
    try client.attach(machine: "m", configuration: yaml)
    try client.map(memory, at: ramBase)
    try checkpoint()
  }

  private static func daemon(_ scratch: Scratch) throws -> Daemon {
    try Daemon(
      ["--state-dir", scratch.url.path, "--checkpoint-interval", "0"], in: scratch)
  }

  private func checkpoint() throws {
    checkpointed = try client.checkpoint()
    let words = try client.writtenPages(from: ramBase, byteCount: UInt64(ramByteCount))
    for (index, word) in words.enumerated() where word != 0 {
      for bit in 0..<64 where word >> UInt64(bit) & 1 != 0 {
        touched.insert(UInt64(index * 64 + bit))
      }
    }
    for page in touched { kept[page] = memory.read(at: Int(page) * 4096, count: 4096) }
    touched = []
    journal = []
  }

  /// The daemon is killed with a request on its way, and another one goes on from its folder.
  private func crash(amid request: GICClient.Request, at cycle: UInt64?) throws {
    try client.submit(request, at: cycle)
    _ = try? client.poll()
    kill(daemon.program.process.processIdentifier, SIGKILL)
    daemon.program.process.waitUntilExit()
    client.close()
    daemon = try CrashingTarget.daemon(scratch)
    client = try Client(connectingTo: Endpoint(parsing: daemon.address))
    let attachment = try client.attach(machine: "m", configuration: yaml)
    guard attachment.restored, attachment.quiesced, !attachment.created,
      attachment.requestCount == checkpointed
    else {
      failures.append("attached to \(attachment); \(checkpointed) requests were saved")
      return
    }
    memory = try SharedMemory.create(byteCount: ramByteCount)
    for (page, bytes) in kept { memory.write(bytes, at: Int(page) * 4096) }
    try client.map(memory, at: ramBase)
    try client.resume()
    _ = client.takeLineChanges()
    for step in journal {
      switch step {
      case .ram(let address, let bytes): memory.write(bytes, at: Int(address - ramBase))
      case .request(let request, let cycle, let before):
        let now = try answer(request, at: cycle).answered
        if now != before { failures.append("\(request): \(before), then \(now)") }
        replayed += 1
      }
    }
  }

  private func answer(
    _ request: GICClient.Request, at cycle: UInt64?
  ) throws(ClientError) -> (reply: Reply, answered: Answered) {
    let reply = try client.call(request, at: cycle)
    return (
      reply,
      Answered(
        value: reply.value, cycle: reply.cycle, status: reply.busStatus,
        lines: client.takeLineChanges())
    )
  }

  private func ask(
    _ request: GICClient.Request, at cycle: UInt64?, _ changes: inout [LineChange]
  ) throws(ReplayError) -> Reply {
    do {
      if checkpoints.contains(asked) { try checkpoint() }
      if crashes.contains(asked) { try crash(amid: request, at: cycle) }
      asked += 1
      let (reply, answered) = try answer(request, at: cycle)
      journal.append(.request(request, at: cycle, answered))
      changes += answered.lines.map {
        LineChange(
          pe: PEIndex(rawValue: $0.pe), levels: LineLevels(rawValue: $0.interrupts.levels),
          sequence: $0.interrupts.sequence, cycle: $0.cycle)
      }
      return reply
    } catch { throw ReplayError("\(error)") }
  }

  // MARK: RAM

  private func store(_ bytes: [UInt8], at address: PhysicalAddress) {
    memory.write(bytes, at: Int(address - ramBase))
    journal.append(.ram(address, bytes))
    guard !bytes.isEmpty else { return }
    for page in (address - ramBase) / 4096...(address - ramBase + UInt64(bytes.count - 1)) / 4096 {
      touched.insert(page)
    }
  }
  func fill(_ byte: UInt8, at address: PhysicalAddress, count: Int) {
    store([UInt8](repeating: byte, count: count), at: address)
  }
  func write(_ bytes: Span<UInt8>, at address: PhysicalAddress) {
    store(bytes.indices.map { bytes[$0] }, at: address)
  }
  func read(at address: PhysicalAddress, count: Int) -> [UInt8] {
    memory.read(at: Int(address - ramBase), count: count)
  }

  // MARK: Accesses

  private func request(_ access: Access) -> GICClient.Request {
    let (source, event) = (access.source, UInt32(truncatingIfNeeded: access.data))
    let (address, size) = (access.address, Int(access.size))
    return switch access.operation {
    case .read: .mmioRead(address: address, size: size, pe: source)
    case .write: .mmioWrite(address: address, size: size, data: access.data, pe: source)
    case .msi: .msi(device: source, event: event, address: address)
    case .translate: .translate(device: source, event: event, address: address)
    case .systemRegisterRead: .systemRegisterRead(key: address, pe: source)
    case .systemRegisterWrite: .systemRegisterWrite(key: address, data: access.data, pe: source)
    case .inputLine:
      .inputLine(intid: UInt32(truncatingIfNeeded: address), level: event != 0, pe: source)
    }
  }

  func perform(_ access: Access, changes: inout [LineChange]) throws(ReplayError) -> Response {
    let reply = try ask(
      request(access), at: access.cycle == Access.untimed ? nil : access.cycle, &changes)
    return Response(
      status: BusStatus(rawValue: reply.busStatus) ?? .okay,
      lines: LineLevels(rawValue: reply.interrupts?.levels ?? 0), value: reply.value,
      cycle: reply.cycle)
  }
  func submit(_ access: Access, tag: Int, into log: inout AnswerLog) throws(ReplayError) {
    let response = try perform(access, changes: &log.changes)
    log.answers.append(Answer(tag: tag, response: response, changeEnd: log.changes.count))
  }
  func drain(into log: inout AnswerLog) {}

  func advance(
    to cycle: UInt64, until condition: StopCondition, changes: inout [LineChange]
  ) throws(ReplayError) -> UInt64 {
    let clock = client.attachment?.clock
    let limit = clock?.picosecond(ofCycle: cycle) ?? cycle
    return try ask(
      .timeAdvance(limit: limit, until: AdvanceCondition(condition)), at: nil, &changes
    ).cycle
  }

  func device(
    _ operation: DeviceOperation, _ attribute: DeviceAttribute, of device: DeviceName,
    _ value: UInt64?, changes: inout [LineChange]
  ) throws(ReplayError) -> DeviceAnswer {
    throw ReplayError("a trace has no device attributes")
  }
  func setVCPUsRun(_ run: Bool) throws(ReplayError) {
    throw ReplayError("a trace says nothing of vCPUs")
  }
  func takeWrittenPages(
    from address: PhysicalAddress, count: Int
  ) throws(ReplayError) -> [UInt64] { throw ReplayError("checkpoints take them") }
  func flushPendingTables() throws(ReplayError) {
    var changes: [LineChange] = []
    _ = try ask(.flush, at: nil, &changes)
  }
  func reset() throws(ReplayError) {
    var changes: [LineChange] = []
    _ = try ask(.reset, at: nil, &changes)
  }
  func statistics() throws(ReplayError) -> StatisticsDocument {
    do { return try StatisticsDocument(json: try client.statistics()) } catch {
      throw ReplayError("\(error)")
    }
  }
}
