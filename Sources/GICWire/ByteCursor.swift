// Reading and writing little-endian fields in a frame's tail.

/// Reads fields one after the other and fails once: after the first read past the end every read
/// gives 0 or nothing, and ``failed`` says so. A decoder reads all of it and asks at the end.
public struct ByteCursor {
  private let bytes: [UInt8]
  private var offset: Int
  public private(set) var failed = false

  public init(_ bytes: [UInt8], at offset: Int = 0) {
    self.bytes = bytes
    self.offset = min(max(offset, 0), bytes.count)
  }

  /// Bytes not read yet.
  public var remaining: Int { bytes.count - offset }

  /// The next little-endian integer.
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type = T.self) -> T {
    let width = MemoryLayout<T>.size
    guard !failed, width <= remaining else {
      failed = true
      return 0
    }
    defer { offset += width }
    // SAFETY: every bit pattern is an integer, and the span checks the bounds.
    return T(
      littleEndian: unsafe bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The next `count` bytes.
  public mutating func read(count: Int) -> [UInt8] {
    guard !failed, count >= 0, count <= remaining else {
      failed = true
      return []
    }
    defer { offset += count }
    return Array(bytes[offset..<offset + count])
  }

  /// The next `count` bytes as UTF-8. Bytes that are no UTF-8 fail.
  public mutating func readText(count: Int) -> String {
    guard let text = String(validating: read(count: count), as: UTF8.self) else {
      failed = true
      return ""
    }
    return text
  }
}

extension [UInt8] {
  /// Appends an integer's little-endian bytes.
  public mutating func appendLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    // SAFETY: the buffer is read inside the closure only; an integer has no padding.
    unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
  }
}
