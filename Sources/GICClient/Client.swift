// A blocking client, and beneath it a pipelined one: ask without waiting, take the answers in
// order.

import GICWire
import UVLoop

/// One connection to a daemon. Used from one thread at a time.
public final class Client {
  private let loop: Loop
  private let connection: Connection
  private let inbox = Inbox()
  private var lastID: UInt32 = 0
  /// Frames that were sent or will be with the next flush.
  private(set) var framesSent: UInt64 = 0
  /// What both ends agreed on.
  public private(set) var hello = Hello()
  /// The machine's shape, after ``attach(machine:role:configuration:wantsLines:keep:)``.
  public private(set) var attachment: Attachment?
  /// Requests that may be on their way at once before ``submit(_:at:flags:)`` waits.
  public var window = 4096
  /// Bytes of requests that are gathered before they are sent.
  private static let gather = 32 << 10

  /// Connects and greets. A daemon that does not answer within 10 seconds counts as none.
  public init(connectingTo endpoint: Endpoint, name: String = "client") throws(ClientError) {
    do throws(UVError) {
      loop = try Loop()
    } catch { throw ClientError(connecting: error, to: endpoint) }
    do throws(UVError) {
      var limits = Connection.Limits()
      limits.receiveByteCount = inbox.frameLimit
      limits.sendByteCount = .max
      connection = try Connection.connect(to: endpoint, on: loop, limits: limits)
    } catch {
      loop.close()
      throw ClientError(connecting: error, to: endpoint)
    }
    connection.delegate = inbox
    connection.resume()
    do throws(ClientError) { try greet(endpoint, name) } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Ends the connection; what was not sent is lost. Nothing else may be called afterwards. To the
  /// daemon this is a client that was lost: ``leave()`` says goodbye.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    loop.close()
  }
  private var isClosed = false

  private func greet(_ endpoint: Endpoint, _ name: String) throws(ClientError) {
    var mine = Hello()
    mine.capabilities.name = name
    let inbox = inbox
    let connection = connection
    let timer: Timer
    do throws(UVError) {
      timer = try Timer(on: loop) {
        inbox.failure = ClientError(
          errno: 110, text: "\(endpoint) does not answer",
          advice: "is it an itsd that listens there?")
        connection.close(for: nil)
      }
    } catch { throw ClientError(connecting: error, to: endpoint) }
    timer.start(milliseconds: 10_000)
    defer { timer.close() }
    let reply = try call(.hello(mine))
    do throws(WireError) { hello = try reply.hello() } catch { throw ClientError(error) }
  }

  // MARK: Pipelined

  /// Requests that have not been answered.
  public var outstanding: Int { inbox.outstanding }

  /// Asks without waiting. Waits only while ``window`` requests are on their way.
  /// - Parameters:
  ///   - cycle: the caller's now; nil lets the machine choose.
  ///   - flags: `noReply` posts the request: there will be no reply, not even of an error.
  /// - Returns: the number that the reply will carry.
  @discardableResult
  public func submit(
    _ request: Request, at cycle: UInt64? = nil, flags: FrameFlags = []
  ) throws(ClientError) -> UInt32 {
    try checkOpen()
    let id = enqueue(request, at: cycle, flags: flags)
    if connection.queuedByteCount >= Client.gather { try push() }
    while outstanding >= max(window, 1) {
      connection.flush()
      try wait()
    }
    return id
  }

  /// Sends what was gathered, and takes what has arrived: the replies, in order. Never waits for
  /// more.
  public func poll() throws(ClientError) -> [Reply] {
    connection.flush()
    loop.run(.noWait)
    if inbox.replies.isEmpty { try checkOpen() }
    return takeReplies()
  }

  /// Waits until every request is answered. Returns the replies not taken before, in order; a
  /// refusal is one of them, with its errno.
  public func drain() throws(ClientError) -> [Reply] {
    connection.flush()
    while outstanding > 0 { try wait() }
    // Posted requests leave as well.
    while connection.queuedByteCount > 0 { try wait() }
    return takeReplies()
  }

  private func takeReplies() -> [Reply] {
    defer { inbox.replies.removeAll(keepingCapacity: true) }
    return inbox.replies
  }

  /// Line changes since the last call, in order.
  public func takeLineChanges() -> [LineNotice] {
    defer {
      inbox.notices.removeAll(keepingCapacity: true)
      inbox.noticePositions.removeAll(keepingCapacity: true)
    }
    return inbox.notices
  }

  /// What has come since the last call: replies in order, and line changes, each with how many of
  /// these replies came before it. A change comes before the reply to what caused it.
  /// - Parameter all: wait until every request is answered, as ``drain()`` does.
  public func takeArrivals(
    all: Bool
  ) throws(ClientError) -> (replies: [Reply], lines: [(notice: LineNotice, after: Int)]) {
    // Both are taken before the next thing can arrive, so the positions are these replies'.
    let replies = all ? try drain() : try poll()
    let positions = inbox.noticePositions
    return (replies, Array(zip(takeLineChanges(), positions)))
  }

  // MARK: Blocking

  /// Asks and waits for the answer; replies to earlier ``submit(_:at:flags:)`` stay for ``poll()``.
  /// - Throws: the daemon's errno and sentence if it refuses.
  public func call(
    _ request: Request, at cycle: UInt64? = nil, flags: FrameFlags = []
  ) throws(ClientError) -> Reply {
    try call(request, at: cycle, flags: flags, carrying: nil)
  }

  func call(
    _ request: Request, at cycle: UInt64? = nil, flags: FrameFlags = [],
    carrying descriptor: OwnedDescriptor?
  ) throws(ClientError) -> Reply {
    try checkOpen()
    enqueue(request, at: cycle, flags: flags, carrying: descriptor)
    connection.flush()
    guard !flags.contains(.noReply) else { return Reply(to: request.type, id: lastID) }
    // Answers come in order: the last of them is this request's.
    while outstanding > 0 { try wait() }
    guard let reply = inbox.replies.popLast() else {
      preconditionFailure("every request without the no-reply flag is answered")
    }
    guard reply.errno == 0 else { throw ClientError(refused: reply, request.type) }
    return reply
  }

  /// The same for what is answered with descriptors.
  func callForDescriptors(
    _ request: Request, count: Int
  ) throws(ClientError) -> (Reply, [OwnedDescriptor]) {
    let reply = try call(request)
    defer { inbox.descriptors.removeAll() }
    guard inbox.descriptors.count == count else {
      throw ClientError(
        errno: 9, text: "\(request.type): \(inbox.descriptors.count) of \(count) descriptors came")
    }
    return (reply, inbox.descriptors)
  }

  /// Sends what was gathered.
  func flush() { connection.flush() }

  /// - Throws: why the connection has ended.
  func checkAlive() throws(ClientError) {
    loop.run(.noWait)
    try checkOpen()
  }

  @discardableResult
  private func enqueue(
    _ request: Request, at cycle: UInt64?, flags: FrameFlags,
    carrying descriptor: OwnedDescriptor? = nil
  ) -> UInt32 {
    lastID &+= 1
    framesSent += 1
    let id = lastID
    if !flags.contains(.noReply) { inbox.expect(id) }
    let time = picoseconds(cycle)
    if let descriptor {
      connection.send([descriptor]) { request.append(to: &$0, id: id, flags: flags, time: time) }
    } else {
      connection.write { request.append(to: &$0, id: id, flags: flags, time: time) }
    }
    return id
  }

  /// Lets the loop take what the kernel has, and send what it takes.
  private func push() throws(ClientError) {
    connection.flush()
    loop.run(.noWait)
    // A client that only posts would otherwise fill its own memory.
    while connection.queuedByteCount > 8 << 20 { try wait() }
  }

  /// What arrives together with the end of the connection still counts: the end shows at the next
  /// wait.
  func wait() throws(ClientError) {
    try checkOpen()
    loop.run(.once)
  }

  private func checkOpen() throws(ClientError) {
    if let failure = inbox.failure { throw failure }
    if isClosed { throw ClientError(errno: 107, text: "the client was closed") }
  }

  /// Between cycles and picoseconds of the attached machine.
  var clock: ClockScale { attachment?.clock ?? ClockScale(hertz: 1) }

  /// Attaches to a machine; the control role creates it if it is not there.
  /// - Parameters:
  ///   - configuration: YAML laid over the daemon's own configuration.
  ///   - keep: the machine stays when nobody is attached any more.
  ///   - fresh: a machine of that name whose control was lost is not gone on with, but made anew.
  @discardableResult
  public func attach(
    machine: String, role: Role = .control, configuration: String = "", wantsLines: Bool = true,
    keep: Bool = false, timeMode: TimeMode = .free, fresh: Bool = false
  ) throws(ClientError) -> Attachment {
    let reply = try call(
      .attach(
        Attach(
          machine: machine, role: role, configuration: configuration, wantsLines: wantsLines,
          keep: keep, timeMode: timeMode, fresh: fresh)))
    guard var attachment = Attachment(decoding: reply.tail) else {
      throw ClientError(errno: 71, text: "the daemon's answer to ATTACH makes no sense")
    }
    attachment.flags = reply.value
    attachment.requestCount = reply.latency
    self.attachment = attachment
    return attachment
  }

  /// Says goodbye and waits for the answer: the machine has been left when it comes.
  public func leave() throws(ClientError) {
    _ = try call(.bye)
    close()
  }

  /// Bytes that one frame's tail may carry.
  var tailLimit: Int { hello.capabilities.frameLimit - Slot.byteCount }
}
