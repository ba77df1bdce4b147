import CUV
import Glibc

/// A call to libuv or the kernel that failed: the host's trouble, never shown to the guest.
public struct UVError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A Linux errno, positive: 32 is EPIPE.
  public let errno: Int32
  /// What was tried, and on what.
  public let call: String
  /// What whoever asked for it can do about it, if that is known.
  public let mend: String?
  public init(errno: Int32, call: String, mend: String? = nil) {
    (self.errno, self.call, self.mend) = (errno, call, mend)
  }

  public var description: String {
    // SAFETY: strerror never returns null, and the text is copied before anything else runs.
    let what = unsafe "\(call): \(String(cString: strerror(errno)))"
    return mend.map { "\(what); \($0)" } ?? what
  }

  /// Passes a libuv status through or throws it: the one place a status is compared with zero.
  @discardableResult
  static func check(_ status: CInt, _ call: @autoclosure () -> String) throws(UVError) -> CInt {
    guard status >= 0 else { throw UVError(errno: -status, call: call()) }
    return status
  }

  /// The same for a system call, which says -1 and leaves the errno aside.
  @discardableResult
  static func checkSystem(_ result: CInt, _ call: @autoclosure () -> String) throws(UVError) -> CInt
  {
    guard result >= 0 else { throw UVError(errno: Glibc.errno, call: call()) }
    return result
  }
}
