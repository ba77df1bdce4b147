// A trace's bytes, plain or out of an xz stream, a buffer at a time.

import CLZMA
import SystemPackage

/// An open trace file, closed with its last reference.
final class TraceSource {
  private let file: String
  private let descriptor: FileDescriptor
  private var decoder: XZDecoder?
  /// Bytes read from the file and not yet handed on.
  private var input = [UInt8](repeating: 0, count: 1 << 16)
  private var used = 0
  private var filled = 0
  private var isAtEnd = false

  init(path: String) throws(TraceError) {
    file = path
    do {
      descriptor = try FileDescriptor.open(FilePath(path), .readOnly)
    } catch {
      throw TraceError(file: path, "cannot be opened: \(error)")
    }
    try refill()
    let magic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
    if input[..<filled].starts(with: magic) { decoder = try XZDecoder(file: path) }
  }

  deinit {
    decoder?.end()
    // A failure to close a file that was only read loses nothing.
    try? descriptor.close()
  }

  /// Fills `buffer` from index `start` on as far as it can.
  /// - Returns: how many bytes came; 0 at the end.
  func read(into buffer: inout [UInt8], from start: Int) throws(TraceError) -> Int {
    var total = 0
    while total == 0 {
      if used == filled && !isAtEnd { try refill() }
      guard let decoder else {
        total = min(filled - used, buffer.count - start)
        for index in 0..<total { buffer[start + index] = input[used + index] }
        used += total
        return total
      }
      let step = try decoder.decode(
        input, used..<filled, isLast: isAtEnd, into: &buffer, from: start)
      used += step.consumed
      total = step.produced
      if step.isDone { return total }
    }
    return total
  }

  private func refill() throws(TraceError) {
    do {
      // SAFETY: the buffer is the array's own, for the length of the call.
      filled = try unsafe input.withUnsafeMutableBytes { bytes in
        try unsafe descriptor.read(into: bytes)
      }
    } catch {
      throw TraceError(file: file, "cannot be read: \(error)")
    }
    used = 0
    isAtEnd = filled == 0
  }
}

/// liblzma's streaming decoder. Whoever makes one calls ``end()`` once.
@safe struct XZDecoder {
  private let file: String
  private let stream: UnsafeMutablePointer<lzma_stream>
  /// More than `xz -9` asks for.
  private static var memoryLimit: UInt64 { 256 << 20 }
  /// LZMA_CONCATENATED, a macro that is not imported: one file may hold several streams.
  private static var concatenated: UInt32 { 0x08 }

  init(file: String) throws(TraceError) {
    self.file = file
    // SAFETY: the allocation is this value's own until `end`; a zeroed stream is LZMA_STREAM_INIT.
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: lzma_stream())
    let status = unsafe lzma_stream_decoder(
      stream, XZDecoder.memoryLimit, XZDecoder.concatenated)
    guard status == LZMA_OK else {
      end()
      throw TraceError(file: file, "the xz decoder cannot start (liblzma error \(status.rawValue))")
    }
  }

  func end() {
    // SAFETY: `stream` was initialised, and the owner calls this once.
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
  }

  func decode(
    _ input: [UInt8], _ range: Range<Int>, isLast: Bool, into buffer: inout [UInt8], from start: Int
  ) throws(TraceError) -> (consumed: Int, produced: Int, isDone: Bool) {
    let room = buffer.count - start
    precondition(range.lowerBound >= 0 && range.upperBound <= input.count && room >= 0)
    var leftIn = 0
    var leftOut = 0
    // SAFETY: liblzma gets pointers into both arrays with lengths checked above, for this call
    // only.
    let status = unsafe input.withUnsafeBufferPointer { source in
      unsafe buffer.withUnsafeMutableBufferPointer { target in
        unsafe stream.pointee.next_in = source.baseAddress.map { unsafe $0 + range.lowerBound }
        unsafe stream.pointee.avail_in = range.count
        unsafe stream.pointee.next_out = target.baseAddress.map { unsafe $0 + start }
        unsafe stream.pointee.avail_out = room
        let status = unsafe lzma_code(stream, isLast ? LZMA_FINISH : LZMA_RUN)
        unsafe (leftIn, leftOut) = (stream.pointee.avail_in, stream.pointee.avail_out)
        return status
      }
    }
    switch status {
    case LZMA_OK, LZMA_STREAM_END:
      return (range.count - leftIn, room - leftOut, status == LZMA_STREAM_END)
    case LZMA_BUF_ERROR where isLast:
      throw TraceError(file: file, "expected the rest of the xz stream, found the end of the file")
    case LZMA_BUF_ERROR: return (range.count - leftIn, room - leftOut, false)
    case LZMA_MEMLIMIT_ERROR:
      throw TraceError(file: file, "the xz stream needs more than 256 MiB to be decoded")
    default:
      throw TraceError(
        file: file,
        "expected a valid xz stream, found a damaged one (liblzma error \(status.rawValue))")
    }
  }
}
