// Heads of HTTP requests: what is one, what is refused, and who may ask.

import GICServer
import Testing

private func refused(_ status: Int, _ bytes: [UInt8]) -> Bool {
  if case .refused(let refusal) = HTTPRequest.cut(bytes) { return refusal.status == status }
  return false
}

private let wrong: [(name: String, head: String, status: Int)] = [
  ("no request", "hello\r\n\r\n", 400),
  ("two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
  ("a method that changes things", "POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
  ("a method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
  ("a proxy's request", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
  ("HTTP/2 without agreement", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
  ("HTTP/0.9", "GET /\r\n\r\n", 400),
  ("no host", "GET / HTTP/1.1\r\n\r\n", 400),
  ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
  ("a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 413),
  ("a body in pieces", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
  ("a header that goes on", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
  ("a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
  ("a header without a name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
  ("a control character", "GET / HTTP/1.1\r\nHost: a\u{1}b\r\n\r\n", 400),
  ("a carriage return inside", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400),
  ("a path with a tab", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
  ("a path beyond ASCII", "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
  (
    "too many headers",
    "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 64) + "\r\n", 431
  ),
  ("a head that does not end", "GET /" + String(repeating: "a", count: 9_000), 431),
  ("empty lines that do not end", String(repeating: "\r\n", count: 5_000), 431),
]

@Test(arguments: wrong)
func `a head that is no request for a page is refused`(_: String, head: String, status: Int) {
  #expect(refused(status, Array(head.utf8)))
}

@Test func `a head is complete with its empty line, and not a byte sooner`() {
  let head = Array("\r\nGET /a?b=/c HTTP/1.1\r\nHOST:\t 127.0.0.1:80 \r\nX:\r\n\r\n".utf8)
  for count in 0..<head.count {
    #expect(HTTPRequest.cut(Array(head[..<count])) == .incomplete, "\(count)")
  }
  guard case .request(let request) = HTTPRequest.cut(head + Array("GET".utf8)) else {
    Issue.record("not taken")
    return
  }
  #expect(request.path == "/a" && request.host == "127.0.0.1:80" && !request.isHead)
  guard case .request(let old) = HTTPRequest.cut(Array("HEAD / HTTP/1.0\n\n".utf8)) else {
    Issue.record("not taken")
    return
  }
  #expect(old.isHead && old.host.isEmpty)
}

@Test func `as many headers as there may be are taken`() {
  let head =
    "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 63) + "\r\n"
  if case .request = HTTPRequest.cut(Array(head.utf8)) { return }
  Issue.record("not taken")
}

/// Who is asked for, listening at `gic.lab` with or without others allowed.
private let hosts: [(host: String, local: Bool, remote: Bool)] = [
  ("127.0.0.1", true, true), ("127.0.0.1:7601", true, true), ("127.1.2.3:80", true, true),
  ("localhost", true, true), ("LOCALHOST:1", true, true), ("[::1]:7601", true, true),
  ("[::1]", true, true), ("10.0.0.7", false, true), ("[fe80::1]:80", false, true),
  ("gic.lab:7601", false, true), ("GIC.LAB", false, true),
  ("evil.example", false, false), ("127.0.0.1.evil.example", false, false),
  ("localhost.evil.example:7601", false, false), ("127.0.0.1@evil", false, false),
  ("127.0.0.256", false, false), ("127.0.0.+1", false, false), ("127.0.0", false, false),
  ("127.0.0.1:", false, false), ("127.0.0.1:+80", false, false), ("127.0.0.1:99999", false, false),
  ("[::1", false, false), ("[::1]x", false, false), ("[evil]", false, false), ("", false, false),
  (":80", false, false),
]

@Test(arguments: hosts)
func `a name that can be made to mean this machine is not its own`(
  host: String, local: Bool, remote: Bool
) {
  #expect(HTTPRequest.isOwn(host: host, listeningAt: "gic.lab", allowsRemote: false) == local)
  #expect(HTTPRequest.isOwn(host: host, listeningAt: "gic.lab", allowsRemote: true) == remote)
}

@Test func `any bytes are a request, not yet one, or refused`() {
  var state: UInt64 = 7
  let words = [
    "GET ", "HEAD ", "/", " HTTP/1.1", "\r\n", "\r\n\r\n", "Host: a", ":", "\0", "é", "\t",
  ]
  for _ in 0..<20_000 {
    var bytes: [UInt8] = []
    for _ in 0..<12 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let pick = Int(state >> 40)
      if pick % 5 == 0 {
        bytes.append(UInt8(truncatingIfNeeded: pick >> 8))
      } else {
        bytes += Array(words[pick % words.count].utf8)
      }
    }
    if case .request(let request) = HTTPRequest.cut(bytes) {
      #expect(request.path.hasPrefix("/") && !request.path.contains("?"))
    }
  }
}
