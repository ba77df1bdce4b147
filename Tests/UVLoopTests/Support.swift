import Foundation
import Testing
import UVLoop

/// A directory for sockets that goes when the test ends.
final class Directory {
  let path: String
  init() throws {
    var template = Array("/tmp/uvloop-XXXXXX".utf8CString)
    // SAFETY: mkdtemp changes the template in place and keeps no pointer.
    let made = unsafe template.withUnsafeMutableBufferPointer {
      unsafe mkdtemp($0.baseAddress!) != nil
    }
    try #require(made)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func socket(_ name: String = "s") -> Endpoint { .unix(path: path + "/" + name) }
}

/// One end of a connection, and what has happened to it.
final class End: ConnectionDelegate {
  let connection: Connection
  var received: [UInt8] = []
  var reason: UVError??
  var drained = 0
  /// Sends back what it gets.
  var echoes = false
  /// Takes bytes only in pieces of so many.
  var granule = 1

  init(_ connection: Connection) {
    self.connection = connection
    connection.delegate = self
  }

  func connection(_ connection: Connection, didReceive bytes: RawSpan) -> Int {
    let count = bytes.byteCount / granule * granule
    // SAFETY: the buffer is read inside the closure only.
    let piece = unsafe bytes.extracting(first: count).withUnsafeBytes { unsafe Array($0) }
    received += piece
    if echoes {
      connection.write { $0 += piece }
      connection.flush()
    }
    return count
  }
  func connectionDidDrain(_ connection: Connection) { drained += 1 }
  func connection(_ connection: Connection, didCloseFor reason: UVError?) {
    self.reason = .some(reason)
  }
}

/// A listener and one client of it, on one loop.
final class Pair {
  let loop: Loop
  let listener: Listener
  let client: End
  let server: End

  init(
    at endpoint: Endpoint, serverLimits: Connection.Limits = .init(), reads: Bool = true
  ) throws {
    loop = try Loop()
    var accepted: Connection?
    listener = try Listener(
      at: endpoint, on: loop, limits: serverLimits, onConnect: { accepted = $0 },
      onRefuse: { Issue.record("refused: \($0)") })
    client = End(try Connection.connect(to: listener.endpoint, on: loop))
    for _ in 0..<10 where accepted == nil { loop.run(.once) }
    server = End(try #require(accepted))
    if reads {
      server.connection.resume()
      client.connection.resume()
    }
  }

  deinit { loop.close() }

  /// Runs the loop until the condition holds; false when it does not come true.
  func run(until condition: () -> Bool) -> Bool {
    for _ in 0..<10_000 {
      if condition() { return true }
      loop.run(.noWait)
    }
    return condition()
  }
}

func send(_ bytes: [UInt8], from end: End, with descriptor: OwnedDescriptor? = nil) {
  if let descriptor {
    end.connection.send([descriptor]) { $0 += bytes }
  } else {
    end.connection.write { $0 += bytes }
    end.connection.flush()
  }
}
