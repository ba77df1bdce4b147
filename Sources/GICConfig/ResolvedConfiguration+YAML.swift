// From a configuration to the one text that makes the same machine.

import GICModel

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
