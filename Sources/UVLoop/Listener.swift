// Waiting for clients.

import CUV
import Glibc

/// A socket that clients connect to.
public final class Listener: Handle {
  public private(set) var endpoint: Endpoint
  private let loop: Loop
  private let limits: Connection.Limits
  private let isPipe: Bool
  private let onConnect: (Connection) -> Void
  private let onRefuse: (UVError) -> Void

  /// Listens at `endpoint`. A Unix socket is for this user only (mode 0600, peer's uid checked),
  /// and a socket file that nobody answers on is replaced; it is removed by ``close()``.
  /// - Parameters:
  ///   - allowsRemote: TCP on an address that is not loopback.
  ///   - onConnect: gets each connection, not reading yet.
  ///   - onRefuse: gets told of a client that was turned away, or could not be taken.
  public init(
    at endpoint: Endpoint, on loop: Loop, allowsRemote: Bool = false, limits: Connection.Limits,
    onConnect: @escaping (Connection) -> Void, onRefuse: @escaping (UVError) -> Void
  ) throws(UVError) {
    self.endpoint = endpoint
    self.loop = loop
    self.limits = limits
    (self.onConnect, self.onRefuse) = (onConnect, onRefuse)
    switch endpoint {
    case .unix: isPipe = true
    case .tcp: isPipe = false
    }
    super.init(isPipe ? UV_NAMED_PIPE : UV_TCP)
    switch endpoint {
    case .unix(let path): try bind(path: path)
    case .tcp(let host, let port): try bind(host: host, port: port, allowsRemote: allowsRemote)
    }
    let status = unsafe uv_listen(cast(to: uv_stream_t.self), 128) { raw, status in
      guard let raw = unsafe raw, let listener = unsafe Handle.from(raw) as? Listener else {
        return
      }
      listener.accept(status)
    }
    guard status >= 0 else {
      close()
      throw UVError(errno: -status, call: "listening on \(endpoint)")
    }
  }

  private func bind(path: String) throws(UVError) {
    try Endpoint.check(path: path)
    try Listener.removeStaleSocket(path)
    let pipe = unsafe cast(to: uv_pipe_t.self)
    try UVError.check(unsafe uv_pipe_init(loop.raw, pipe, 0), "pipe")
    adopt()
    // Until it listens, a connect is refused: so nobody comes in before the mode is set.
    var status = unsafe uv_pipe_bind(pipe, path)
    if status == 0, unsafe chmod(path, 0o600) != 0 { status = -errno }
    guard status >= 0 else {
      close()
      // libuv says EACCES where there is no such folder.
      let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "."
      let isThere = unsafe access(String(folder), F_OK) == 0
      throw UVError(
        errno: isThere ? -status : ENOENT, call: "socket '\(path)'",
        mend: isThere ? "listen in a folder that is yours" : "make the folder \(folder) first")
    }
  }

  /// Removes a socket file that its daemon left behind.
  /// - Throws: EADDRINUSE when somebody answers there, EEXIST when it is no socket.
  private static func removeStaleSocket(_ path: String) throws(UVError) {
    var information = stat()
    guard unsafe lstat(path, &information) == 0 else { return }
    guard information.st_mode & S_IFMT == S_IFSOCK else {
      throw UVError(
        errno: EEXIST, call: "'\(path)' is there and is not a socket", mend: "listen elsewhere")
    }
    let probe = try UVError.checkSystem(
      socket(
        AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0),
      "socket")
    defer { _ = Glibc.close(probe) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let result = unsafe withUnsafeBytes(of: address) { bytes in
      unsafe connect(
        probe, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!,
        socklen_t(MemoryLayout<sockaddr_un>.size))
    }
    // Only this says that nobody listens; a full backlog (EAGAIN) is somebody.
    guard result != 0, errno == ECONNREFUSED else {
      throw UVError(
        errno: EADDRINUSE, call: "somebody answers on '\(path)'",
        mend: "end that daemon, or listen elsewhere")
    }
    try UVError.checkSystem(unsafe unlink(path), "removing the stale socket '\(path)'")
  }

  private func bind(host: String, port: UInt16, allowsRemote: Bool) throws(UVError) {
    let address = try SocketAddress(host: host, port: port, loop: loop)
    guard allowsRemote || address.isLoopback else {
      throw UVError(
        errno: EACCES,
        call: "tcp:\(host):\(port) is open to other machines, and there is no password",
        mend: "listen on 127.0.0.1, or say --allow-remote")
    }
    let tcp = unsafe cast(to: uv_tcp_t.self)
    try UVError.check(unsafe uv_tcp_init(loop.raw, tcp), "tcp")
    adopt()
    var status = unsafe address.withPointer { unsafe uv_tcp_bind(tcp, $0, 0) }
    var bound = sockaddr_storage()
    if status == 0 {
      // SAFETY: the length says how large the storage is.
      status = unsafe withUnsafeMutableBytes(of: &bound) { bytes in
        var count = CInt(bytes.count)
        return unsafe uv_tcp_getsockname(
          tcp, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!, &count)
      }
    }
    guard status >= 0 else {
      close()
      throw UVError(
        errno: -status, call: "tcp:\(host):\(port)",
        mend: -status == EADDRINUSE
          ? "end what listens there, or choose another port; 0 lets the system choose" : nil)
    }
    // The port lies at bytes 2 and 3 of both kinds of address, in network order.
    let chosen = unsafe withUnsafeBytes(of: bound) { unsafe UInt16($0[2]) << 8 | UInt16($0[3]) }
    endpoint = .tcp(host: host, port: chosen)
  }

  private func accept(_ status: CInt) {
    guard status >= 0 else {
      onRefuse(UVError(errno: -status, call: "accepting on \(endpoint)"))
      return
    }
    do throws(UVError) {
      let connection = try Connection(on: loop, isPipe: isPipe, limits: limits)
      // SAFETY: libuv has a connection waiting, as it called back; both streams are initialised.
      let accepted = unsafe uv_accept(
        cast(to: uv_stream_t.self), connection.cast(to: uv_stream_t.self))
      do throws(UVError) {
        try UVError.check(accepted, "accepting on \(endpoint)")
        if isPipe { try connection.checkPeer() }
      } catch {
        connection.close()
        throw error
      }
      connection.didConnect()
      onConnect(connection)
    } catch {
      onRefuse(error)
    }
  }
}
