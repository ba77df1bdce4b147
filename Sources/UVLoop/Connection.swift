// One stream: bytes in a fixed buffer, a bounded queue of bytes out, and descriptors in the order
// they came.

import CUV
import Glibc

/// What the owner of a connection hears. All calls come on the loop's thread.
public protocol ConnectionDelegate: AnyObject {
  /// Bytes have arrived. Returns how many of the first are done with; the rest is shown again
  /// together with what arrives next.
  func connection(_ connection: Connection, didReceive bytes: RawSpan) -> Int
  /// Everything that was sent has left this process.
  func connectionDidDrain(_ connection: Connection)
  /// More waits for the peer than it may; without an answer of the delegate the connection ends.
  func connectionIsTooSlow(_ connection: Connection, for reason: UVError)
  /// The last call. `reason` is nil when the peer ended the stream in good order.
  func connection(_ connection: Connection, didCloseFor reason: UVError?)
}

extension ConnectionDelegate {
  public func connectionIsTooSlow(_ connection: Connection, for reason: UVError) {
    connection.close(for: reason)
  }
}

/// A connected stream socket, Unix or TCP.
@safe public final class Connection: Handle {
  /// What one peer may cost.
  public struct Limits: Sendable {
    /// The receive buffer in bytes: the largest piece that can be shown at once.
    public var receiveByteCount = 1 << 20
    /// Bytes waiting to be sent before the peer counts as too slow, and is cut.
    public var sendByteCount = 16 << 20
    /// Descriptors received and not taken.
    public var descriptorCount = 16
    public init() {}
  }

  public weak var delegate: (any ConnectionDelegate)?
  public let isPipe: Bool
  let limits: Limits
  /// Of ``Limits/sendByteCount``, what this peer has agreed to.
  public var sendByteLimit: Int
  private let loop: Loop
  private let buffer: UnsafeMutableRawBufferPointer
  /// What was received and not consumed lies in `buffer[head..<tail]`.
  private var head = 0
  private var tail = 0
  private let received = ThreadOwned<[OwnedDescriptor]>([])
  private let written = ThreadOwned<[UInt8]>([])
  /// Bytes given to libuv and not yet taken by the kernel.
  private var inFlight = 0
  private var isReading = false
  private var wantsReading = false
  private var isShowing = false
  private var closesWhenDrained = false
  /// Nobody takes what is sent any more.
  private var isDeaf = false
  private var reason: UVError?
  /// Ends the patience of ``close(for:saying:milliseconds:)``.
  private var patience: Timer?

  init(on loop: Loop, isPipe: Bool, limits: Limits) throws(UVError) {
    self.isPipe = isPipe
    self.limits = limits
    sendByteLimit = limits.sendByteCount
    self.loop = loop
    unsafe buffer = .allocate(byteCount: limits.receiveByteCount, alignment: 64)
    super.init(isPipe ? UV_NAMED_PIPE : UV_TCP)
    let status =
      isPipe
      ? unsafe uv_pipe_init(loop.raw, cast(to: uv_pipe_t.self), 1)
      : unsafe uv_tcp_init(loop.raw, cast(to: uv_tcp_t.self))
    try UVError.check(status, "connection")
    adopt()
  }

  deinit { unsafe buffer.deallocate() }

  private var descriptors: [OwnedDescriptor] {
    @inline(__always) _read { yield received.value }
    @inline(__always) _modify { yield &received.value }
  }
  private var outgoing: [UInt8] {
    @inline(__always) _read { yield written.value }
    @inline(__always) _modify { yield &written.value }
  }
  private var stream: UnsafeMutablePointer<uv_stream_t> { unsafe cast(to: uv_stream_t.self) }

  // MARK: Receiving

  /// Shows what is left over, and reads on.
  public func resume() {
    wantsReading = true
    show()
    startReading()
  }

  /// Reads no more until ``resume()``: the peer's bytes wait in the kernel.
  public func pause() {
    wantsReading = false
    guard isReading, !isClosing else { return }
    isReading = false
    // SAFETY: an open stream.
    _ = unsafe uv_read_stop(stream)
  }

  private func startReading() {
    guard wantsReading, !isReading, !isClosing else { return }
    isReading = true
    // SAFETY: an open stream; libuv's reference keeps this object alive for the callbacks.
    let status = unsafe uv_read_start(
      stream,
      { raw, _, result in
        guard let raw = unsafe raw, let connection = unsafe Handle.from(raw) as? Connection,
          let result = unsafe result
        else { return }
        unsafe result.pointee = connection.roomToReceive()
      },
      { raw, count, _ in
        guard let raw = unsafe raw, let connection = unsafe Handle.from(raw) as? Connection
        else { return }
        connection.didRead(count)
      })
    if status < 0 { close(for: UVError(errno: -status, call: "reading")) }
  }

  private func roomToReceive() -> uv_buf_t {
    if head > 0 {
      // SAFETY: both ranges lie in the buffer; memmove allows them to overlap.
      unsafe memmove(buffer.baseAddress!, buffer.baseAddress! + head, tail - head)
      (head, tail) = (0, tail - head)
    }
    // SAFETY: libuv writes into the rest of the buffer, which lives as long as the handle.
    let room = unsafe (buffer.baseAddress! + tail).assumingMemoryBound(to: CChar.self)
    return unsafe uv_buf_init(room, UInt32(clamping: buffer.count - tail))
  }

  private func didRead(_ count: Int) {
    if count < 0 {
      let isEnd = count == Int(UV_EOF.rawValue)
      close(for: isEnd ? nil : UVError(errno: CInt(-count), call: "reading"))
      return
    }
    tail += count
    if isPipe { collectDescriptors() }
    if count > 0 { show() }
  }

  private func show() {
    guard !isShowing, !isClosing, head < tail, let delegate else { return }
    isShowing = true
    defer { isShowing = false }
    // SAFETY: the range was received; the delegate cannot keep the span.
    let consumed = unsafe delegate.connection(
      self, didReceive: UnsafeRawBufferPointer(rebasing: buffer[head..<tail]).bytes)
    head += min(max(consumed, 0), tail - head)
    // Who has paused will want the same bytes again; they wait in the kernel until then.
    if head == 0, tail == limits.receiveByteCount, wantsReading {
      close(for: UVError(errno: EMSGSIZE, call: "a frame larger than the receive buffer"))
    }
  }

  // What a connection takes along to another loop.
  var unconsumed: [UInt8] {
    // SAFETY: the range was received.
    unsafe Array(buffer[head..<tail])
  }
  func takeAllDescriptors() -> [OwnedDescriptor] {
    defer { descriptors.removeAll() }
    return descriptors
  }
  func begin(with received: [UInt8], _ descriptors: [OwnedDescriptor]) {
    unsafe buffer.copyBytes(from: received)
    (tail, self.descriptors) = (received.count, descriptors)
  }
  /// It is told its last, or shows what has come right now.
  var isEnding: Bool { closesWhenDrained || isDeaf || isShowing }

  // MARK: Descriptors

  /// Descriptors received and not taken yet.
  public var descriptorCount: Int { descriptors.count }

  /// The oldest descriptor received.
  public func takeDescriptor() -> OwnedDescriptor? {
    descriptors.isEmpty ? nil : descriptors.removeFirst()
  }

  private func collectDescriptors() {
    // SAFETY: an open pipe with ipc; libuv queues what came with the last read.
    while !isClosing, unsafe uv_pipe_pending_count(cast(to: uv_pipe_t.self)) > 0 {
      do throws(UVError) {
        let carrier = try DescriptorCarrier(on: loop)
        defer { carrier.close() }
        try UVError.check(
          unsafe uv_accept(stream, carrier.cast(to: uv_stream_t.self)), "taking a descriptor")
        descriptors.append(try carrier.duplicate())
      } catch {
        close(for: error)
        return
      }
      guard descriptors.count <= limits.descriptorCount else {
        close(
          for: UVError(
            errno: EMFILE,
            call: "more than \(limits.descriptorCount) descriptors that no frame took"))
        return
      }
    }
  }

  /// Whether the process at the other end of a Unix socket belongs to this user, or to root.
  func checkPeer() throws(UVError) {
    var number: CInt = -1
    try UVError.check(unsafe uv_fileno(handle, &number), "peer's credentials")
    var peer = itsd_peer_credentials()
    var count = socklen_t(MemoryLayout<itsd_peer_credentials>.size)
    // SAFETY: the length says how large the structure is.
    try UVError.checkSystem(
      unsafe getsockopt(number, SOL_SOCKET, SO_PEERCRED, &peer, &count), "peer's credentials")
    guard peer.uid == geteuid() || peer.uid == 0 else {
      throw UVError(
        errno: EACCES, call: "a client of user \(peer.uid); this daemon serves user \(geteuid())")
    }
  }

  func didConnect() {
    if !isPipe {
      // SAFETY: an open socket. Requests are small and waited for: Nagle's delay would only hurt.
      _ = unsafe uv_tcp_nodelay(cast(to: uv_tcp_t.self), 1)
    }
  }

  // MARK: Sending

  /// Bytes accepted for sending that have not left this process.
  public var queuedByteCount: Int { outgoing.count + inFlight }

  /// Lets `body` append to what is sent; nothing leaves before ``flush()``.
  @inline(__always) public func write(_ body: (inout [UInt8]) -> Void) {
    guard !isClosing, !closesWhenDrained, !isDeaf else { return }
    body(&outgoing)
  }

  /// The same, of eight words as they lie in memory.
  public func write(_ words: [8 of UInt64]) {
    guard !isClosing, !closesWhenDrained, !isDeaf else { return }
    // SAFETY: the bytes of the words are all initialised, and are copied.
    unsafe withUnsafeBytes(of: words) { unsafe outgoing.append(contentsOf: $0) }
  }

  /// Sends what was written. Never waits; what the kernel does not take now is queued.
  public func flush() {
    guard !isClosing, !outgoing.isEmpty else { return }
    if inFlight == 0 {
      let sent = unsafe outgoing.withUnsafeMutableBytes { bytes in
        // SAFETY: libuv reads the buffer during the call only.
        var piece = unsafe uv_buf_init(
          bytes.baseAddress!.assumingMemoryBound(to: CChar.self), UInt32(clamping: bytes.count))
        return unsafe uv_try_write(stream, &piece, 1)
      }
      if Int(sent) == outgoing.count {
        outgoing.removeAll(keepingCapacity: outgoing.capacity <= 1 << 18)
        return
      }
      if sent > 0 {
        outgoing.removeFirst(Int(sent))
      } else if sent < 0, sent != UV_EAGAIN.rawValue {
        didFail(toSend: sent)
        return
      }
    }
    guard queuedByteCount <= sendByteLimit || closesWhenDrained else {
      let reason = UVError(
        errno: ENOBUFS, call: "the peer reads too slowly: \(queuedByteCount) bytes wait for it")
      if let delegate {
        delegate.connectionIsTooSlow(self, for: reason)
      } else {
        close(for: reason)
      }
      return
    }
    // With bytes in flight the rest keeps until they have left: one request at a time.
    if inFlight == 0 { submit(carrying: nil) }
  }

  /// Sends what was written before, and then what `body` appends, together with descriptors: each
  /// goes with a byte of that, and not with a byte before it.
  public func send(_ descriptors: [OwnedDescriptor], with body: (inout [UInt8]) -> Void) {
    flush()
    guard !isClosing, !closesWhenDrained, !isDeaf else { return }
    if !outgoing.isEmpty { submit(carrying: nil) }
    var rest: [UInt8] = []
    body(&rest)
    do throws(UVError) {
      for (index, descriptor) in descriptors.enumerated() {
        let carrier = try DescriptorCarrier(on: loop)
        do throws(UVError) { try carrier.open(descriptor) } catch {
          carrier.close()
          throw error
        }
        // The kernel takes one descriptor with a call, and a call needs a byte.
        outgoing = index + 1 == descriptors.count ? rest : Array(rest.prefix(1))
        rest.removeFirst(outgoing.count)
        submit(carrying: carrier)
        guard !isClosing else { return }
      }
    } catch {
      close(for: error)
    }
  }

  private func submit(carrying carrier: DescriptorCarrier?) {
    let request = WriteRequest(outgoing, for: self, carrying: carrier)
    outgoing.removeAll(keepingCapacity: false)
    inFlight += request.byteCount
    let status = unsafe request.start(on: stream)
    if status < 0 { close(for: UVError(errno: -status, call: "sending")) }
  }

  /// A peer that is gone may have said why before: that is read first, and then its end.
  private func didFail(toSend status: CInt) {
    guard status == UV_EPIPE.rawValue, isReading, !closesWhenDrained else {
      close(for: UVError(errno: -status, call: "sending"))
      return
    }
    isDeaf = true
    outgoing.removeAll()
  }

  func didSend(_ byteCount: Int, _ status: CInt) {
    inFlight -= byteCount
    guard !isClosing else { return }
    if status < 0 {
      didFail(toSend: status)
    } else if inFlight == 0 {
      flush()
      guard queuedByteCount == 0, !isClosing else { return }
      if closesWhenDrained { close() } else { delegate?.connectionDidDrain(self) }
    }
  }

  /// Sends nothing more, and tells the peer so; still reads.
  public func endSending() {
    var number: CInt = -1
    // SAFETY: libuv fills in the descriptor's number; it is open as long as the handle is.
    guard !isClosing, unsafe uv_fileno(handle, &number) == 0 else { return }
    _ = shutdown(number, CInt(SHUT_WR))
  }

  // MARK: Ending

  /// Closes for a reason that the delegate is told.
  public func close(for reason: UVError?) {
    guard !isClosing else { return }
    self.reason = reason
    close()
  }

  /// Closes once everything written has been sent. Reads no more.
  public func closeWhenDrained() {
    pause()
    flush()
    guard !isClosing else { return }
    if queuedByteCount == 0 { close() } else { closesWhenDrained = true }
  }

  /// Sends what is written and what `body` appends, and closes: when the peer has taken it, or
  /// after so many milliseconds. Reads no more.
  public func close(
    for reason: UVError?, saying body: (inout [UInt8]) -> Void, milliseconds: UInt64
  ) {
    guard !isClosing, !closesWhenDrained else { return }
    self.reason = reason
    body(&outgoing)
    do throws(UVError) {
      let timer = try Timer(on: loop) { [weak self] in self?.close() }
      timer.start(milliseconds: milliseconds)
      patience = timer
    } catch {
      close()
      return
    }
    closesWhenDrained = true
    closeWhenDrained()
  }

  override func didClose() {
    patience?.close()
    patience = nil
    descriptors.removeAll()
    let delegate = delegate
    self.delegate = nil
    delegate?.connection(self, didCloseFor: reason)
  }
}
