// From a trace's header to a configuration, and from a configuration to the one text that a daemon
// makes the same machine from.

import GICArch
import GICConfig

extension TraceHeader {
  /// The shape of the machine that the trace was taken from, laid over a preset.
  /// - Parameter name: what errors and results call it, the trace's file.
  public func layer(name: String) -> ConfigurationLayer {
    let affinities = affinities.map(\.description).joined(separator: ", ")
    let text = """
      machine:
        gicd_base: \(hex(gicdBase))
        its_bases: [\(hex(itsBase))]
        gicr_base: \(hex(gicrBase))
        gicr_stride: \(hex(gicrStride))
        affinities: [\(affinities)]
      identity:
        gic_version: \(gicVersion)

      """
    return ConfigurationLayer(name: name, text: text)
  }
}

extension ResolvedConfiguration {
  /// Every setting as YAML, so that whoever reads it makes this machine whatever its defaults are.
  public var yaml: String {
    // The number of PEs and their affinities are two ways to say one thing: the list says more.
    let hasList = values.contains { $0.key == "machine.affinities" && $0.value.hasPrefix("[") }
    let left = hasList ? "machine.pes" : "machine.affinities"
    var text = ""
    var section = ""
    for value in values where value.key != left {
      let parts = value.key.split(separator: ".", maxSplits: 1)
      if parts.count == 2 {
        if parts[0] != section { text += "\(parts[0]):\n" }
        section = String(parts[0])
        text += "  \(parts[1]): \(value.value)\n"
      } else {
        section = ""
        text += "\(value.key): \(value.value)\n"
      }
    }
    return text
  }
}

/// The times of a configuration and where they come from, without its machine, identity and rules.
func timingOnly(_ layer: ConfigurationLayer) throws(ConfigurationError) -> ConfigurationLayer {
  let resolved = try resolve([layer])
  func quoted(_ text: String) -> String {
    "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
  }
  var text = "name: \(quoted(resolved.name))\ntiming:\n"
  for value in resolved.values where value.key.hasPrefix("timing.") {
    text +=
      "  \(value.key.dropFirst("timing.".count)): {value: \(value.value), from: "
      + "\(value.provenance.rawValue), source: \(quoted(value.source))}\n"
  }
  return ConfigurationLayer(name: layer.name, text: text)
}
