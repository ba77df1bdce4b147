import GICWire
import Glibc
import UVLoop

/// What went wrong between a client and its daemon, and the mend.
public struct ClientError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A Linux errno: the daemon's, or the host's when no daemon answered.
  public let errno: UInt32
  /// What, and on what.
  public let text: String
  /// What to do about it; empty when `text` says it.
  public let advice: String

  public init(errno: UInt32, text: String, advice: String = "") {
    (self.errno, self.text, self.advice) = (errno, text, advice)
  }

  public var description: String { advice.isEmpty ? text : "\(text): \(advice)" }

  init(connecting error: UVError, to endpoint: Endpoint) {
    let advice =
      switch error.errno {
      case ENOENT, ECONNREFUSED: "start the daemon: itsd --listen \(endpoint)"
      case EACCES, EPERM: "the socket belongs to another user"
      default: ""
      }
    self.init(errno: UInt32(error.errno), text: error.description, advice: advice)
  }

  init(refused reply: Reply, _ type: MessageType) {
    self.init(errno: reply.errno, text: "\(type): \(reply.errorText)")
  }

  init(_ error: WireError) { self.init(errno: error.errno.rawValue, text: error.text) }
}
