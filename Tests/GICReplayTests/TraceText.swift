// Traces small enough to be written in a test.

@testable import GICReplay

/// A header for `cpus` PEs with 1 MiB of RAM at 0x40000000; `changes` replaces a key's value, and
/// leaves the key out if that is nil.
func header(cpus: Int = 2, _ changes: [String: String?] = [:]) -> String {
  var rows: [(String, String)] = [
    ("name", "tiny"), ("cpus", "\(cpus)"), ("about", "a test"), ("clock", "ns"),
    ("arguments", "-M virt,gic-version=3,its=on"),
    ("ram_base", "0x40000000"), ("ram_size", "0x100000"), ("gicd_base", "0x8000000"),
    ("its_base", "0x8080000"), ("gicr_base", "0x80a0000"), ("gicr_stride", "0x20000"),
    ("affinity", (0..<cpus).map { "0x\(String($0, radix: 16))=\($0)" }.joined(separator: " ")),
  ]
  rows += changes.filter { key, _ in !rows.contains { $0.0 == key } }.map { ($0.key, "") }
  let lines = rows.compactMap { key, value -> String? in
    guard let change = changes[key] else { return "# \(key): \(value)" }
    return change.map { "# \(key): \($0)" }
  }
  return "# its-trace 1\n" + lines.joined(separator: "\n") + "\n"
}

/// Number of the first line behind the header that ``header(cpus:_:)`` gives.
let firstEventLine = 14

func trace(_ lines: String, cpus: Int = 2) throws -> Trace {
  try Trace(text: header(cpus: cpus) + lines, file: "tiny.trace")
}

/// What reading the text complains about.
func complaint(about text: String) -> String? {
  do {
    _ = try Trace(text: text, file: "tiny.trace")
    return nil
  } catch {
    return error.description
  }
}
