// What libuv works on after a call has returned: each owns its memory until the callback.

import CUV
import Glibc

/// Bytes on their way out, and the descriptor that goes with them.
@safe final class WriteRequest {
  let byteCount: Int
  private let request: UnsafeMutablePointer<uv_write_t>
  private let bytes: UnsafeMutableBufferPointer<CChar>
  private let connection: Connection
  private let carrier: DescriptorCarrier?

  init(_ content: [UInt8], for connection: Connection, carrying carrier: DescriptorCarrier?) {
    byteCount = content.count
    self.connection = connection
    self.carrier = carrier
    unsafe request = .allocate(capacity: 1)
    unsafe bytes = .allocate(capacity: max(content.count, 1))
    unsafe UnsafeMutableRawBufferPointer(bytes).copyBytes(from: content)
  }

  deinit {
    unsafe request.deallocate()
    unsafe bytes.deallocate()
    carrier?.close()
  }

  /// - Returns: libuv's status; when it is negative, there is no callback.
  func start(on stream: UnsafeMutablePointer<uv_stream_t>) -> CInt {
    // SAFETY: the callback takes back the reference that `data` holds; until then neither the
    // request nor the bytes are freed.
    var piece = unsafe uv_buf_init(bytes.baseAddress!, UInt32(byteCount))
    let this = unsafe Unmanaged.passRetained(self)
    unsafe request.pointee.data = this.toOpaque()
    let callback: uv_write_cb = { raw, status in
      guard let raw = unsafe raw else { return }
      let this = unsafe Unmanaged<WriteRequest>.fromOpaque(raw.pointee.data).takeRetainedValue()
      this.connection.didSend(this.byteCount, status)
    }
    let status =
      if let carrier {
        unsafe uv_write2(
          request, stream, &piece, 1, carrier.cast(to: uv_stream_t.self), callback)
      } else {
        unsafe uv_write(request, stream, &piece, 1, callback)
      }
    if status < 0 { unsafe this.release() }
    return status
  }
}

/// A pipe handle that only carries a descriptor into or out of libuv.
final class DescriptorCarrier: Handle {
  init(on loop: Loop) throws(UVError) {
    super.init(UV_NAMED_PIPE)
    // SAFETY: the memory is a pipe's, and not initialised yet.
    try UVError.check(unsafe uv_pipe_init(loop.raw, cast(to: uv_pipe_t.self), 0), "pipe")
    adopt()
  }

  /// Takes a copy of the descriptor, to be sent.
  func open(_ descriptor: OwnedDescriptor) throws(UVError) {
    let copy = try UVError.checkSystem(
      fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0), "copying a descriptor")
    let status = unsafe uv_pipe_open(cast(to: uv_pipe_t.self), copy)
    guard status >= 0 else {
      _ = Glibc.close(copy)
      throw UVError(errno: -status, call: "sending a descriptor")
    }
  }

  /// A copy of the descriptor that was received.
  func duplicate() throws(UVError) -> OwnedDescriptor {
    var number: CInt = -1
    try UVError.check(unsafe uv_fileno(handle, &number), "taking a descriptor")
    return OwnedDescriptor(
      adopting: try UVError.checkSystem(
        fcntl(number, F_DUPFD_CLOEXEC, 0), "copying a descriptor"))
  }
}

/// A connection on its way.
@safe final class ConnectRequest {
  private let request: UnsafeMutablePointer<uv_connect_t>
  private let connection: Connection
  private let done: (CInt) -> Void

  private init(_ connection: Connection, done: @escaping (CInt) -> Void) {
    unsafe request = .allocate(capacity: 1)
    self.connection = connection
    self.done = done
  }

  deinit { unsafe request.deallocate() }

  /// Connects; `done` gets libuv's status, now or in a later turn.
  static func start(
    _ connection: Connection, to endpoint: Endpoint, on loop: Loop,
    done: @escaping (CInt) -> Void
  ) throws(UVError) {
    let this = ConnectRequest(connection, done: done)
    // SAFETY: the callback takes back the reference that `data` holds; until then nothing is freed.
    let reference = unsafe Unmanaged.passRetained(this)
    unsafe this.request.pointee.data = reference.toOpaque()
    let callback: uv_connect_cb = { raw, status in
      guard let raw = unsafe raw else { return }
      let this = unsafe Unmanaged<ConnectRequest>.fromOpaque(raw.pointee.data).takeRetainedValue()
      this.done(status)
    }
    do throws(UVError) {
      switch endpoint {
      case .unix(let path):
        try Endpoint.check(path: path)
        unsafe uv_pipe_connect(
          this.request, connection.cast(to: uv_pipe_t.self), path, callback)
      case .tcp(let host, let port):
        let address = try SocketAddress(host: host, port: port, loop: loop)
        let status = unsafe address.withPointer {
          unsafe uv_tcp_connect(
            this.request, connection.cast(to: uv_tcp_t.self), $0, callback)
        }
        try UVError.check(status, "connecting to \(endpoint)")
      }
    } catch {
      unsafe reference.release()
      throw error
    }
  }
}

extension Connection {
  /// Connects and waits until it is done, running the loop meanwhile.
  public static func connect(
    to endpoint: Endpoint, on loop: Loop, limits: Limits = Limits()
  ) throws(UVError) -> Connection {
    let isPipe = if case .unix = endpoint { true } else { false }
    let connection = try Connection(on: loop, isPipe: isPipe, limits: limits)
    var status: CInt?
    do throws(UVError) {
      try ConnectRequest.start(connection, to: endpoint, on: loop) { status = $0 }
      while status == nil { loop.run(.once) }
      try UVError.check(status ?? 0, "connecting to \(endpoint)")
    } catch {
      connection.close()
      throw error
    }
    connection.didConnect()
    return connection
  }
}
