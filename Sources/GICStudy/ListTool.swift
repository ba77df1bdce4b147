// What `itsctl study list` shows.

extension StudyTool {
  /// All studies, a line each; or one study's question and parameters.
  /// - Throws: ``StudyError`` for a study that does not exist.
  public func list(_ name: String?) throws {
    guard let name else {
      let width = Study.all.map(\.name.count).max() ?? 0
      for study in Study.all {
        let name = study.name + String(repeating: " ", count: width - study.name.count)
        say("\(name)  \(study.title)\(study.clock == .host ? " (host time)" : "")\n")
      }
      return say("itsctl study list NAME shows a study's parameters.\n")
    }
    let study = try Study.named(name)
    say("\(study.name): \(study.about)\n\n")
    for parameter in study.parameters {
      let unit = parameter.unit.isEmpty ? "" : " (\(parameter.unit))"
      say("  --\(parameter.key)\(unit): \(parameter.about)\n")
      say("      \(parameter.expected)\n")
      let usual = parameter.usual.isEmpty ? "none" : parameter.usual
      let quick = parameter.quick == parameter.usual ? "" : "; with --quick \(parameter.quick)"
      say("      default: \(usual)\(quick)\n")
    }
  }
}

extension Study {
  /// - Throws: ``StudyError`` with the nearest name if there is no such study.
  static func named(_ name: String) throws(StudyError) -> Study {
    if let study = all.first(where: { $0.name == name }) { return study }
    let names = all.map(\.name)
    throw StudyError(
      "no study \(name); nearest: \(nearest(to: name, among: names)); all: "
        + names.joined(separator: ", "))
  }
}
