import Foundation

/// The machine that the numbers are of.
enum Host {
  /// Processor, cores, and the commit of the sources.
  static var line: String {
    let processor =
      text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }?
      .split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown processor"
    return "\(processor), \(ProcessInfo.processInfo.activeProcessorCount) cores, commit \(commit)"
  }

  private static var commit: String {
    let git = Process()
    let output = Pipe()
    git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    git.arguments = ["git", "-C", Place.root, "describe", "--always", "--dirty"]
    (git.standardOutput, git.standardError) = (output, FileHandle.nullDevice)
    guard (try? git.run()) != nil else { return "unknown" }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    git.waitUntilExit()
    let name = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    return name.isEmpty ? "unknown" : name
  }

  /// Lets the kernel count the peak anew.
  static func forgetPeak() {
    FileHandle(forWritingAtPath: "/proc/self/clear_refs")?.write(Data("5".utf8))
  }
  /// The most resident memory since then, in MiB.
  static func peakMiB() -> Double { kibibytes("VmHWM:") / 1024 }
  static func residentBytes() -> Int { Int(kibibytes("VmRSS:")) * 1024 }

  private static func kibibytes(_ key: String) -> Double {
    let line = text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
  }
  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// Where the inputs lie. Benchmarks run beside the sources that they were built from.
enum Place {
  /// The project's folder.
  static var root: String {
    (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
      .path
  }
}
