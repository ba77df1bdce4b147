// The head of an HTTP request. A page, metrics and a stream of events need one GET line and one
// header, Host; an HTTP library would bring an event loop of its own beside libuv's (swift-nio) or
// a whole framework, so the few rules of RFC 9112 that matter stand here, and a fuzzer reads them.

/// A request without a body, as far as it matters here.
public struct HTTPRequest: Equatable, Sendable {
  /// HEAD instead of GET: the answer has no body.
  public var isHead: Bool
  /// Without the query; begins with a slash.
  public var path: String
  /// The header Host, without blanks; empty where HTTP/1.0 has none.
  public var host: String

  // What a head may cost.
  public static var headByteCount: Int { 8_192 }
  public static var headerCount: Int { 64 }

  /// An answer that is not what was asked for.
  public struct Refusal: Error, Equatable, Sendable {
    public var status: Int
    public var reason: String
    public init(_ status: Int, _ reason: String) { (self.status, self.reason) = (status, reason) }
  }

  /// What a connection's bytes begin with.
  public enum Cut: Equatable, Sendable {
    /// The head goes on.
    case incomplete
    case request(HTTPRequest)
    case refused(Refusal)
  }

  /// Looks for a whole head. Nothing that follows one is looked at: there is one request to a
  /// connection.
  public static func cut(_ bytes: [UInt8]) -> Cut {
    do throws(Refusal) {
      guard let lines = try head(bytes) else { return .incomplete }
      return .request(try HTTPRequest(lines))
    } catch { return .refused(error) }
  }

  /// The lines of a head, without their ends; nil if its empty line has not come.
  private static func head(_ bytes: [UInt8]) throws(Refusal) -> [ArraySlice<UInt8>]? {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    for index in bytes.indices.prefix(headByteCount) where bytes[index] == 0x0a {
      var line = bytes[start..<index]
      if line.last == 0x0d { line.removeLast() }
      start = index + 1
      if line.isEmpty {
        // An empty line before the request is old clients' habit.
        if lines.isEmpty { continue }
        return lines
      }
      guard lines.count <= headerCount else {
        throw Refusal(431, "more than \(headerCount) headers")
      }
      lines.append(line)
    }
    guard bytes.count < headByteCount else {
      throw Refusal(431, "a head of more than \(headByteCount) bytes")
    }
    return nil
  }

  private init(_ lines: [ArraySlice<UInt8>]) throws(Refusal) {
    let words = lines[0].split(separator: 0x20, omittingEmptySubsequences: false)
    guard words.count == 3, lines[0].allSatisfy({ $0 > 0x1f && $0 < 0x7f }) else {
      throw Refusal(400, "the first line is no request: METHOD PATH HTTP/1.1")
    }
    let version = Self.text(words[2])
    guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
      throw Refusal(version.hasPrefix("HTTP/") ? 505 : 400, "only HTTP/1.1 is spoken here")
    }
    switch Self.text(words[0]) {
    case "GET": isHead = false
    case "HEAD": isHead = true
    default: throw Refusal(405, "only GET and HEAD: nothing here can be changed")
    }
    let target = words[1].prefix { $0 != 0x3f }
    guard target.first == 0x2f else { throw Refusal(400, "the path begins with a slash") }
    path = Self.text(target)
    host = ""
    var hosts = 0
    for line in lines.dropFirst() {
      let (name, value) = try Self.header(line)
      switch name {
      case "host":
        hosts += 1
        host = value
      case "content-length":
        guard value == "0" else { throw Refusal(413, "a request here has no body") }
      case "transfer-encoding": throw Refusal(413, "a request here has no body")
      default: continue
      }
    }
    guard hosts == 1 || hosts == 0 && version == "HTTP/1.0" else {
      throw Refusal(400, "expected one header Host, found \(hosts)")
    }
  }

  private static func header(
    _ line: ArraySlice<UInt8>
  ) throws(Refusal) -> (name: String, value: String) {
    guard let colon = line.firstIndex(of: 0x3a), colon > line.startIndex else {
      throw Refusal(400, "a header without a name")
    }
    let name = line[..<colon]
    guard name.allSatisfy(isTokenByte) else {
      // A line that goes on, or a blank before the colon: readers disagree about both.
      throw Refusal(400, "a header's name holds letters, digits and hyphens")
    }
    var value = line[(colon + 1)...]
    while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
    while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
    guard value.allSatisfy({ $0 > 0x1f && $0 != 0x7f || $0 == 0x09 }) else {
      throw Refusal(400, "a header holds a control character")
    }
    return (text(name).lowercased(), text(value))
  }

  /// - Source: RFC 9110, 5.6.2, "tchar".
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}

extension HTTPRequest {
  /// Whether the browser may mean this daemon. A page on the network can have its own name resolve
  /// to this machine, and read what is here as its own; an address in numbers, or `localhost`,
  /// cannot be had so.
  /// - Parameter allowsRemote: any address in numbers, and the name that was listened at; otherwise
  ///   loopback only.
  public static func isOwn(host: String, listeningAt name: String, allowsRemote: Bool) -> Bool {
    var bare = host[...]
    if bare.hasPrefix("[") {
      guard let end = bare.firstIndex(of: "]") else { return false }
      let port = bare[bare.index(after: end)...]
      guard port.isEmpty || isPort(port) else { return false }
      bare = bare[bare.index(after: bare.startIndex)..<end]
      guard bare.contains(":"), bare.allSatisfy({ $0.isHexDigit || ":.".contains($0) }) else {
        return false
      }
      return allowsRemote || bare == "::1"
    }
    if let colon = bare.firstIndex(of: ":") {
      guard isPort(bare[colon...]) else { return false }
      bare = bare[..<colon]
    }
    if bare.lowercased() == "localhost" { return true }
    let numbers = bare.split(separator: ".", omittingEmptySubsequences: false)
    let isAddress = numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil && $0.first != "+" }
    if isAddress { return allowsRemote || numbers[0] == "127" }
    return allowsRemote && !bare.isEmpty && bare.lowercased() == name.lowercased()
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.first == ":" && text.dropFirst().first != "+" && UInt16(text.dropFirst()) != nil
  }
}
