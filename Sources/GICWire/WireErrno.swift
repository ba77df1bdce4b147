// What can be wrong with a request. The numbers are Linux's, so that a C client can pass them on.

/// An errno as it stands in a reply.
/// - Source: Linux, `asm-generic/errno-base.h` and `asm-generic/errno.h`.
public enum WireErrno: UInt32, Sendable, CaseIterable {
  /// The role does not allow it, or a memfd that cannot be sealed.
  case eperm = 1
  /// No machine of that name.
  case enoent = 2
  /// The host's disk.
  case eio = 5
  /// No such PE.
  case enxio = 6
  /// A count above what the protocol allows.
  case e2big = 7
  /// The frame should have brought a descriptor, and none came.
  case ebadf = 9
  case enomem = 12
  /// A state that cannot be saved at all.
  case eacces = 13
  /// Guest memory that nobody has mapped.
  case efault = 14
  /// Somebody else is this PE, or the machine is quiesced.
  case ebusy = 16
  /// It is there already, and is another one.
  case eexist = 17
  /// No such device.
  case enodev = 19
  case einval = 22
  /// A limit of the daemon is reached.
  case enospc = 28
  /// A message type that this daemon does not know.
  case enosys = 38
  /// A message that may not come now: before HELLO or ATTACH, or a second time.
  case eproto = 71
  case eoverflow = 75
  /// A frame larger than negotiated.
  case emsgsize = 90
  /// HELLO: no common major version.
  case eprotonosupport = 93
  case eopnotsupp = 95
  /// The peer reads too slowly.
  case enobufs = 105
}

/// A request that cannot be carried out: the number, and a sentence that says what, and the mend.
public struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
  public var errno: WireErrno
  public var text: String
  public init(_ errno: WireErrno, _ text: String) { (self.errno, self.text) = (errno, text) }
  public var description: String { "\(String(describing: errno).uppercased()): \(text)" }
}
