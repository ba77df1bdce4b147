import UVLoop

/// One connection of a browser or collector: a head in, an answer out, and the end; a stream of
/// events goes on.
final class HTTPSession: ConnectionDelegate {
  let connection: Connection
  private unowned let server: HTTPServer
  private var head: [UInt8] = []
  private var isAnswered = false
  private(set) var isStream = false
  private var missed = 0
  private var patience: Timer?

  init(_ connection: Connection, _ server: HTTPServer) throws(UVError) {
    (self.connection, self.server) = (connection, server)
    let timer = try Timer(on: server.loop) { [unowned connection] in connection.close() }
    timer.start(milliseconds: server.limits.patienceMilliseconds)
    patience = timer
    connection.delegate = self
  }

  func connection(_ connection: Connection, didReceive bytes: RawSpan) -> Int {
    guard !isAnswered else { return bytes.byteCount }
    let room = HTTPRequest.headByteCount - head.count
    // SAFETY: the buffer is read inside the closure only.
    unsafe bytes.withUnsafeBytes { unsafe head.append(contentsOf: $0.prefix(room)) }
    switch HTTPRequest.cut(head) {
    case .incomplete: break
    case .refused(let refusal): refuse(refusal)
    case .request(let request): answer(request)
    }
    return bytes.byteCount
  }

  private func answer(_ request: HTTPRequest) {
    guard
      HTTPRequest.isOwn(
        host: request.host, listeningAt: server.hostName, allowsRemote: server.allowsRemote)
    else {
      return refuse(
        HTTPRequest.Refusal(
          421, "the header Host names another machine: use 127.0.0.1 or localhost"),
        isHead: request.isHead)
    }
    switch request.path {
    case "/": send(200, "text/html; charset=utf-8", server.source.page(), request.isHead)
    case "/metrics":
      send(
        200, "text/plain; version=0.0.4; charset=utf-8", server.source.metrics(), request.isHead)
    case "/events":
      if request.isHead { return send(200, "text/event-stream", [], true) }
      stream()
    default:
      refuse(
        HTTPRequest.Refusal(404, "there are /, /metrics and /events"), isHead: request.isHead)
    }
  }

  private func stream() {
    guard server.addStream() else {
      return refuse(
        HTTPRequest.Refusal(503, "\(server.limits.streams) others listen: close a page"))
    }
    (isAnswered, isStream) = (true, true)
    patience?.close()
    patience = nil
    connection.write {
      $0 += HTTPSession.head(200, "text/event-stream", byteCount: nil)
      $0 += HTTPServer.event(server.source.events())
    }
    connection.flush()
  }

  /// An event, unless the reader has not yet taken the last ones.
  func tell(_ event: [UInt8]) {
    guard connection.queuedByteCount == 0 else {
      missed += 1
      if missed >= server.limits.missedEvents { connection.close() }
      return
    }
    missed = 0
    connection.write { $0 += event }
    connection.flush()
  }

  private func refuse(_ refusal: HTTPRequest.Refusal, isHead: Bool = false) {
    send(refusal.status, "text/plain; charset=utf-8", Array((refusal.reason + "\n").utf8), isHead)
  }

  /// The answer and the end: when it is taken, or the reader was too slow.
  private func send(_ status: Int, _ type: String, _ body: [UInt8], _ isHead: Bool) {
    isAnswered = true
    patience?.start(milliseconds: server.limits.patienceMilliseconds)
    connection.write {
      $0 += HTTPSession.head(status, type, byteCount: body.count)
      if !isHead { $0 += body }
    }
    connection.flush()
    connectionDidDrain(connection)
  }

  private static let reasons = [
    200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
    413: "Content Too Large", 421: "Misdirected Request", 431: "Request Header Fields Too Large",
    503: "Service Unavailable", 505: "HTTP Version Not Supported",
  ]

  /// Nothing is kept, framed, guessed at or fetched from elsewhere.
  private static func head(_ status: Int, _ type: String, byteCount: Int?) -> [UInt8] {
    var text = "HTTP/1.1 \(status) \(reasons[status] ?? "")\r\nContent-Type: \(type)\r\n"
    if let byteCount { text += "Content-Length: \(byteCount)\r\n" }
    if status == 405 { text += "Allow: GET, HEAD\r\n" }
    text += "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    text += "X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"
    text += "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
    text += "script-src 'unsafe-inline'; connect-src 'self'; img-src data:\r\n\r\n"
    return Array(text.utf8)
  }

  /// The peer closes when it has read all; what it still sends is thrown away meanwhile, since a
  /// close with bytes unread would take the answer from it.
  func connectionDidDrain(_ connection: Connection) {
    guard isAnswered, !isStream, connection.queuedByteCount == 0 else { return }
    connection.endSending()
  }

  func connection(_ connection: Connection, didCloseFor reason: UVError?) {
    patience?.close()
    patience = nil
    server.forget(self)
  }
}
