// Threads, and what keeps one of them out while another is at work.

import CUV

/// Lets one thread at a time through. A thread that has it must not ask for it again.
@safe public final class Lock: @unchecked Sendable {
  private let raw: UnsafeMutablePointer<uv_mutex_t>

  public init() {
    unsafe raw = .allocate(capacity: 1)
    // SAFETY: the memory is a mutex's, belongs to this object, and stays where it is.
    let status = unsafe uv_mutex_init(raw)
    precondition(status == 0, "no memory for a lock")
  }

  deinit {
    // SAFETY: whoever holds the lock holds a reference: so nobody does.
    unsafe uv_mutex_destroy(raw)
    unsafe raw.deallocate()
  }

  @discardableResult
  public func withLock<Result: ~Copyable, Failure>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // SAFETY: an initialised mutex, here and below.
    unsafe uv_mutex_lock(raw)
    defer { unsafe uv_mutex_unlock(raw) }
    return try body()
  }
}

/// A thread that runs a closure once.
@safe public final class LoopThread {
  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  private var thread = uv_thread_t()

  /// Starts it. ``join()`` must be called once.
  public init(_ body: @escaping @Sendable () -> Void) throws(UVError) {
    // SAFETY: the thread takes back the reference that is made for it here.
    let work = unsafe Unmanaged.passRetained(Work(body))
    let status = unsafe uv_thread_create(
      &thread,
      { raw in
        guard let raw = unsafe raw else { return }
        unsafe Unmanaged<Work>.fromOpaque(raw).takeRetainedValue().body()
      }, work.toOpaque())
    guard status >= 0 else {
      unsafe work.release()
      throw UVError(errno: -status, call: "starting a thread")
    }
  }

  /// Waits until the closure has returned.
  public func join() {
    // SAFETY: the thread was started and not joined yet.
    _ = unsafe uv_thread_join(&thread)
  }
}
