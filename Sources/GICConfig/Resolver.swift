// YAML layers become a machine. Every node is looked up in the tables of settings; what is not
// there, or does not fit, stops the resolution where it stands.

import GICModel
import Yams

/// Lays the layers over the defaults, the last one on top.
/// - Throws: ``ConfigurationError`` for text that is no YAML, an unknown key, a value that does not
///   fit or a combination that no machine can have.
public func resolve(
  _ layers: [ConfigurationLayer]
) throws(ConfigurationError) -> ResolvedConfiguration {
  let (resolved, errors) = check(layers)
  if let first = errors.first { throw first }
  return resolved
}

/// Lays the layers over the defaults as ``resolve(_:)`` does, but goes on after a key that is
/// wrong, so that all of them are told at once.
/// - Returns: the machine, and what is wrong with the layers; the machine means something only if
///   that is nothing.
public func check(
  _ layers: [ConfigurationLayer]
) -> (resolved: ResolvedConfiguration, errors: [ConfigurationError]) {
  var resolver = Resolver()
  for layer in layers {
    do {
      try resolver.apply(layer)
    } catch {
      // The layer is not even a table of keys: nothing after this can be trusted.
      resolver.errors.append(error)
      return (resolver.resolved, resolver.errors)
    }
  }
  if resolver.errors.isEmpty {
    do { try resolver.checkCombinations() } catch { resolver.errors.append(error) }
  }
  return (resolver.resolved, resolver.errors)
}

/// What the layers so far have made.
struct Resolver {
  /// Who set a key, and where.
  struct Origin {
    var layer: String
    var line: Int
    var column: Int
    var provenance: Provenance
    var source: String
  }

  var machine = MachineConfiguration()
  private var name = "default"
  private var about = ""
  private(set) var origins: [String: Origin] = [:]
  /// Keys that are wrong, in the order in which they were met.
  var errors: [ConfigurationError] = []
  private var layer = ""

  /// The layer's name without its directories: results must not depend on where files lie.
  private var layerName: String {
    layer.split(separator: "/").last.map(String.init) ?? layer
  }

  /// Text longer than this is no configuration.
  private static let maximumByteCount = 1 << 20

  mutating func apply(_ layer: ConfigurationLayer) throws(ConfigurationError) {
    self.layer = layer.name
    guard let root = try compose(layer) else { return }
    if case .scalar(let scalar) = root, scalar.string.isEmpty { return }
    guard case .mapping(let mapping) = root else {
      throw error(at: root.mark, "expected keys and values, such as timing: or machine:")
    }
    for (key, node) in mapping {
      let path = key.scalar?.string ?? ""
      do {
        if Settings.descriptions.contains(path) {
          try describe(path, node)
        } else if Settings.sections.contains(path) {
          try applySection(path, node)
        } else {
          try applySetting(path, at: key.mark, node)
        }
      } catch { errors.append(error) }
    }
    do { try refuseTwoShapes(mapping) } catch { errors.append(error) }
  }

  var resolved: ResolvedConfiguration {
    ResolvedConfiguration(
      machine: machine, name: name, about: about,
      values: Settings.all.map { setting in
        let origin = origins[setting.key]
        return ConfiguredValue(
          key: setting.key, value: setting.read(machine), unit: setting.unit,
          provenance: origin?.provenance ?? setting.provenance,
          source: origin?.source ?? setting.source, layer: origin?.layer ?? "default",
          range: setting.expected)
      })
  }

  private func compose(_ layer: ConfigurationLayer) throws(ConfigurationError) -> Node? {
    guard layer.text.utf8.count <= Resolver.maximumByteCount else {
      throw ConfigurationError(file: layer.name, message: "longer than 1 MiB")
    }
    do {
      return try Yams.compose(yaml: layer.text)
    } catch let error as YamlError {
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw self.error(at: mark, "not YAML: \(problem)")
      case .duplicatedKeysInMapping(let keys, let context):
        throw self.error(at: context.mark, "\(keys.joined(separator: ", ")) is there twice")
      default: throw ConfigurationError(file: layer.name, message: "not YAML: \(error)")
      }
    } catch {
      throw ConfigurationError(file: layer.name, message: "not YAML: \(error)")
    }
  }

  private mutating func describe(_ key: String, _ node: Node) throws(ConfigurationError) {
    guard case .scalar(let scalar) = node else {
      throw error(at: node.mark, "\(key): expected a text")
    }
    if key == "name" { name = scalar.string } else { about = scalar.string }
  }

  private mutating func applySection(
    _ section: String, _ node: Node
  ) throws(ConfigurationError) {
    if case .scalar(let scalar) = node, scalar.string.isEmpty { return }
    guard case .mapping(let mapping) = node else {
      throw error(at: node.mark, "\(section): expected keys and values")
    }
    // The base goes first, wherever it stands: the choices beside it say otherwise.
    let base = mapping.filter { section == "profile" && $0.key.scalar?.string == "base" }
    for (key, value) in base + mapping.filter({ pair in !base.contains { $0.key == pair.key } }) {
      do {
        try applySetting(section + "." + (key.scalar?.string ?? ""), at: key.mark, value)
      } catch { errors.append(error) }
    }
  }

  private mutating func applySetting(
    _ key: String, at mark: Mark?, _ node: Node
  ) throws(ConfigurationError) {
    guard let setting = Settings.all.first(where: { $0.key == key }) else {
      throw unknown(key, at: mark)
    }
    var value = node
    var provenance = setting.isTiming ? Provenance.assumed : .chosen
    var source = "set in \(layerName)"
    if case .mapping(let annotated) = node {
      (value, provenance, source) = try annotation(annotated, of: setting)
    }
    do {
      try setting.write(&machine, raw(value))
    } catch {
      var wrong = self.error(at: value.mark, "\(key): expected \(error.expected)")
      (wrong.key, wrong.range) = (key, setting.expected)
      throw wrong
    }
    let origin = Origin(
      layer: layer, line: value.mark?.line ?? 0, column: value.mark?.column ?? 0,
      provenance: provenance, source: source)
    if key == "profile.base" { baseChanged(origin) }
    // The number of PEs and their affinities are two ways to say one thing.
    let shape = ["machine.pes", "machine.affinities"]
    for key in shape.contains(key) ? shape : [key] { origins[key] = origin }
  }

  /// A key that is not there, and the one that was probably meant, with what it may be.
  private func unknown(_ key: String, at mark: Mark?) -> ConfigurationError {
    let nearest = nearestKey(to: key)
    let range = Settings.all.first { $0.key == nearest }?.expected
    var wrong = error(
      at: mark, "unknown key \(key); nearest: \(nearest)" + (range.map { ", \($0)" } ?? ""))
    (wrong.key, wrong.nearest, wrong.range) = (key, nearest, range)
    return wrong
  }

  /// Every choice of the profile comes from its base now, whatever earlier layers said.
  private mutating func baseChanged(_ origin: Origin) {
    var choice = origin
    choice.provenance = .documented
    choice.source = Settings.source(of: machine.profile.base)
    for setting in Settings.profile { origins[setting.key] = choice }
  }

  /// `{value: 85, from: documented, source: "..."}`
  private func annotation(
    _ mapping: Node.Mapping, of setting: Setting
  ) throws(ConfigurationError) -> (Node, Provenance, String) {
    var value: Node?
    var provenance: Provenance?
    var source = "set in \(layerName)"
    let allowed = Provenance.allCases.filter { $0 != .chosen || !setting.isTiming }
    for (key, node) in mapping {
      switch key.scalar?.string {
      case "value": value = node
      case "from":
        provenance = allowed.first { $0.rawValue == node.scalar?.string }
        guard provenance != nil else {
          let names = allowed.map(\.rawValue).joined(separator: ", ")
          throw error(at: node.mark, "\(setting.key): from: expected one of \(names)")
        }
      case "source":
        guard let text = node.scalar?.string else {
          throw error(at: node.mark, "\(setting.key): source: expected a text")
        }
        source = text
      default:
        throw error(
          at: key.mark, "\(setting.key): expected value, from or source beside a value")
      }
    }
    guard let value else { throw error(at: mapping.mark, "\(setting.key): value is missing") }
    guard let provenance else {
      throw error(at: mapping.mark, "\(setting.key): from is missing")
    }
    return (value, provenance, source)
  }

  private func raw(_ node: Node) throws(Unfit) -> RawValue {
    switch node {
    case .scalar(let scalar): return .scalar(scalar.string)
    case .sequence(let sequence):
      var texts: [String] = []
      for element in sequence {
        guard let text = element.scalar?.string else { throw Unfit(expected: "a list of scalars") }
        texts.append(text)
      }
      return .list(texts)
    case .mapping: throw Unfit(expected: "a value")
    case .alias: throw Unfit(expected: "a value, not an alias")
    }
  }

  /// One layer says how many PEs there are, or which; the order of its keys must not matter.
  private func refuseTwoShapes(_ root: Node.Mapping) throws(ConfigurationError) {
    guard let machine = root["machine"]?.mapping, let pes = machine["pes"],
      machine["affinities"] != nil
    else { return }
    throw error(at: pes.mark, "machine.pes and machine.affinities exclude each other")
  }

  private func error(at mark: Mark?, _ message: String) -> ConfigurationError {
    ConfigurationError(
      file: layer, line: mark?.line ?? 0, column: mark?.column ?? 0, message: message)
  }
}
