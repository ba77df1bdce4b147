// What every fuzz target shares: the way into libFuzzer, and bytes read as values.

import CLibFuzzer

/// Gives the process to libFuzzer, which calls `attempt` with one input after the other and ends
/// the process.
public func runFuzzer(
  _ attempt: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> Never {
  var count = CommandLine.argc
  var arguments = unsafe CommandLine.unsafeArgv
  // SAFETY: the arguments are the process' own and live as long as it.
  let status = unsafe withUnsafeMutablePointer(to: &arguments) { arguments in
    unsafe arguments.withMemoryRebound(
      to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?.self, capacity: 1
    ) { unsafe LLVMFuzzerRunDriver(&count, $0, attempt) }
  }
  fatalError("libFuzzer came back with \(status)")
}

/// The bytes of one input.
public func fuzzBytes(_ data: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
  // SAFETY: libFuzzer hands over `count` readable bytes, for the length of the call.
  unsafe Array(UnsafeBufferPointer(start: data, count: count))
}

/// Reads values from an input. Past its end everything is 0, so that every input means something.
public struct FuzzInput {
  private let bytes: [UInt8]
  private var offset = 0

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var isAtEnd: Bool { offset >= bytes.count }

  public mutating func byte() -> UInt8 {
    guard offset < bytes.count else { return 0 }
    defer { offset += 1 }
    return bytes[offset]
  }
  /// The next `count` bytes, at most 8, as a little-endian number.
  public mutating func number(_ count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(byte()) << UInt64($1 * 8) }
  }
  /// 0 up to `bound` - 1; `bound` is at most 256.
  public mutating func choice(_ bound: Int) -> Int { Int(byte()) % bound }
  public mutating func flag() -> Bool { byte() & 1 != 0 }
}
