// QEMU driven from outside: the line protocol of `-qtest`, over a Unix socket to which QEMU
// connects. Debian's package has no accelerator of that name; with `-accel tcg -S` its CPUs are
// held, and the protocol is the same.

import Foundation
import Glibc

/// One QEMU process and the socket to it.
final class QTest {
  private let process = Process()
  private let socket: Int32
  private var received: [UInt8] = []
  static let program = "/usr/bin/qemu-system-aarch64"
  static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

  /// - Parameters:
  ///   - path: where the socket is made.
  ///   - memory: a file of `byteCount` bytes that becomes its RAM, shared.
  init(path: String, memory: String, byteCount: Int, cpus: Int) throws {
    let listener = try QTest.listen(path)
    defer {
      close(listener)
      _ = unsafe unlink(path)
    }
    process.executableURL = URL(fileURLWithPath: QTest.program)
    process.arguments = [
      "-M", "virt,gic-version=3,its=on,highmem=off,memory-backend=ram", "-cpu", "cortex-a57",
      "-smp", String(cpus), "-m", "\(byteCount >> 20)M", "-object",
      "memory-backend-file,id=ram,size=\(byteCount),mem-path=\(memory),share=on",
      "-accel", "tcg", "-S", "-qtest", "unix:\(path)", "-qtest-log", "/dev/null",
      "-display", "none", "-nodefaults",
    ]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    socket = try QTest.accept(listener, from: process)
  }

  /// How long its main thread, which does all the work, has had a processor.
  var processorSeconds: Double? {
    let path = "/proc/\(process.processIdentifier)/schedstat"
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return String(decoding: data, as: UTF8.self).split(separator: " ").first
      .flatMap { Double($0) }.map { $0 / 1e9 }
  }

  /// Ends QEMU, which is this object's own child.
  func end() {
    process.terminate()
    process.waitUntilExit()
    close(socket)
  }

  private static func listen(_ path: String) throws -> Int32 {
    let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw WrongWork(description: "\(path) is too long for a socket")
    }
    // SAFETY: the path fits, as was checked; what follows it is zero.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    // SAFETY: a sockaddr_un of that length is an address of its family.
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, length)
      }
    }
    guard status == 0, Glibc.listen(listener, 1) == 0 else {
      throw WrongWork(description: "no socket at \(path): errno \(errno)")
    }
    return listener
  }

  private static func accept(_ listener: Int32, from process: Process) throws -> Int32 {
    var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    // Half a minute, and not at all for a process that has ended.
    for _ in 0..<300 where process.isRunning {
      if unsafe poll(&waiting, 1, 100) > 0 { return Glibc.accept(listener, nil, nil) }
    }
    throw WrongWork(description: "\(program) did not connect")
  }

  /// The first line of `--version`.
  static func versionLine() throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["--version"]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(separator: "\n").first.map(String.init) ?? "QEMU"
  }

  /// Sends requests, and waits for the answer to each.
  /// - Returns: the answers, without "OK".
  @discardableResult
  func ask(_ requests: [String]) throws -> [String] {
    try send(Array((requests.joined(separator: "\n") + "\n").utf8))
    return try requests.map { request in
      var line = try receiveLine()
      // Interrupt outputs change when they like.
      while line.hasPrefix("IRQ") { line = try receiveLine() }
      guard line.hasPrefix("OK") else {
        throw WrongWork(description: "QEMU answers \(request) with \(line)")
      }
      return line.dropFirst(2).trimmingCharacters(in: .whitespaces)
    }
  }

  private func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      // SAFETY: the buffer holds what is left.
      let count = unsafe bytes.withUnsafeBytes {
        unsafe write(socket, $0.baseAddress! + sent, bytes.count - sent)
      }
      guard count > 0 else { throw WrongWork(description: "QEMU has gone: errno \(errno)") }
      sent += count
    }
  }

  private func receiveLine() throws -> String {
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: received[..<end], as: UTF8.self)
        received.removeFirst(end + 1)
        return line
      }
      // SAFETY: at most what was reserved is written.
      let more = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
        unsafe count = max(read(socket, buffer.baseAddress, 4096), 0)
      }
      guard !more.isEmpty else { throw WrongWork(description: "QEMU has gone") }
      received += more
    }
  }
}
