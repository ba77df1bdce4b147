// What goes into a resolution and what comes out of it. Values; the work is in Resolver.

import GICModel

/// One source of settings: a preset, a file, or what a command line says. Later layers win.
public struct ConfigurationLayer: Equatable, Sendable {
  /// What errors call it: a file's path, or an option's name.
  public var name: String
  /// YAML.
  public var text: String
  public init(name: String, text: String) { (self.name, self.text) = (name, text) }
}

/// Where a value comes from. It is printed with every result.
public enum Provenance: String, CaseIterable, Sendable {
  /// A vendor's or maintainer's document states it.
  case documented
  /// Somebody measured it, on hardware or on the machine that is imitated.
  case measured
  /// Nobody published it: a guess that is open to study.
  case assumed
  /// The operator's choice; it claims nothing about hardware. Never a timing value's provenance.
  case chosen
}

/// One setting after all layers.
public struct ConfiguredValue: Equatable, Sendable {
  /// Its path, such as `timing.memory_latency_cycles`.
  public var key: String
  /// As a configuration file would say it.
  public var value: String
  /// Empty where there is none.
  public var unit: String
  public var provenance: Provenance
  public var source: String
  /// The layer that set it; `default` if none did.
  public var layer: String
  /// What the value may be, in words.
  public var range: String
}

/// A machine, ready to be made, and the account of it.
public struct ResolvedConfiguration: Equatable, Sendable {
  public var machine: MachineConfiguration
  /// What the last layer that has a `name` calls it.
  public var name: String
  /// The same layer's `about`, a sentence for a list of presets.
  public var about: String
  /// Every setting there is, in the order of its table.
  public var values: [ConfiguredValue]

  /// 16 hexadecimal digits that are equal for equal machines: FNV-1a, 64 bits, over the UTF-8 text
  /// of one line `key=value` and a line feed for every setting, in rising order of the keys' bytes.
  /// Name, provenance and layers do not enter.
  /// - Source: G. Fowler, L. C. Noll, K.-P. Vo: the FNV-1a hash, RFC 9923.
  public var hash: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for value in values.sorted(by: { Array($0.key.utf8).lexicographicallyPrecedes($1.key.utf8) }) {
      for byte in "\(value.key)=\(value.value)\n".utf8 {
        hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The operator's mistake in a configuration: where, what, and the mend.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Name of the layer, or of the preset that could not be read.
  public var file: String
  /// From 1; 0 where no line is to blame.
  public var line: Int
  public var column: Int
  public var message: String
  /// The key at fault as a path, whether it exists or not; nil where no key is to blame.
  public var key: String?
  /// The key that exists and is fewest edits away from `key`, if that does not.
  public var nearest: String?
  /// What the key, or else the nearest one, may be, in words; nil where no key is to blame.
  public var range: String?
  public init(
    file: String, line: Int = 0, column: Int = 0, message: String, key: String? = nil,
    nearest: String? = nil, range: String? = nil
  ) {
    (self.file, self.line, self.column, self.message) = (file, line, column, message)
    (self.key, self.nearest, self.range) = (key, nearest, range)
  }
  public var description: String {
    line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)"
  }
}
