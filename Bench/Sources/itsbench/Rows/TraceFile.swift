// A Perfetto trace in a file that nobody reads.

import Foundation
import GICModel
import GICReport

/// The file, and what writes it. It is written for good, and begins anew when it is long.
final class TraceFile {
  let trace: TimingTrace
  private let file: FileHandle

  init(_ shape: TimingShape) throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("itsbench-\(UUID().uuidString).perfetto-trace")
    guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
      throw WrongWork(description: "\(url.path) cannot be made")
    }
    file = try FileHandle(forUpdating: url)
    // It goes when it is closed.
    try FileManager.default.removeItem(at: url)
    trace = TimingTrace(shape, configuration: "itsbench")
    trace.drawPerfetto { [file] bytes in
      // SAFETY: the span is alive for the call.
      let written = unsafe bytes.withUnsafeBytes { bytes in
        unsafe write(file.fileDescriptor, bytes.baseAddress, bytes.count)
      }
      guard written == bytes.count else {
        throw WrongWork(description: "the trace cannot be written")
      }
    }
  }

  /// Throws away what is longer than 64 MiB.
  func rewind() {
    guard let length = try? file.offset(), length > 64 << 20 else { return }
    try? file.truncate(atOffset: 0)
  }
}
