// Looking again instead of sleeping. Who has been answered often asks again at once, and the looks
// until then cost less than to wake a processor that has gone to sleep.

import CUV

/// Keeps a loop awake for a moment after each request that it is told of.
///
/// Where nothing comes while it looks, because the peer has to run on this very processor or has
/// enough to do between two requests, it soon looks after few requests only.
public final class Linger: Handle {
  /// Looks after a request, each a call of the kernel; 0: none.
  private let looks: Int
  private var rest = 0
  /// How many times in a row it may still look in vain.
  private var credit = Linger.mostCredit
  /// Requests since it last looked without credit.
  private var skipped = 0
  private static let mostCredit = 4
  private static let skips = 256

  public init(on loop: Loop, looks: Int) throws(UVError) {
    self.looks = looks
    super.init(UV_IDLE)
    // SAFETY: the memory is an idle handle's, and not initialised yet.
    try UVError.check(unsafe uv_idle_init(loop.raw, cast(to: uv_idle_t.self)), "linger")
    adopt()
  }

  /// Whether the loop does not sleep just now.
  public var isLooking: Bool { rest > 0 }

  /// A request has been answered.
  public func requestDone() {
    guard looks > 0, !isClosing else { return }
    if rest > 0 {
      (rest, credit) = (looks, Linger.mostCredit)
      return
    }
    if credit == 0 {
      skipped += 1
      guard skipped >= Linger.skips else { return }
      skipped = 0
    }
    rest = looks
    // SAFETY: an initialised idle handle, here and below. While it runs libuv asks the kernel
    // without waiting.
    _ = unsafe uv_idle_start(cast(to: uv_idle_t.self)) { raw in
      guard let raw = unsafe raw, let linger = unsafe Handle.from(raw) as? Linger else { return }
      linger.look()
    }
  }

  private func look() {
    rest -= 1
    guard rest == 0 else { return }
    credit = max(credit - 1, 0)
    _ = unsafe uv_idle_stop(cast(to: uv_idle_t.self))
  }
}
