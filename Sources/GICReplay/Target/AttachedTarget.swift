import GICArch
import GICClient
import GICConfig
import GICModel
import GICReport

/// A machine of a running daemon, made for one purpose and gone with it. Requests are sent without
/// waiting; over AF_UNIX the guest's RAM is shared, over TCP the daemon holds it.
@safe package final class AttachedTarget: ReplayTarget {
  package let mode: String
  let client: Client
  private let ramBase: PhysicalAddress
  private let ramByteCount: Int
  /// Nil: the daemon holds the RAM.
  private let shared: SharedMemory?
  /// Of the requests without an answer, oldest first; those before `firstTag` are answered.
  private var tags: [Int] = []
  private var firstTag = 0
  /// Line changes that came before a reply that has not come yet.
  private var early: [LineChange] = []
  /// How many requests go out before answers are looked for.
  private static let batch = 512

  package init(
    _ address: String, _ configuration: ResolvedConfiguration, ramBase: PhysicalAddress,
    ramByteCount: UInt64, for purpose: String = "replay"
  ) throws(ReplayError) {
    (mode, self.ramBase, self.ramByteCount) = (address, ramBase, Int(ramByteCount))
    do {
      let endpoint = try Endpoint(parsing: address)
      client = try Client(connectingTo: endpoint, name: "itsctl \(purpose)")
      let suffix = String(UInt64.random(in: .min ... .max), radix: 16)
      let attachment = try client.attach(
        machine: "\(purpose)-\(suffix)", role: .control, configuration: configuration.yaml)
      guard attachment.created, attachment.configurationHash == configuration.hash else {
        throw ReplayError(
          "\(address): expected a machine of configuration \(configuration.hash), got "
            + "\(attachment.configurationHash); are itsd and itsctl of one version?")
      }
      switch endpoint {
      case .unix:
        let memory = try SharedMemory.create(byteCount: self.ramByteCount, name: "itsctl-ram")
        try client.map(memory, at: ramBase)
        shared = memory
      case .tcp:
        try client.mapRemote(address: ramBase, byteCount: ramByteCount)
        shared = nil
      }
    } catch let error as ReplayError {
      throw error
    } catch {
      throw ReplayError("\(address): \(error)")
    }
  }

  deinit {
    // A machine whose client is gone without a word is kept for its return.
    try? client.leave()
    client.close()
  }

  private func attempt<Value>(
    _ body: () throws(ClientError) -> Value
  ) throws(ReplayError) -> Value {
    do throws(ClientError) { return try body() } catch {
      throw ReplayError("\(mode): \(error)")
    }
  }

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
    guard let shared else {
      var done = 0
      while done < count {
        let piece = [UInt8](repeating: byte, count: min(count - done, 1 << 16))
        let target = address + UInt64(done)
        try attempt { () throws(ClientError) in try client.write(piece, to: target) }
        done += piece.count
      }
      return
    }
    // SAFETY: the range was checked, and `shared` is as long as the RAM.
    unsafe UnsafeMutableRawBufferPointer(start: shared.base + offset, count: count)
      .initializeMemory(as: UInt8.self, repeating: byte)
  }

  package func write(_ bytes: Span<UInt8>, at address: PhysicalAddress) throws(ReplayError) {
    let offset = try offset(address, bytes.count)
    guard let shared else {
      var copy: [UInt8] = []
      for index in bytes.indices { copy.append(bytes[index]) }
      return try attempt { () throws(ClientError) in try client.write(copy, to: address) }
    }
    // SAFETY: the range was checked, `shared` is as long as the RAM, the span lives for the call.
    unsafe bytes.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(start: shared.base + offset, count: source.count)
        .copyMemory(from: source)
    }
  }

  package func read(at address: PhysicalAddress, count: Int) throws(ReplayError) -> [UInt8] {
    let offset = try offset(address, count)
    guard let shared else {
      return try attempt { () throws(ClientError) in
        try client.read(address: address, count: count)
      }
    }
    // SAFETY: the range was checked, and `shared` is as long as the RAM.
    return unsafe [UInt8](UnsafeRawBufferPointer(start: shared.base + offset, count: count))
  }

  private func request(_ access: Access) -> Request {
    let (pe, event) = (access.source, UInt32(truncatingIfNeeded: access.data))
    switch access.operation {
    case .read: return .mmioRead(address: access.address, size: Int(access.size), pe: pe)
    case .write:
      return .mmioWrite(
        address: access.address, size: Int(access.size), data: access.data, pe: pe)
    case .msi: return .msi(device: access.source, event: event, address: access.address)
    case .translate:
      return .translate(device: access.source, event: event, address: access.address)
    case .systemRegisterRead: return .systemRegisterRead(key: access.address, pe: pe)
    case .systemRegisterWrite:
      return .systemRegisterWrite(key: access.address, data: access.data, pe: pe)
    case .inputLine:
      return .inputLine(
        intid: UInt32(truncatingIfNeeded: access.address), level: access.data != 0, pe: pe)
    }
  }

  private func cycle(_ access: Access) -> UInt64? {
    access.cycle == Access.untimed ? nil : access.cycle
  }

  package func submit(_ access: Access, tag: Int, into log: inout AnswerLog) throws(ReplayError) {
    let request = request(access)
    _ = try attempt { () throws(ClientError) in
      try client.submit(request, at: cycle(access))
    }
    tags.append(tag)
    if (tags.count - firstTag) % AttachedTarget.batch == 0 { try collect(all: false, &log) }
  }

  package func drain(into log: inout AnswerLog) throws(ReplayError) {
    guard firstTag < tags.count else { return }
    try collect(all: true, &log)
  }

  private func collect(all: Bool, _ log: inout AnswerLog) throws(ReplayError) {
    let (replies, lines) = try attempt { () throws(ClientError) in
      try client.takeArrivals(all: all)
    }
    var line = 0
    for (index, reply) in replies.enumerated() {
      while line < lines.count, lines[line].after <= index {
        early.append(change(lines[line].notice))
        line += 1
      }
      log.changes += early
      early.removeAll(keepingCapacity: true)
      log.answers.append(
        Answer(tag: tags[firstTag], response: try response(reply), changeEnd: log.changes.count))
      firstTag += 1
    }
    early += lines[line...].map { change($0.notice) }
    if firstTag == tags.count {
      tags.removeAll(keepingCapacity: true)
      firstTag = 0
    }
  }

  private func change(_ notice: LineNotice) -> LineChange {
    LineChange(
      pe: PEIndex(rawValue: notice.pe), levels: LineLevels(rawValue: notice.interrupts.levels),
      sequence: notice.interrupts.sequence, cycle: notice.cycle)
  }

  private func response(_ reply: Reply) throws(ReplayError) -> Response {
    guard reply.errno == 0 else {
      throw ReplayError("\(mode): the daemon refuses: \(reply.errorText)")
    }
    return Response(
      status: BusStatus(rawValue: reply.busStatus) ?? .okay,
      lines: LineLevels(rawValue: reply.interrupts?.levels ?? 0), value: reply.value,
      cycle: reply.cycle)
  }

  func takeChanges(_ changes: inout [LineChange]) {
    changes += early
    early.removeAll(keepingCapacity: true)
    changes += client.takeLineChanges().map(change)
  }

  package func perform(_ access: Access, changes: inout [LineChange]) throws(ReplayError)
    -> Response
  {
    let request = request(access)
    let reply = try attempt { () throws(ClientError) in
      try client.call(request, at: cycle(access))
    }
    takeChanges(&changes)
    return try response(reply)
  }

  package func advance(
    to cycle: UInt64, until condition: StopCondition, changes: inout [LineChange]
  ) throws(ReplayError) -> UInt64 {
    let reply = try attempt { () throws(ClientError) in
      try client.advance(to: cycle, until: AdvanceCondition(condition))
    }
    takeChanges(&changes)
    return reply.cycle
  }

  package func flushPendingTables() throws(ReplayError) {
    try attempt { () throws(ClientError) in try client.flushPendingTables() }
  }

  package func reset() throws(ReplayError) {
    try attempt { () throws(ClientError) in try client.reset() }
  }

  package func statistics() throws(ReplayError) -> StatisticsDocument {
    let json = try attempt { () throws(ClientError) in try client.statistics() }
    do { return try StatisticsDocument(json: json) } catch {
      throw ReplayError("\(mode): the daemon's statistics cannot be read: \(error)")
    }
  }
}

extension AdvanceCondition {
  /// The same on the wire.
  package init(_ condition: StopCondition) {
    self =
      switch condition {
      case .limit: .limit
      case .lineRaised(let pe): .lineRaised(pe.rawValue)
      case .lineChange: .lineChange
      case .idle: .idle
      }
  }
}
