// The event loop. Everything in this module happens on the one thread that runs it, except
// ``Wakeup/signal()``.

import CUV
import Glibc
import Synchronization

/// A libuv loop and the handles on it.
@safe public final class Loop {
  let raw: UnsafeMutablePointer<uv_loop_t>
  private var isClosed = false

  public enum Mode: Sendable {
    /// Until nothing is left to wait for, or ``Loop/stop()``.
    case untilIdle
    /// Waits for something to happen, and handles it.
    case once
    /// Handles what has happened already.
    case noWait
  }

  public init() throws(UVError) {
    // A peer that is gone must be an EPIPE and not the end of the process; libuv leaves that to us.
    _ = Glibc.signal(SIGPIPE, SIG_IGN)
    unsafe raw = .allocate(capacity: 1)
    // SAFETY: the memory is as large as a loop and belongs to this object until `close`.
    let status = unsafe uv_loop_init(raw)
    guard status >= 0 else {
      unsafe raw.deallocate()
      throw UVError(errno: -status, call: "event loop")
    }
  }

  public func run(_ mode: Mode) {
    let uvMode =
      switch mode {
      case .untilIdle: UV_RUN_DEFAULT
      case .once: UV_RUN_ONCE
      case .noWait: UV_RUN_NOWAIT
      }
    // SAFETY: `raw` is initialised until `close`, which the caller has not reached.
    _ = unsafe uv_run(raw, uvMode)
  }

  /// Makes ``run(_:)`` return at the end of this turn.
  public func stop() {
    // SAFETY: as in `run`.
    unsafe uv_stop(raw)
  }

  /// Closes what is still open, lets every close end, and frees the loop. To be called once, last.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    // SAFETY: every handle on this loop was made by `Handle`, whose `data` is the object itself.
    unsafe uv_walk(
      raw,
      { handle, _ in
        if let handle = unsafe handle { unsafe Handle.from(handle).close() }
      }, nil)
    while unsafe uv_run(raw, UV_RUN_DEFAULT) != 0 {}
    let status = unsafe uv_loop_close(raw)
    precondition(status == 0, "a libuv handle or request is still open")
    unsafe raw.deallocate()
  }
}

/// What all handles share: their memory, and that it lives until libuv has let go of it.
///
/// libuv holds one reference to a handle from ``adopt()`` until its close callback; so the owner
/// may forget a handle after ``close()``, and memory is never freed under libuv.
@safe public class Handle {
  let handle: UnsafeMutablePointer<uv_handle_t>
  private(set) var isAdopted = false
  public private(set) var isClosing = false

  init(_ type: uv_handle_type) {
    // SAFETY: libuv says how large a handle of the type is; malloc's alignment suits every C type.
    unsafe handle = UnsafeMutableRawPointer.allocate(byteCount: uv_handle_size(type), alignment: 16)
      .assumingMemoryBound(to: uv_handle_t.self)
  }

  deinit {
    // libuv's reference is gone: either it never had one, or the close callback has run.
    unsafe UnsafeMutableRawPointer(handle).deallocate()
  }

  /// The handle as the type it was allocated for.
  func cast<T>(to _: T.Type) -> UnsafeMutablePointer<T> {
    unsafe UnsafeMutableRawPointer(handle).assumingMemoryBound(to: T.self)
  }

  /// libuv has initialised the handle: from now on it holds a reference.
  func adopt() {
    isAdopted = true
    unsafe handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
  }

  /// The object behind a handle that libuv hands to a callback.
  static func from<T>(_ raw: UnsafeMutablePointer<T>) -> Handle {
    // SAFETY: `adopt` put the object there, and libuv's reference keeps it alive.
    let data = unsafe uv_handle_get_data(
      UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self))
    return unsafe Unmanaged<Handle>.fromOpaque(data!).takeUnretainedValue()
  }

  /// Ends the handle. Its callbacks do not run any more, except ``didClose()``, in a later turn.
  public func close() {
    guard isAdopted, !isClosing else { return }
    isClosing = true
    // SAFETY: the handle is initialised and not closing.
    unsafe uv_close(handle) { raw in
      guard let raw = unsafe raw else { return }
      // SAFETY: takes back the reference of `adopt`; libuv has let go of the memory.
      let object = unsafe Unmanaged<Handle>.fromOpaque(raw.pointee.data).takeRetainedValue()
      object.didClose()
    }
  }

  /// libuv has let go of the handle.
  func didClose() {}
}

/// Calls a closure once, some time later.
public final class Timer: Handle {
  private let action: () -> Void

  public init(on loop: Loop, action: @escaping () -> Void) throws(UVError) {
    self.action = action
    super.init(UV_TIMER)
    // SAFETY: the memory is a timer's, and not initialised yet.
    try UVError.check(unsafe uv_timer_init(loop.raw, cast(to: uv_timer_t.self)), "timer")
    adopt()
  }

  /// After so many milliseconds. Replaces an earlier start.
  public func start(milliseconds: UInt64) {
    guard !isClosing else { return }
    // SAFETY: an initialised timer.
    _ = unsafe uv_timer_start(
      cast(to: uv_timer_t.self),
      { raw in
        guard let raw = unsafe raw, let timer = unsafe Handle.from(raw) as? Timer else { return }
        timer.action()
      }, milliseconds, 0)
  }

  public func stop() {
    guard !isClosing else { return }
    _ = unsafe uv_timer_stop(cast(to: uv_timer_t.self))
  }
}

/// Calls a closure in the loop's next turn, after whatever input that turn brings before it.
public final class NextTurn: Handle {
  private let action: () -> Void

  public init(on loop: Loop, action: @escaping () -> Void) throws(UVError) {
    self.action = action
    super.init(UV_IDLE)
    try UVError.check(unsafe uv_idle_init(loop.raw, cast(to: uv_idle_t.self)), "next turn")
    adopt()
  }

  /// Once; asking again before it has run changes nothing. The loop does not sleep until then.
  public func request() {
    guard !isClosing else { return }
    // SAFETY: an initialised idle handle, here and below.
    _ = unsafe uv_idle_start(cast(to: uv_idle_t.self)) { raw in
      guard let raw = unsafe raw, let turn = unsafe Handle.from(raw) as? NextTurn else { return }
      _ = unsafe uv_idle_stop(raw)
      turn.action()
    }
  }
}

/// Calls a closure whenever the process gets a signal.
public final class Signal: Handle {
  private let action: () -> Void

  /// - Parameter number: SIGINT, SIGTERM and their like. Who started the process may have blocked
  ///   it, as thread pools do: here it is let through again.
  public init(_ number: Int32, on loop: Loop, action: @escaping () -> Void) throws(UVError) {
    self.action = action
    super.init(UV_SIGNAL)
    var set = sigset_t()
    // SAFETY: the set is emptied before it is used, and the old mask is not asked for.
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, number)
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    let signal = unsafe cast(to: uv_signal_t.self)
    try UVError.check(unsafe uv_signal_init(loop.raw, signal), "signal")
    adopt()
    let status = unsafe uv_signal_start(
      signal,
      { raw, _ in
        guard let raw = unsafe raw, let signal = unsafe Handle.from(raw) as? Signal else { return }
        signal.action()
      }, number)
    guard status >= 0 else {
      close()
      throw UVError(errno: -status, call: "signal \(number)")
    }
  }
}

/// Wakes the loop from another thread.
public final class Wakeup: Handle, @unchecked Sendable {
  private let action: () -> Void
  private let isOpen = Mutex(true)

  /// - Parameter action: runs on the loop's thread, once for one or more signals.
  public init(on loop: Loop, action: @escaping () -> Void) throws(UVError) {
    self.action = action
    super.init(UV_ASYNC)
    try UVError.check(
      unsafe uv_async_init(loop.raw, cast(to: uv_async_t.self)) { raw in
        guard let raw = unsafe raw, let wakeup = unsafe Handle.from(raw) as? Wakeup else { return }
        wakeup.action()
      }, "wake-up")
    adopt()
  }

  /// From any thread, at any time; nothing happens once the handle is closed.
  public func signal() {
    isOpen.withLock { isOpen in
      // SAFETY: uv_async_send is the one call that libuv allows from every thread, and the lock
      // keeps the loop from letting go of the handle meanwhile.
      if isOpen { _ = unsafe uv_async_send(cast(to: uv_async_t.self)) }
    }
  }

  override func didClose() { isOpen.withLock { $0 = false } }
}
