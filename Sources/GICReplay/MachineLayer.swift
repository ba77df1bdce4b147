// From a trace's header to a configuration.

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
