// Where a daemon listens, as people write it.

import CUV
import Glibc

/// `unix:PATH` or `tcp:HOST:PORT`.
public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
  case unix(path: String)
  /// A name or a numeric address; port 0 lets the system choose.
  case tcp(host: String, port: UInt16)

  /// - Throws: EINVAL with a sentence that says what is expected.
  public init(parsing text: String) throws(UVError) {
    func refused(_ why: String) -> UVError {
      UVError(
        errno: EINVAL, call: "address '\(text)': \(why)", mend: "write unix:PATH or tcp:HOST:PORT")
    }
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard !path.isEmpty else { throw refused("the path is missing") }
      self = .unix(path: path)
    } else if text.hasPrefix("tcp:") {
      self = try Endpoint.tcp(text.dropFirst(4), refused)
    } else {
      throw refused("the kind is missing")
    }
  }

  /// `HOST:PORT`, where only TCP is meant.
  /// - Throws: as ``init(parsing:)``.
  public init(hostAndPort text: String) throws(UVError) {
    self = try Endpoint.tcp(text[...]) {
      UVError(
        errno: EINVAL, call: "address '\(text)': \($0)",
        mend: "write HOST:PORT, such as 127.0.0.1:7601")
    }
  }

  private static func tcp(
    _ text: Substring, _ refused: (String) -> UVError
  ) throws(UVError) -> Endpoint {
    guard let colon = text.lastIndex(of: ":") else { throw refused("the port is missing") }
    guard let port = UInt16(text[text.index(after: colon)...]) else {
      throw refused("a port is 0 to 65535")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { throw refused("the host is missing") }
    return .tcp(host: String(host), port: port)
  }

  public var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .tcp(let host, let port):
      host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
    }
  }

  /// The kernel keeps 108 bytes for a path and its end.
  static func check(path: String) throws(UVError) {
    guard path.utf8.count < 108 else {
      throw UVError(errno: ENAMETOOLONG, call: "socket path '\(path)' (at most 107 bytes)")
    }
  }
}

/// A socket address as the kernel takes it.
struct SocketAddress {
  private(set) var storage = sockaddr_storage()

  /// Resolves a host name or a numeric address; waits for the resolver.
  init(host: String, port: UInt16, loop: Loop) throws(UVError) {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICSERV
    // SAFETY: libuv fills the request before it returns, as there is no callback; the list is
    // freed.
    let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
    defer { unsafe request.deallocate() }
    let status = unsafe uv_getaddrinfo(
      loop.raw, request, nil, host, String(port), &hints)
    guard status >= 0, let first = unsafe request.pointee.addrinfo else {
      // SAFETY: uv_strerror returns static text for every number.
      throw UVError(
        errno: EADDRNOTAVAIL,
        call: "host '\(host)' (\(unsafe String(cString: uv_strerror(status))))")
    }
    defer { unsafe uv_freeaddrinfo(first) }
    let count = min(Int(unsafe first.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
    unsafe withUnsafeMutableBytes(of: &storage) { target in
      unsafe target.copyMemory(
        from: UnsafeRawBufferPointer(start: first.pointee.ai_addr, count: count))
    }
  }

  /// Calls `body` with the address as the kernel's calls want it.
  func withPointer<R>(_ body: (UnsafePointer<sockaddr>) -> R) -> R {
    // SAFETY: a sockaddr_storage holds every sockaddr.
    unsafe withUnsafeBytes(of: storage) {
      unsafe body($0.assumingMemoryBound(to: sockaddr.self).baseAddress!)
    }
  }

  /// 127.0.0.0/8 or ::1.
  var isLoopback: Bool {
    unsafe withUnsafeBytes(of: storage) { bytes in
      switch CInt(storage.ss_family) {
      // sin_addr lies at byte 4, sin6_addr at byte 8 of their structures, in network order.
      case AF_INET: return unsafe bytes[4] == 127
      case AF_INET6:
        return unsafe bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
      default: return false
      }
    }
  }
}

extension Endpoint {
  /// Where a daemon listens and a client looks unless told otherwise: `$XDG_RUNTIME_DIR/itsd.sock`,
  /// or `/tmp/itsd-UID.sock` where there is no such directory.
  public static var standard: Endpoint {
    // SAFETY: the environment is read, and its text copied, before anything else runs.
    if let directory = unsafe getenv("XDG_RUNTIME_DIR"), unsafe directory.pointee != 0 {
      return .unix(path: unsafe String(cString: directory) + "/itsd.sock")
    }
    return .unix(path: "/tmp/itsd-\(geteuid()).sock")
  }
}
