// Readings of a GIC's performance counters, as CSV. README.md says what its columns are.

import GICArch
import GICModel

/// A file of readings that cannot be taken: where, what is wrong, and the mend.
public struct CounterFileError: Error, Equatable, CustomStringConvertible, Sendable {
  public var file: String
  /// From 1; nil when the file as a whole is meant.
  public var line: Int?
  public var problem: String
  public var description: String {
    line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
  }
}

/// What was done, and what the counters read then.
public struct CounterReadings: Equatable, Sendable {
  public struct Reading: Equatable, Sendable {
    /// A name of ``CounterWorkload/counters``.
    public var counter: String
    public var gicp: Int?
    public var value: UInt64
    /// Where it stands in the file, from 1.
    public var line: Int
  }
  public struct Run: Equatable, Sendable {
    public var name: String
    public var workload: CounterWorkload
    public var readings: [Reading]
  }
  /// In the order of the file; each has at least one reading.
  public private(set) var runs: [Run] = []
  public let file: String

  /// The columns of a file, in the order in which they are documented.
  public static let columns = [
    "run", "workload", "packets", "window", "devices", "events", "pes", "counter", "value",
  ]
  static let maximumByteCount = 1 << 20
  static let maximumRuns = 256
  static let maximumReadings = 4_096

  /// - Parameters:
  ///   - text: the CSV.
  ///   - file: what errors call it.
  public init(text: String, file: String) throws(CounterFileError) {
    self.file = file
    var parser = Parser(file: file)
    guard text.utf8.count <= Self.maximumByteCount else {
      throw parser.error("longer than 1 MiB: readings are a few lines a run", inLine: false)
    }
    // Of both kinds of ends; a carriage return and a line feed are one character here.
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      parser.line += 1
      try parser.read(line)
    }
    runs = try parser.finish()
  }

  /// Header, then a reading a line.
  private struct Parser {
    let file: String
    var line = 0
    private var header: [String] = []
    private var runs: [Run] = []
    private var readingCount = 0
    private static let names = CounterWorkload.counters

    init(file: String) { self.file = file }

    func error(_ problem: String, inLine: Bool = true) -> CounterFileError {
      CounterFileError(file: file, line: inLine ? line : nil, problem: problem)
    }

    func finish() throws(CounterFileError) -> [Run] {
      guard !header.isEmpty else {
        throw error(
          "expected a header, \(CounterReadings.columns.joined(separator: ",")); found none",
          inLine: false)
      }
      guard !runs.isEmpty else {
        throw error("expected readings after the header, found none", inLine: false)
      }
      return runs
    }

    mutating func read(_ text: Substring) throws(CounterFileError) {
      let isBlank = text.allSatisfy { $0 == " " || $0 == "\t" }
      guard !isBlank, text.first != "#" else { return }
      let fields = text.split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed)
      if header.isEmpty { return try readHeader(fields) }
      guard fields.count == header.count else {
        throw error(
          "expected \(header.count) fields as in the header, found \(fields.count); "
            + "a field that says nothing is left empty between its commas")
      }
      let row = Dictionary(zip(header, fields)) { first, _ in first }
      try readRow(row)
    }

    /// Without blanks around it, or the quotation marks that a spreadsheet puts there.
    private static func trimmed(_ field: Substring) -> String {
      func bare(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
      }
      let text = bare(field)
      guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
      return String(bare(text.dropFirst().dropLast()))
    }

    private mutating func readHeader(_ fields: [String]) throws(CounterFileError) {
      for field in fields where !CounterReadings.columns.contains(field) {
        throw error(
          "unknown column '\(field)'; there are: " + CounterReadings.columns.joined(separator: ", ")
        )
      }
      if Set(fields).count < fields.count {
        throw error("a column is there twice: name each of them once")
      }
      for needed in ["run", "counter", "value"] where !fields.contains(needed) {
        throw error("the column \(needed) is missing: add it to the header")
      }
      header = fields
    }

    private mutating func readRow(_ row: [String: String]) throws(CounterFileError) {
      let name = row["run"] ?? ""
      guard !name.isEmpty else { throw error("run: expected a name, found nothing") }
      let index = try place(of: name, row)
      let counter = try counter(row["counter"] ?? "")
      let value = try number("value", row["value"] ?? "", 0...UInt64(Int64.max))
      guard !runs[index].readings.contains(where: { $0.counter == counter.name }) else {
        throw error(
          "\(counter.name) of run \(name) is there twice: keep one, or name another run")
      }
      readingCount += 1
      guard readingCount <= CounterReadings.maximumReadings else {
        throw error("more than \(CounterReadings.maximumReadings) readings: leave some out")
      }
      runs[index].readings.append(
        Reading(counter: counter.name, gicp: counter.gicp, value: value, line: line))
    }

    /// A run is described where its name comes first; later lines may repeat that or say nothing.
    private mutating func place(
      of name: String, _ row: [String: String]
    ) throws(CounterFileError) -> Int {
      guard let index = runs.firstIndex(where: { $0.name == name }) else {
        guard runs.count < CounterReadings.maximumRuns else {
          throw error("more than \(CounterReadings.maximumRuns) runs: leave some out")
        }
        runs.append(Run(name: name, workload: try workload(row, CounterWorkload()), readings: []))
        return runs.count - 1
      }
      let old = runs[index].workload
      guard try workload(row, old) == old else {
        throw error(
          "run \(name) was described otherwise before: leave these fields empty, or name another "
            + "run")
      }
      return index
    }

    /// - Parameter known: what holds where a field is empty.
    private func workload(
      _ row: [String: String], _ known: CounterWorkload
    ) throws(CounterFileError) -> CounterWorkload {
      var workload = known
      if let text = row["workload"], !text.isEmpty {
        guard let kind = CounterWorkload.Kind(rawValue: text) else {
          let names = CounterWorkload.Kind.allCases.map(\.rawValue).joined(separator: ", ")
          throw error("workload: expected one of \(names), found '\(text)'")
        }
        workload.kind = kind
      }
      func field(_ name: String, _ range: ClosedRange<UInt64>) throws(CounterFileError) -> UInt64? {
        guard let text = row[name], !text.isEmpty else { return nil }
        return try number(name, text, range)
      }
      let most =
        workload.kind == .msi ? CounterWorkload.maximumPackets : CounterWorkload.maximumCommands
      if let value = try field("packets", 1...UInt64(most)) { workload.packets = Int(value) }
      if let value = try field("window", 0...CounterWorkload.maximumWindow) {
        workload.window = value
      }
      if let value = try field("devices", 1...UInt64(CounterWorkload.maximumDevices)) {
        workload.devices = UInt32(value)
      }
      if let value = try field("events", 1...UInt64(CounterWorkload.maximumEvents)) {
        workload.events = UInt32(value)
      }
      if let value = try field("pes", 1...UInt64(CounterWorkload.maximumPEs)) {
        workload.pes = Int(value)
      }
      guard workload.kind == .msi || workload.window == 0 else {
        throw error("window: commands wait in the queue from the start; leave it empty or 0")
      }
      return workload
    }

    private func number(
      _ name: String, _ text: String, _ range: ClosedRange<UInt64>
    ) throws(CounterFileError) -> UInt64 {
      guard let value = Self.integer(text), range.contains(value) else {
        throw error(
          "\(name): expected a whole number from \(range.lowerBound) through "
            + "\(range.upperBound), found " + (text.isEmpty ? "nothing" : "'\(text)'"))
      }
      return value
    }

    /// Decimal, or hexadecimal after 0x.
    private static func integer(_ text: String) -> UInt64? {
      let isHexadecimal = text.hasPrefix("0x")
      let digits = isHexadecimal ? text.dropFirst(2) : text[...]
      guard digits.first?.isHexDigit == true else { return nil }
      return UInt64(digits, radix: isHexadecimal ? 16 : 10)
    }

    /// By its name or GICP's number.
    private func counter(_ text: String) throws(CounterFileError) -> MachineStatistics.Event {
      let number = Self.integer(text).map { Int(clamping: $0) }
      let found = Self.names.first { $0.name == text || number != nil && $0.gicp == number }
      guard let found else {
        let known = Self.names.map { counter in
          counter.name + (counter.gicp.map { " 0x" + String($0, radix: 16) } ?? "")
        }
        throw error(
          "counter: the model has no '\(text)'; it has: " + known.joined(separator: ", "))
      }
      return found
    }
  }
}
