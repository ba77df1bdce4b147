// What the daemon has sent and the caller has not taken.

import GICWire
import Glibc
import UVLoop

/// Cuts and decodes what arrives, and checks that it answers what was asked.
final class Inbox: ConnectionDelegate {
  var frameLimit = Slot.byteCount + WireProtocol.defaultTailLimit
  var replies: [Reply] = []
  var notices: [LineNotice] = []
  /// For each notice, how many of ``replies`` came before it.
  var noticePositions: [Int] = []
  /// What came with the last reply.
  var descriptors: [OwnedDescriptor] = []
  /// Set once, when the connection has ended.
  var failure: ClientError?
  /// Identifiers of requests that will be answered, in order; the first `answered` have been.
  private var expected: [UInt32] = []
  private var answered = 0

  var outstanding: Int { expected.count - answered }

  func expect(_ id: UInt32) {
    if answered > 4096, answered * 2 > expected.count {
      expected.removeFirst(answered)
      answered = 0
    }
    expected.append(id)
  }

  func connection(_ connection: Connection, didReceive bytes: RawSpan) -> Int {
    var offset = 0
    while true {
      let rest = bytes.extracting(droppingFirst: offset)
      switch FrameCut(rest, limit: frameLimit) {
      case .incomplete: return offset
      case .broken(let error):
        fail(connection, error)
        return bytes.byteCount
      case .frame(let byteCount):
        do throws(WireError) { try take(rest.extracting(first: byteCount), connection) } catch {
          fail(connection, error)
          return bytes.byteCount
        }
        offset += byteCount
      }
    }
  }

  private func take(_ frame: RawSpan, _ connection: Connection) throws(WireError) {
    guard let slot = Slot(decoding: frame) else { return }
    switch try DaemonMessage(decoding: slot, frame: frame) {
    case .line(let notice):
      notices.append(notice)
      noticePositions.append(replies.count)
    case .closing(let notice):
      failure = ClientError(errno: notice.errno, text: notice.text)
    case .unknown: break
    case .reply(let reply):
      if reply.descriptorCount > 0 || !descriptors.isEmpty {
        descriptors = (0..<reply.descriptorCount).compactMap { _ in connection.takeDescriptor() }
      }
      guard outstanding > 0, expected[answered] == reply.id else {
        throw WireError(.eproto, "the daemon answered \(reply.id), which was not asked next")
      }
      answered += 1
      replies.append(reply)
    }
  }

  private func fail(_ connection: Connection, _ error: WireError) {
    if failure == nil { failure = ClientError(error) }
    connection.close(for: nil)
  }

  func connectionDidDrain(_ connection: Connection) {}

  func connection(_ connection: Connection, didCloseFor reason: UVError?) {
    guard failure == nil else { return }
    // That the daemon has closed shows when reading or, first, when writing: one name for both.
    let isClosed = reason == nil || reason?.errno == EPIPE || reason?.errno == ECONNRESET
    failure = ClientError(
      errno: UInt32(isClosed ? ECONNRESET : reason?.errno ?? 0),
      text: isClosed ? "the daemon closed the connection" : reason?.description ?? "",
      advice: "its log says why")
  }
}
