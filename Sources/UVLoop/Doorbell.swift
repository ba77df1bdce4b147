// An eventfd between two processes: who rings it wakes the other end's loop or its poll(2).

import CUV
import Glibc

/// A new eventfd, not blocking.
public func makeEventDescriptor() throws(UVError) -> OwnedDescriptor {
  let flags = CInt(EFD_CLOEXEC | EFD_NONBLOCK)
  return OwnedDescriptor(adopting: try UVError.checkSystem(eventfd(0, flags), "eventfd"))
}

/// Lets this process have as many descriptors as its hard limit allows: a thousand clients with
/// rings need more than the thousand that is usual.
public func raiseDescriptorLimit() {
  var limits = rlimit()
  // SAFETY: one structure, written and read during the calls only.
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return }
  limits.rlim_cur = limits.rlim_max
  _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
}

/// CPUs that this process may run on.
public func availableCPUCount() -> Int { Int(uv_available_parallelism()) }

extension OwnedDescriptor {
  /// Rings the eventfd. Never waits, whatever the other end has done to it: one that is full has
  /// been rung.
  public func ring() {
    var state = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    // SAFETY: one structure, read and written during the call only; the word likewise.
    guard unsafe poll(&state, 1, 0) == 1, state.revents & Int16(POLLOUT) != 0 else { return }
    var one: UInt64 = 1
    _ = unsafe Glibc.write(number, &one, 8)
  }

  /// Takes back what was rung. Never waits.
  public func silence() {
    var count: UInt64 = 0
    unsafe withUnsafeMutableBytes(of: &count) { bytes in
      // SAFETY: the eight bytes live during the call. Even if the other end has made the eventfd
      // blocking, this flag keeps the read from waiting.
      var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: 8)
      _ = unsafe preadv2(number, &part, 1, -1, CInt(itsd_RWF_NOWAIT))
    }
  }

  /// Waits until it is rung, at most so many milliseconds (-1: for ever), and takes that back.
  /// - Returns: false when the time was over first.
  @discardableResult
  public func waitForRing(milliseconds: Int32) -> Bool {
    var state = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    // SAFETY: one structure, read and written during the call only.
    guard unsafe poll(&state, 1, milliseconds) == 1 else { return false }
    silence()
    return true
  }
}

/// The end of an eventfd that is heard: a closure runs on the loop whenever it is rung.
public final class Doorbell: Handle {
  /// To be given to the end that rings.
  public let descriptor: OwnedDescriptor
  private let action: () -> Void

  public init(on loop: Loop, action: @escaping () -> Void) throws(UVError) {
    descriptor = try makeEventDescriptor()
    self.action = action
    super.init(UV_POLL)
    let raw = unsafe cast(to: uv_poll_t.self)
    // SAFETY: the memory is a poll handle's, not initialised yet; the descriptor stays open until
    // libuv has let go of the handle.
    try UVError.check(unsafe uv_poll_init(loop.raw, raw, descriptor.number), "doorbell")
    adopt()
    let status = unsafe uv_poll_start(raw, CInt(UV_READABLE.rawValue)) { raw, _, _ in
      guard let raw = unsafe raw, let bell = unsafe Handle.from(raw) as? Doorbell else { return }
      bell.descriptor.silence()
      bell.action()
    }
    guard status >= 0 else {
      close()
      throw UVError(errno: -status, call: "doorbell")
    }
  }
}
