/// A trace, whole in memory: 40 bytes an event.
public struct Trace: Sendable {
  /// As it was named by who asked for it.
  public var file: String
  public var header: TraceHeader
  public var events: [TraceEvent] = []
  /// What `mem` and `q` lines put into guest RAM.
  public var bytes: [UInt8] = []
  /// What the guest printed, UTF-8.
  public var texts: [UInt8] = []
  public var endState: [EndStatement] = []
  /// Lines of each operation, by name; `bad` forms apart.
  public var lineCounts: [String: Int] = [:]
  /// Lines of the file, comments included.
  public var lineCount = 0

  /// From time 0 to the last event, in ns.
  public var durationNs: UInt64 { events.last?.time ?? 0 }

  /// Reads a trace, plain or xz-compressed: the contents say which.
  /// - Throws: ``TraceError`` with the file, the line, and what was expected there.
  public init(contentsOf path: String) throws(TraceError) {
    let source = try TraceSource(path: path)
    var parser = TraceParser(file: path)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var filled = 0
    while true {
      if filled == buffer.count {
        // One line fills the whole buffer.
        guard buffer.count < Trace.maximumLineByteCount else {
          throw TraceError(
            file: path, line: parser.nextLine,
            "expected a line of at most \(Trace.maximumLineByteCount) bytes, found a longer one")
        }
        buffer.append(contentsOf: repeatElement(0, count: buffer.count))
      }
      let count = try source.read(into: &buffer, from: filled)
      filled += count
      let used = try parser.consume(buffer.span.extracting(0..<filled), isLast: count == 0)
      if count == 0 { break }
      buffer.removeFirstKeepingLength(used, filled: filled)
      filled -= used
    }
    self = try parser.finish()
  }

  /// Reads a trace from memory, plain only.
  public init(text: String, file: String) throws(TraceError) {
    var parser = TraceParser(file: file)
    let bytes = [UInt8](text.utf8)
    _ = try parser.consume(bytes.span, isLast: true)
    self = try parser.finish()
  }

  init(file: String, header: TraceHeader) { (self.file, self.header) = (file, header) }

  static var maximumLineByteCount: Int { 1 << 24 }
}

extension [UInt8] {
  /// Moves the bytes from `count` through `filled` to the front.
  fileprivate mutating func removeFirstKeepingLength(_ count: Int, filled: Int) {
    guard count > 0 else { return }
    var to = 0
    for from in count..<filled {
      self[to] = self[from]
      to += 1
    }
  }
}
