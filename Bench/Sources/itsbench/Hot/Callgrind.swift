// Instructions, counted by callgrind: these machines have no hardware counters. One process runs
// the loops of all rows; callgrind collects below `Clock.measuredRun` only and dumps after each
// part.

import Foundation

/// What ran below `Clock.measuredRun` in the passes of one row.
struct CountedLoop {
  var name: String
  var operations: Int
  var instructions: Int
  /// Calls by one function of another, with the instructions below them.
  var calls: [(caller: String, callee: String, instructions: Int)]
}

enum Callgrind {
  static var isInstalled: Bool {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/valgrind")
  }

  /// Passes that are counted, after as many that are not.
  static let passes = 2

  /// The parts' ends, as callgrind sees them. It says what the part was.
  @inline(never) static func partEnds(_ line: String) {
    print(line)
  }

  /// The counted process: each row's loop, to warm up and then to be counted.
  static func spin(_ benchmarks: [Benchmark]) throws {
    for benchmark in benchmarks {
      guard let pass = try benchmark.loop?() else { continue }
      var operations = 0
      for _ in 0..<passes { _ = try pass() }
      partEnds("warm \(benchmark.name)")
      for _ in 0..<passes { operations += try pass() }
      partEnds("count \(benchmark.name) \(operations)")
    }
  }

  /// Runs `itsbench spin` under callgrind.
  /// - Parameter arguments: those of `spin`.
  static func count(_ arguments: [String]) throws -> [CountedLoop] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("itsbench-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let program = try stripped(in: folder)
    let output = try run(
      "/usr/bin/valgrind",
      [
        "--tool=callgrind", "--quiet", "--demangle=no", "--collect-atstart=no",
        "--toggle-collect=*measuredRun*", "--dump-after=*partEnds*", "--compress-strings=no",
        "--compress-pos=no", "--callgrind-out-file=\(folder.path)/part", program, "spin",
      ] + arguments)
    let lines = output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    var loops: [CountedLoop] = []
    for (index, words) in lines.enumerated() where words.first == "count" && words.count == 3 {
      let part = try String(
        contentsOf: folder.appendingPathComponent("part.\(index + 1)"), encoding: .utf8)
      loops.append(parse(part, name: words[1], operations: Int(words[2]) ?? 0))
    }
    return loops
  }

  /// A copy of this program without debug information, which valgrind does not understand.
  private static func stripped(in folder: URL) throws -> String {
    let copy = folder.appendingPathComponent("itsbench").path
    let tools = ["/usr/bin/llvm-objcopy", "/usr/bin/objcopy"]
    guard let tool = tools.first(where: { FileManager.default.isExecutableFile(atPath: $0) })
    else { throw WrongWork(description: "neither llvm-objcopy nor objcopy is there (binutils)") }
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    _ = try run(tool, ["--strip-debug", program, copy])
    return copy
  }

  /// A symbol as Swift writes it, if the tool chain is at hand.
  static func demangled(_ symbol: String) -> String {
    (try? run("/usr/bin/env", ["swift", "demangle", "--compact", "--simplified", symbol]))
      .map { $0.trimmingCharacters(in: .newlines) } ?? symbol
  }

  private static func run(_ path: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw WrongWork(description: "\(path) ended with status \(process.terminationStatus)")
    }
    return text
  }

  /// Reads a dump: `fn=` opens a function; `cfn=`, `calls=` and a line of costs are a call out of
  /// it; "summary:" is the sum. callgrind counts calls also while it collects nothing, costs it
  /// does not: a call that cost nothing was outside.
  static func parse(_ dump: String, name: String, operations: Int) -> CountedLoop {
    var loop = CountedLoop(name: name, operations: operations, instructions: 0, calls: [])
    var (function, callee, isCall) = ("", "", false)
    for line in dump.split(separator: "\n") {
      if isCall {
        let cost = Int(line.split(separator: " ").last ?? "") ?? 0
        if cost > 0 { loop.calls.append((function, callee, cost)) }
        isCall = false
      } else if line.hasPrefix("fn=") {
        function = String(line.dropFirst(3))
      } else if line.hasPrefix("cfn=") {
        callee = String(line.dropFirst(4))
      } else if line.hasPrefix("calls=") {
        isCall = true
      } else if line.hasPrefix("summary:") {
        loop.instructions = Int(line.split(separator: " ").last ?? "") ?? loop.instructions
      }
    }
    return loop
  }
}
