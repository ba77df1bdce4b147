// Where to listen, and where not.

import Foundation
import Testing
import UVLoop

private let addresses: [(text: String, endpoint: Endpoint?)] = [
  ("unix:/run/itsd.sock", .unix(path: "/run/itsd.sock")),
  ("unix:rel.sock", .unix(path: "rel.sock")),
  ("tcp:127.0.0.1:7600", .tcp(host: "127.0.0.1", port: 7600)),
  ("tcp:localhost:0", .tcp(host: "localhost", port: 0)),
  ("tcp:[::1]:7600", .tcp(host: "::1", port: 7600)),
  ("unix:", nil), ("tcp:127.0.0.1", nil), ("tcp:127.0.0.1:", nil), ("tcp:127.0.0.1:70000", nil),
  ("tcp::1", nil), ("udp:1:2", nil), ("", nil), ("/run/itsd.sock", nil),
]

@Test(arguments: addresses)
func `an address is read as people write it`(text: String, endpoint: Endpoint?) {
  #expect((try? Endpoint(parsing: text)) == endpoint)
  if let endpoint { #expect(endpoint.description == text) }
}

private func listen(
  _ endpoint: Endpoint, on loop: Loop, allowsRemote: Bool = false
) throws(UVError) -> Listener {
  try Listener(
    at: endpoint, on: loop, allowsRemote: allowsRemote, limits: Connection.Limits(),
    onConnect: { $0.close() }, onRefuse: { _ in })
}

/// What listening fails with, as an errno; 0 when it does not.
private func refusal(_ endpoint: Endpoint, allowsRemote: Bool = false) throws -> Int32 {
  let loop = try Loop()
  defer { loop.close() }
  do throws(UVError) {
    _ = try listen(endpoint, on: loop, allowsRemote: allowsRemote)
    return 0
  } catch { return error.errno }
}

@Test func `a socket file is this user's only, and goes with its listener`() throws {
  let directory = try Directory()
  let loop = try Loop()
  _ = try listen(directory.socket(), on: loop)
  let path = directory.path + "/s"
  let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  #expect(mode == 0o600)
  loop.close()
  #expect(!FileManager.default.fileExists(atPath: path))
}

@Test func `a socket that nobody answers on is replaced, one that answers is not`() throws {
  let directory = try Directory()
  let path = directory.path + "/s"
  let loop = try Loop()
  _ = try listen(directory.socket(), on: loop)
  #expect(try refusal(directory.socket()) == EADDRINUSE)
  #expect(FileManager.default.fileExists(atPath: path))
  // A second name keeps the file after its listener has gone, as a killed daemon would.
  try FileManager.default.linkItem(atPath: path, toPath: path + "2")
  loop.close()
  #expect(FileManager.default.fileExists(atPath: path + "2"))
  #expect(try refusal(directory.socket("s2")) == 0)
}

@Test func `other files are left alone`() throws {
  let directory = try Directory()
  let path = directory.path + "/s"
  try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
  #expect(try refusal(directory.socket()) == EEXIST)
  #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
}

@Test func `a path that the kernel would cut is refused`() throws {
  #expect(try refusal(.unix(path: "/tmp/" + String(repeating: "x", count: 103))) == ENAMETOOLONG)
}

@Test func `TCP stays on this machine unless it is allowed out`() throws {
  #expect(try refusal(.tcp(host: "0.0.0.0", port: 0)) == EACCES)
  #expect(try refusal(.tcp(host: "0.0.0.0", port: 0), allowsRemote: true) == 0)
  #expect(try refusal(.tcp(host: "localhost", port: 0)) == 0)
  #expect(try refusal(.tcp(host: "no such host", port: 1)) == EADDRNOTAVAIL)
}

@Test func `nobody there is an error that says so`() throws {
  let directory = try Directory()
  let loop = try Loop()
  defer { loop.close() }
  let error = #expect(throws: UVError.self) {
    try Connection.connect(to: directory.socket(), on: loop)
  }
  #expect(error?.errno == ENOENT)
}

@Test func `turns, timers, signals and other threads wake the loop`() throws {
  let loop = try Loop()
  defer { loop.close() }
  var heard: [String] = []
  let turn = try NextTurn(on: loop) { heard.append("turn") }
  let timer = try Timer(on: loop) { heard.append("timer") }
  let signal = try Signal(SIGUSR2, on: loop) { heard.append("signal") }
  let wakeup = try Wakeup(on: loop) { heard.append("wakeup") }
  func comes(_ what: String) -> Bool {
    for _ in 0..<100 where !heard.contains(what) { loop.run(.once) }
    return heard.contains(what)
  }
  turn.request()
  turn.request()
  #expect(comes("turn"))
  loop.run(.noWait)
  #expect(heard == ["turn"])
  timer.start(milliseconds: 1)
  #expect(comes("timer"))
  kill(getpid(), SIGUSR2)
  #expect(comes("signal"))
  Thread { wakeup.signal() }.start()
  #expect(comes("wakeup"))
  signal.close()
}
