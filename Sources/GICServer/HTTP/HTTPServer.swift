// A page, metrics and events for browsers and collectors, beside the protocol: read only, on the
// daemon's first loop, one request to a connection.

import Logging
import UVLoop

/// Serves what its source says.
final class HTTPServer {
  /// What is shown, asked for anew with each answer.
  struct Source {
    var page: () -> [UInt8]
    var metrics: () -> [UInt8]
    /// JSON of one line.
    var events: () -> [UInt8]
  }

  let source: Source
  let limits: ServerOptions.HTTPLimits
  let allowsRemote: Bool
  let log: Logger
  let loop: Loop
  private(set) var listener: Listener?
  private var sessions: [ObjectIdentifier: HTTPSession] = [:]
  private var tick: Timer?
  private(set) var streamCount = 0

  /// Listens.
  /// - Parameter allowsRemote: on addresses other than loopback, too.
  init(
    at endpoint: Endpoint, on loop: Loop, allowsRemote: Bool, limits: ServerOptions.HTTPLimits,
    source: Source, log: Logger
  ) throws(UVError) {
    (self.loop, self.allowsRemote, self.limits, self.source) = (loop, allowsRemote, limits, source)
    self.log = log
    var costs = Connection.Limits()
    costs.receiveByteCount = HTTPRequest.headByteCount
    costs.sendByteCount = limits.sendByteCount
    listener = try Listener(
      at: endpoint, on: loop, allowsRemote: allowsRemote, limits: costs,
      onConnect: { [unowned self] in welcome($0) },
      onRefuse: { [unowned self] in
        self.log.warning("browser not taken", metadata: ["error": "\($0)"])
      })
    tick = try Timer(on: loop) { [unowned self] in tell() }
  }

  /// Where browsers come; a port that was 0 is the one chosen.
  var endpoint: Endpoint? { listener?.endpoint }

  /// The name or address that was listened at.
  var hostName: String {
    if case .tcp(let host, _)? = endpoint { host } else { "" }
  }

  private func welcome(_ connection: Connection) {
    guard sessions.count < limits.connections else {
      // Without an answer: those who come in masses would only have more of them written.
      connection.close()
      return
    }
    do throws(UVError) {
      let session = try HTTPSession(connection, self)
      sessions[ObjectIdentifier(session)] = session
      connection.resume()
    } catch { connection.close(for: error) }
  }

  func forget(_ session: HTTPSession) {
    sessions[ObjectIdentifier(session)] = nil
    if session.isStream { streamCount -= 1 }
  }

  /// Whether another stream of events may begin; it has then.
  func addStream() -> Bool {
    guard streamCount < limits.streams else { return false }
    streamCount += 1
    if streamCount == 1 { tick?.start(milliseconds: limits.intervalMilliseconds) }
    return true
  }

  /// One event for all who listen.
  private func tell() {
    guard streamCount > 0 else { return }
    let event = HTTPServer.event(source.events())
    for session in sessions.values where session.isStream { session.tell(event) }
    tick?.start(milliseconds: limits.intervalMilliseconds)
  }

  /// - Source: WHATWG HTML, "Server-sent events".
  static func event(_ json: [UInt8]) -> [UInt8] { Array("data: ".utf8) + json + [0x0a, 0x0a] }

  func close() {
    for session in sessions.values { session.connection.close(for: nil) }
    tick?.close()
    listener?.close()
  }
}
