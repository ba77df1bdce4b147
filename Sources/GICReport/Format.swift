// Numbers as people read them. Nothing here depends on a locale.

enum Format {
  /// `53,753`
  static func grouped<Value: BinaryInteger>(_ value: Value) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// With `digits` places behind the point, rounded half away from zero. Not for infinities.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e15 else { return "\(value)" }
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(UInt64(scaled)) }
    let whole = String(UInt64(scaled) / UInt64(scale))
    let part = String(UInt64(scaled) % UInt64(scale))
    return sign + whole + "." + String(repeating: "0", count: digits - part.count) + part
  }

  /// About three significant digits: `0.12`, `4.16`, `26.4`, `1,350`.
  static func short(_ value: Double) -> String {
    switch value.magnitude {
    case ..<10: return trimmed(fixed(value, 2))
    case ..<100: return trimmed(fixed(value, 1))
    case ..<9e15: return grouped(Int64(value.rounded()))
    default: return "\(value)"
    }
  }

  /// `150,000`, `20 M`: for axes and rates.
  static func scaled(_ value: Double) -> String {
    switch value.magnitude {
    case ..<1e6: return short(value)
    case ..<1e9: return short(value / 1e6) + " M"
    default: return short(value / 1e9) + " G"
    }
  }

  /// `26 ns`, `1.35 µs`, `4.16 s`
  static func time(nanoseconds value: Double) -> String {
    let steps: [(limit: Double, divisor: Double, unit: String)] = [
      (1e3, 1, "ns"), (1e6, 1e3, "µs"), (1e9, 1e6, "ms"),
    ]
    for step in steps where value.magnitude < step.limit {
      return short(value / step.divisor) + " " + step.unit
    }
    return short(value / 1e9) + " s"
  }

  /// `800 MHz`
  static func frequency(hertz: Double) -> String {
    if hertz >= 1e9 { return short(hertz / 1e9) + " GHz" }
    if hertz >= 1e6 { return short(hertz / 1e6) + " MHz" }
    return short(hertz / 1e3) + " kHz"
  }

  static func mebibytes(_ bytes: UInt64) -> String { short(Double(bytes) / 1_048_576) + " MiB" }

  /// `creadr_reads` as `creadr reads`
  static func words(_ name: String) -> String {
    String(name.map { $0 == "_" ? " " : $0 })
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text[...]
    while text.hasSuffix("0") { text = text.dropLast() }
    if text.hasSuffix(".") { text = text.dropLast() }
    return String(text)
  }
}
