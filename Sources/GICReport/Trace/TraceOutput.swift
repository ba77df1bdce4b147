// Bytes on their way to a file: traces are larger than memory, so they are written as they come.

/// A buffer of fixed size before whoever takes the bytes. An error is kept and told at the end;
/// until then everything else is thrown away, since the simulation must not stop in its middle.
struct TraceOutput {
  private static var capacity: Int { 1 << 20 }
  let bytes = TraceStore<UInt8>(repeating: 0, count: capacity)
  /// How many of `bytes` are used.
  var count = 0
  private let write: (Span<UInt8>) throws -> Void
  private var failure: (any Error)?

  init(_ write: @escaping (Span<UInt8>) throws -> Void) { self.write = write }

  /// Makes room for `byteCount` bytes, at most 64 KiB.
  @inline(__always) mutating func reserve(_ byteCount: Int) {
    if bytes.count &- count < byteCount { flush() }
  }

  @inline(never) mutating func flush() {
    defer { count = 0 }
    guard failure == nil, count > 0 else { return }
    do {
      try bytes.withBytes(count, write)
    } catch {
      failure = error
    }
  }

  /// Writes what is left.
  /// - Throws: what the first write that failed has thrown.
  mutating func finish() throws {
    flush()
    if let failure { throw failure }
  }

  mutating func append(_ byte: UInt8) {
    reserve(1)
    bytes[count] = byte
    count &+= 1
  }

  mutating func append(contentsOf text: some Sequence<UInt8>) {
    for byte in text { append(byte) }
  }

  /// In decimal.
  mutating func append(decimal value: UInt64) {
    reserve(20)
    var end = count
    var rest = value
    repeat {
      rest /= 10
      end &+= 1
    } while rest != 0
    var at = end
    rest = value
    repeat {
      at &-= 1
      bytes[at] = UInt8(truncatingIfNeeded: rest % 10) &+ UInt8(ascii: "0")
      rest /= 10
    } while rest != 0
    count = end
  }

  /// In decimal, with three digits behind the point.
  mutating func append(thousandths value: UInt64) {
    append(decimal: value / 1000)
    let rest = value % 1000
    guard rest != 0 else { return }
    append(UInt8(ascii: "."))
    for divisor: UInt64 in [100, 10, 1] {
      append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest / divisor % 10))
    }
  }
}
