// What a trace says of the machine that it was taken from.

import GICArch

/// The `# key: value` lines at the head of a trace.
public struct TraceHeader: Equatable, Sendable {
  public var name: String
  public var cpuCount: Int
  /// What the times mean.
  public var clock: String
  /// Guest RAM, in bytes.
  public var ramBase: PhysicalAddress
  public var ramByteCount: UInt64
  public var gicdBase: PhysicalAddress
  public var itsBase: PhysicalAddress
  public var gicrBase: PhysicalAddress
  /// Bytes from one redistributor to the next.
  public var gicrStride: UInt64
  /// By PE index.
  public var affinities: [Affinity]
  /// 3 or 4.
  public var gicVersion: Int
  /// Devices behind a bridge, which write with the bridge's DeviceID and EventIDs from
  /// `firstEvent`.
  public var aliases: [DeviceID: Alias]

  public struct Alias: Equatable, Sendable {
    public var device: DeviceID
    public var firstEvent: UInt32
  }

  /// Most PEs that a trace may have.
  public static var maximumCPUCount: Int { 1024 }
}

/// Collects the header's lines, and makes the header when the first event comes.
struct TraceHeaderBuilder {
  let file: String
  private var values: [String: (value: String, line: UInt32)] = [:]

  init(file: String) { self.file = file }

  /// Takes one comment line without its newline. A comment that is not `# key: value` is let pass.
  mutating func add(_ text: String, line: UInt32) throws(TraceError) {
    let body = text.dropFirst().drop { $0 == " " }
    if line == 1 {
      guard body == "its-trace 1" else {
        throw TraceError(file: file, line: 1, "expected '# its-trace 1', found '\(text)'")
      }
      return
    }
    guard let colon = body.firstIndex(of: ":") else { return }
    let value = body[body.index(after: colon)...].drop { $0 == " " }
    values[String(body[..<colon])] = (String(value), line)
  }

  func header() throws(TraceError) -> TraceHeader {
    let cpus = try number("cpus", radix: 10)
    guard cpus.value >= 1, cpus.value <= TraceHeader.maximumCPUCount else {
      throw wrong("cpus", cpus.line, "1 through \(TraceHeader.maximumCPUCount)")
    }
    let (base, size) = (try number("ram_base"), try number("ram_size"))
    guard base.value % 4096 == 0 else { throw wrong("ram_base", base.line, "a multiple of 1000") }
    guard size.value > 0, size.value % 4096 == 0, size.value <= 1 << 52,
      base.value <= (1 << 52) - size.value
    else {
      throw wrong("ram_size", size.line, "a multiple of 1000 that ends within 52 address bits")
    }
    let stride = try number("gicr_stride")
    // Two frames a redistributor, or four; offsets in the trace are below it.
    guard stride.value >= 0x2_0000, stride.value % 0x1_0000 == 0, stride.value <= 1 << 40 else {
      throw wrong("gicr_stride", stride.line, "a multiple of 10000, at least 20000,")
    }
    return TraceHeader(
      name: try text("name").value, cpuCount: Int(cpus.value), clock: try text("clock").value,
      ramBase: base.value, ramByteCount: size.value,
      gicdBase: try number("gicd_base").value, itsBase: try number("its_base").value,
      gicrBase: try number("gicr_base").value, gicrStride: stride.value,
      affinities: try affinities(count: Int(cpus.value)), gicVersion: try gicVersion(),
      aliases: try aliases())
  }

  private func wrong(_ key: String, _ line: UInt32, _ expected: String) -> TraceError {
    TraceError(
      file: file, line: line,
      "expected \(expected) for '\(key)', found '\(values[key]?.value ?? "")'")
  }

  private func text(_ key: String) throws(TraceError) -> (value: String, line: UInt32) {
    guard let found = values[key] else {
      throw TraceError(file: file, "expected a header line '# \(key): ...', found none")
    }
    return found
  }

  private func number(
    _ key: String, radix: Int = 16
  ) throws(TraceError) -> (value: UInt64, line: UInt32) {
    let (text, line) = try text(key)
    let digits = radix == 16 && text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
    guard let value = UInt64(digits, radix: radix) else {
      throw wrong(key, line, radix == 16 ? "a hexadecimal number" : "a decimal number")
    }
    return (value, line)
  }

  /// `0x0=0 0x1=1`: MPIDR affinity, then PE index.
  private func affinities(count: Int) throws(TraceError) -> [Affinity] {
    let (value, line) = try text("affinity")
    let error = wrong("affinity", line, "'0xAFFINITY=CPU' for each of \(count) CPUs, once")
    var found = [Affinity?](repeating: nil, count: count)
    for pair in value.split(separator: " ") {
      let sides = pair.split(separator: "=", omittingEmptySubsequences: false)
      guard sides.count == 2, sides[0].hasPrefix("0x"),
        let mpidr = UInt64(sides[0].dropFirst(2), radix: 16), let cpu = Int(sides[1]),
        found.indices.contains(cpu), found[cpu] == nil
      else { throw error }
      found[cpu] = Affinity(mpidr: mpidr)
    }
    let all = found.compactMap(\.self)
    guard all.count == count, Set(all).count == count else { throw error }
    return all
  }

  /// The machine's `gic-version` among the emulator's arguments. A header that names none tells it
  /// by its redistributors: GICv4's have four frames, GICv3's two.
  private func gicVersion() throws(TraceError) -> Int {
    let words = values["arguments"]?.value.split(whereSeparator: { $0 == " " || $0 == "," }) ?? []
    guard let word = words.first(where: { $0.hasPrefix("gic-version=") }) else {
      return try number("gicr_stride").value >= 0x4_0000 ? 4 : 3
    }
    guard let version = Int(word.dropFirst("gic-version=".count)), version == 3 || version == 4
    else {
      throw wrong(
        "arguments", try text("arguments").line, "'gic-version=3' or 'gic-version=4'")
    }
    return version
  }

  /// `{'4308': ['4300', 0], ...}`: the device, what it writes as, and its first EventID.
  private func aliases() throws(TraceError) -> [DeviceID: TraceHeader.Alias] {
    guard let (value, line) = values["alias"] else { return [:] }
    let words = value.split { !$0.isHexDigit }
    var aliases: [DeviceID: TraceHeader.Alias] = [:]
    for index in stride(from: 0, to: words.count, by: 3) {
      guard index + 2 < words.count, let from = UInt32(words[index], radix: 16),
        let to = UInt32(words[index + 1], radix: 16), let first = UInt32(words[index + 2])
      else { throw wrong("alias", line, "{'DEVICE': ['DEVICE', FIRST EVENT], ...}") }
      aliases[DeviceID(rawValue: from)] = TraceHeader.Alias(
        device: DeviceID(rawValue: to), firstEvent: first)
    }
    return aliases
  }
}
