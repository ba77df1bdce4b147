// A connection that goes on on another loop, which another thread may run.

import CUV
import Glibc

/// A connection between two loops: its socket, and what has come through it and was not consumed.
/// If it is dropped, the peer sees the end of the stream.
public struct Handover: @unchecked Sendable {
  // Nobody else has these descriptors, so they may go to another thread.
  fileprivate let socket: OwnedDescriptor
  fileprivate let isPipe: Bool
  fileprivate let limits: Connection.Limits
  fileprivate let sendByteLimit: Int
  fileprivate let received: [UInt8]
  fileprivate let descriptors: [OwnedDescriptor]
}

extension Connection {
  /// Takes the connection off its loop; this object and its delegate hear nothing of it any more.
  /// - Returns: nil while bytes are on their way to the peer, or when the connection is ending: it
  ///   stays as it is.
  public func handOver() throws(UVError) -> Handover? {
    guard !isClosing, !isEnding, queuedByteCount == 0 else { return nil }
    var number: CInt = -1
    try UVError.check(unsafe uv_fileno(handle, &number), "handing a connection over")
    let copy = try UVError.checkSystem(
      fcntl(number, F_DUPFD_CLOEXEC, 0), "handing a connection over")
    let handover = Handover(
      socket: OwnedDescriptor(adopting: copy), isPipe: isPipe, limits: limits,
      sendByteLimit: sendByteLimit, received: unconsumed, descriptors: takeAllDescriptors())
    pause()
    delegate = nil
    close()
    return handover
  }

  /// Goes on with a connection on another loop, not reading yet.
  public static func take(
    _ handover: Handover, on loop: Loop
  ) throws(UVError) -> Connection {
    let connection = try Connection(
      on: loop, isPipe: handover.isPipe, limits: handover.limits)
    do throws(UVError) {
      let number = try UVError.checkSystem(
        fcntl(handover.socket.number, F_DUPFD_CLOEXEC, 0), "taking a connection over")
      let status =
        handover.isPipe
        ? unsafe uv_pipe_open(connection.cast(to: uv_pipe_t.self), number)
        : unsafe uv_tcp_open(connection.cast(to: uv_tcp_t.self), number)
      guard status >= 0 else {
        _ = Glibc.close(number)
        throw UVError(errno: -status, call: "taking a connection over")
      }
    } catch {
      connection.close()
      throw error
    }
    connection.sendByteLimit = handover.sendByteLimit
    connection.begin(with: handover.received, handover.descriptors)
    return connection
  }
}
