// The page, metrics and events over a socket, and browsers that misbehave.

import Foundation
import GICClient
import GICReport
import Glibc
import Testing
import UVLoop

@testable import GICServer

/// A peer that speaks HTTP, or does not.
private final class Browser: ConnectionDelegate {
  private let loop: Loop
  private let connection: Connection
  private(set) var bytes: [UInt8] = []
  private(set) var isClosed = false

  init(_ endpoint: Endpoint) throws {
    loop = try Loop()
    connection = try Connection.connect(to: endpoint, on: loop)
    connection.delegate = self
    connection.resume()
  }
  deinit { loop.close() }

  func connection(_ connection: Connection, didReceive span: RawSpan) -> Int {
    // SAFETY: the buffer is read inside the closure only.
    unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return span.byteCount
  }
  func connectionDidDrain(_ connection: Connection) {}
  func connection(_ connection: Connection, didCloseFor reason: UVError?) { isClosed = true }

  func send(_ text: String) {
    connection.write { $0 += Array(text.utf8) }
    connection.flush()
  }
  /// Waits until the answer holds so many times `text`, or the end.
  func wait(for text: String? = nil, times: Int = 1) {
    while !isClosed {
      if let text, self.text.components(separatedBy: text).count > times { return }
      loop.run(.once)
    }
  }
  var text: String { String(decoding: bytes, as: UTF8.self) }
  var status: Int { Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0 }
  var body: String {
    text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
  }
  func header(_ name: String) -> String? {
    text.components(separatedBy: "\r\n").first { $0.hasPrefix(name + ": ") }
      .map { String($0.dropFirst(name.count + 2)) }
  }
}

/// What the daemon answers to one request, once it has ended the connection.
private func ask(
  _ daemon: Daemon, _ path: String, method: String = "GET", host: String = "localhost"
) throws -> Browser {
  let browser = try Browser(try #require(daemon.http))
  browser.send("\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
  browser.wait()
  return browser
}

private func daemon(
  _ change: @escaping @Sendable (inout ServerOptions.HTTPLimits) -> Void = { _ in }
) throws -> Daemon {
  try Daemon {
    $0.http = .tcp(host: "127.0.0.1", port: 0)
    change(&$0.httpLimits)
  }
}

private let answers: [(path: String, status: Int, type: String, holds: String)] = [
  ("/", 200, "text/html; charset=utf-8", "new EventSource('/events')"),
  ("/?a=b", 200, "text/html; charset=utf-8", "<title>itsd, live</title>"),
  ("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", "\nitsd_clients 1\n"),
  ("/favicon.ico", 404, "text/plain; charset=utf-8", "there are /, /metrics and /events"),
  ("/../etc/passwd", 404, "text/plain; charset=utf-8", "there are"),
]

@Test(arguments: answers)
func `a browser gets what it asks for, and nothing may be kept or framed`(
  path: String, status: Int, type: String, holds: String
) throws {
  let daemon = try daemon()
  let client = try daemon.controller()
  let answer = try ask(daemon, path)
  #expect(answer.status == status && answer.header("Content-Type") == type)
  #expect(answer.body.contains(holds))
  #expect(answer.header("Content-Length") == "\(answer.body.utf8.count)")
  #expect(answer.header("Cache-Control") == "no-store")
  #expect(answer.header("X-Frame-Options") == "DENY")
  #expect(answer.header("Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
  let head = try ask(daemon, path, method: "HEAD")
  #expect(head.status == status && head.body.isEmpty)
  #expect(head.header("Content-Length") == answer.header("Content-Length"))
  #expect(try client.mmioRead(0x0808_0000).value == 0)
}

@Test func `events come again and again, and tell of every machine`() throws {
  let daemon = try daemon { $0.intervalMilliseconds = 5 }
  let client = try daemon.controller("timed")
  let browser = try Browser(try #require(daemon.http))
  browser.send("GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
  browser.wait(for: "\n\n", times: 3)
  #expect(browser.header("Content-Type") == "text/event-stream")
  let events = browser.body.components(separatedBy: "\n\n").dropLast()
  #expect(events.count >= 3)
  var last = -1.0
  for event in events {
    #expect(event.hasPrefix("data: ") && !event.contains("\n"))
    let document = try LiveDocument(json: Array(event.dropFirst(6).utf8))
    #expect(document.machines.map(\.name) == ["m"] && document.clients == 1)
    #expect(document.machines[0].state == "runs" && document.machines[0].clients == 1)
    #expect(document.machines[0].clockHertz == 3_000_000_000)
    #expect(document.seconds > last)
    last = document.seconds
  }
  #expect(try ask(daemon, "/events", method: "HEAD").body.isEmpty)
  _ = try client.list()
}

private let refused: [(name: String, text: String, status: Int)] = [
  ("a name of somebody else's", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
  ("an address of the network", "GET /metrics HTTP/1.1\r\nHost: 10.0.0.7\r\n\r\n", 421),
  ("a change", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx", 405),
  (
    "a head of 100 KB",
    "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "y", count: 100_000), 431
  ),
  (
    "a thousand headers",
    "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 1_000) + "\r\n", 431
  ),
  ("a TLS greeting", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n", 400),
]

@Test(arguments: refused)
func `who asks in a wrong way is told so, and nobody else notices`(
  _: String, text: String, status: Int
) throws {
  let daemon = try daemon()
  let client = try daemon.controller()
  let browser = try Browser(try #require(daemon.http))
  browser.send(text)
  browser.wait()
  #expect(browser.status == status)
  #expect(!browser.body.isEmpty && browser.body.hasSuffix("\n"))
  #expect(try ask(daemon, "/").status == 200)
  #expect(try client.mmioRead(0x0808_0000).value == 0)
}

@Test func `a head that does not come ends, and makes room`() throws {
  let daemon = try daemon { ($0.patienceMilliseconds, $0.connections) = (1000, 2) }
  let endpoint = try #require(daemon.http)
  let slow = try [Browser(endpoint), Browser(endpoint)]
  for browser in slow { browser.send("GET / HTTP/1.1\r\nHost: loc") }
  for browser in slow { browser.wait() }
  #expect(slow.allSatisfy { $0.isClosed && $0.bytes.isEmpty })
  #expect(try ask(daemon, "/").status == 200)
}

@Test func `there are only so many connections and streams`() throws {
  let daemon = try daemon { ($0.connections, $0.streams) = (3, 1) }
  let endpoint = try #require(daemon.http)
  let listener = try Browser(endpoint)
  listener.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
  listener.wait(for: "\n\n")
  #expect(try ask(daemon, "/events").status == 503)
  let others = try [Browser(endpoint), Browser(endpoint)]
  for browser in others { browser.send("GET ") }
  // Those before are taken in the order in which they came.
  let last = try Browser(endpoint)
  last.wait()
  #expect(last.bytes.isEmpty && !others[0].isClosed)
}

@Test func `who listens and does not read is cut`() throws {
  let daemon = try daemon {
    ($0.streams, $0.intervalMilliseconds, $0.missedEvents) = (1, 1, 2)
  }
  let client = try daemon.controller("timed")
  guard case .tcp(_, let port)? = daemon.http else { return }
  // A window that is full soon.
  let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(number) }
  var small: Int32 = 2_048
  _ = unsafe setsockopt(number, SOL_SOCKET, SO_RCVBUF, &small, 4)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  let connected = unsafe withUnsafeBytes(of: address) { bytes in
    unsafe connect(
      number, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!,
      socklen_t(MemoryLayout<sockaddr_in>.size))
  }
  try #require(connected == 0)
  let request = Array("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
  _ = unsafe request.withUnsafeBytes { unsafe Glibc.send(number, $0.baseAddress, $0.count, 0) }
  // Its place is free once it is cut: then another gets it.
  var status = 503
  while status == 503 {
    let browser = try Browser(try #require(daemon.http))
    browser.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    browser.wait(for: "\r\n\r\n")
    status = browser.status
    // The first may not have been read yet.
    if status == 200, browser.text.contains("data:") { break }
  }
  #expect(status == 200)
  _ = try client.list()
}

@Test func `without the option nobody serves pages`() throws {
  #expect(try Daemon().http == nil)
}
