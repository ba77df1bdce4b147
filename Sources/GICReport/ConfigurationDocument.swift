// The account of a configuration: it stands in every result, and `itsctl config` shows it alone.

/// What was configured, value by value, and where each value comes from.
public struct ConfigurationDocument: JSONDocument, Equatable, Sendable {
  public var name: String
  /// 16 hexadecimal digits: equal for equal values.
  public var hash: String
  public var values: [Value]

  public struct Value: Codable, Equatable, Sendable {
    public var key: String
    public var value: String
    /// Empty where there is none.
    public var unit: String
    /// `documented`, `measured` or `assumed`.
    public var provenance: String
    public var source: String
    /// What the value may be, in words; only where somebody asked for the configuration itself.
    public var range: String?
    public init(
      key: String, value: String, unit: String, provenance: String, source: String,
      range: String? = nil
    ) {
      (self.key, self.value, self.unit) = (key, value, unit)
      (self.provenance, self.source, self.range) = (provenance, source, range)
    }
  }
  public init(name: String, hash: String, values: [Value]) {
    (self.name, self.hash, self.values) = (name, hash, values)
  }
  /// The GIC clock in Hz, as the value of ``clockKey`` says it; nil if there is none.
  public var clockHertz: Double? {
    values.first { $0.key == ConfigurationDocument.clockKey }.flatMap { Double($0.value) }
  }
  /// The key that holds the frequency of the GIC clock in Hz.
  public static var clockKey: String { "timing.clock_hertz" }
}

extension ConfigurationDocument {
  /// Every value with its unit and where it comes from, a section a table.
  public func text() -> String {
    var text = "\(name), hash \(hash)\n"
    var section: Substring?
    var table = TextTable([])
    func flush() { if section != nil { text += "\n" + table.text } }
    for value in values {
      let own = value.key.contains(".") ? value.key.prefix { $0 != "." } : ""
      if own != section {
        flush()
        section = own
        table = TextTable([own.isEmpty ? "key" : String(own), "value", "", "", ""])
      }
      table.add([
        own.isEmpty ? value.key : String(value.key.dropFirst(own.count + 1)), value.value,
        value.unit, value.provenance, value.source,
      ])
    }
    flush()
    return text + "\n" + calibrationNote + "\n"
  }
}
