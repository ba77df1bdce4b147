// What `itsctl config` does: shows, checks and compares configurations. No daemon, no machine.

import GICConfig
import GICReport
import SystemPackage

/// Questions about configurations: presets' names or files' paths.
public struct ConfigurationTool {
  public var json: Bool
  public init(json: Bool) { self.json = json }

  /// All presets, a line each.
  public func list() throws {
    let presets = try Presets.names().map { name in
      let resolved = try resolve([try Presets.load(name)])
      return PresetsDocument.Preset(ConfigurationDocument(resolved), about: resolved.about)
    }
    let document = PresetsDocument(presets: presets)
    try show(document, document.text())
  }

  /// Every value of the layers, laid over each other and over the defaults.
  /// - Throws: `ConfigurationError`.
  public func show(_ layers: [String]) throws {
    let document = ConfigurationDocument(try resolved(layers), withRanges: true)
    try show(document, document.text())
  }

  /// Everything that is wrong with the layers.
  /// - Returns: whether nothing is.
  public func check(_ layers: [String]) throws -> Bool {
    let document = ConfigurationTool.check(layers)
    try show(document, document.text())
    return document.passed
  }

  /// What the values of two configurations differ in.
  /// - Returns: whether none differs.
  /// - Throws: `ConfigurationError`.
  public func difference(_ a: String, _ b: String) throws -> Bool {
    let document = ConfigurationDifference(
      ConfigurationDocument(try resolved([a])), ConfigurationDocument(try resolved([b])))
    try show(document, document.text())
    return document.differences.isEmpty
  }

  static func check(_ layers: [String]) -> ConfigurationCheck {
    var loaded: [ConfigurationLayer] = []
    do {
      for layer in layers { loaded.append(try Presets.load(layer)) }
    } catch {
      return check(layers, nil, [error])
    }
    let (resolved, errors) = GICConfig.check(loaded)
    return check(layers, errors.isEmpty ? resolved : nil, errors)
  }

  private static func check(
    _ layers: [String], _ resolved: ResolvedConfiguration?, _ errors: [ConfigurationError]
  ) -> ConfigurationCheck {
    ConfigurationCheck(
      file: layers.joined(separator: " + "), name: resolved?.name, hash: resolved?.hash,
      defaulted: resolved?.values.count { $0.layer == "default" },
      mistakes: errors.map {
        ConfigurationCheck.Mistake(
          file: $0.file, line: $0.line, column: $0.column, message: $0.message, key: $0.key,
          nearest: $0.nearest, range: $0.range)
      })
  }

  private func resolved(_ layers: [String]) throws -> ResolvedConfiguration {
    try resolve(layers.map { try Presets.load($0) })
  }

  private func show(_ document: some JSONDocument, _ text: String) throws {
    try write(json ? try document.json(.indented) : Array(text.utf8), to: .standardOutput)
  }
}

extension ConfigurationDocument {
  /// - Parameter withRanges: whether each value says what it may be.
  package init(_ resolved: ResolvedConfiguration, withRanges: Bool = false) {
    self.init(
      name: resolved.name, hash: resolved.hash,
      values: resolved.values.map {
        Value(
          key: $0.key, value: $0.value, unit: $0.unit, provenance: $0.provenance.rawValue,
          source: $0.source, range: withRanges ? $0.range : nil)
      })
  }
}
