// What `itsctl study merge` does: joins what shards have measured.

import GICConfig
import GICReport

extension StudyTool {
  /// Joins the points of several folders, which must be of one study with one set of choices, and
  /// writes the result as one run would have. A point may be in several folders, if it is the same.
  /// - Returns: whether all points are there and every saturated one keeps to its bound.
  /// - Throws: ``StudyError`` or `ConfigurationError`.
  public func merge(_ folders: [String], into out: String) throws -> Bool {
    var manifests: [(folder: StudyFolder, manifest: StudyManifest)] = []
    for path in folders {
      let folder = try StudyFolder(path, create: false)
      guard let manifest = folder.manifest else {
        throw StudyError("\(path) holds no study: \(StudyFolder.manifestName) cannot be read there")
      }
      if let first = manifests.first, let why = first.manifest.difference(from: manifest) {
        throw StudyError("\(path) is of another study than \(first.folder.path): \(why)")
      }
      manifests.append((folder, manifest))
    }
    guard let first = manifests.first else { throw StudyError("expected folders to merge") }
    var tool = self
    (tool.isQuick, tool.seed) = (first.manifest.isQuick, first.manifest.seed)
    tool.configuration = first.manifest.configuration
    tool.flags = first.manifest.parameters.map { ($0.key, $0.value) }
    let plan = try tool.plan(first.manifest.study)
    guard plan.configuration.hash == first.manifest.hash, plan.identity == first.manifest.identity
    else {
      throw StudyError(
        "\(first.folder.path) was made from another configuration \(tool.configuration), or by "
          + "another version; its hash is \(first.manifest.hash), here \(plan.configuration.hash)")
    }
    let points = try StudyTool.join(manifests.map(\.folder), plan)
    let target = try StudyFolder(out)
    var manifest = first.manifest
    manifest.shards = Array(Set(manifests.flatMap(\.manifest.shards))).sorted()
    target.removeOutputs(of: plan.document([:]))
    try target.write(json: manifest, StudyFolder.manifestName)
    let program = programStamp()
    for (id, point) in points { try target.keep(point, id: id, program: program) }
    if points.count < plan.points.count { say(plan.missing(points, manifest.shards)) }
    return try publish(plan, target, points)
  }

  private static func join(
    _ folders: [StudyFolder], _ plan: StudyPlan
  ) throws(StudyError) -> [String: StudyPoint] {
    var points: [String: (point: StudyPoint, folder: String)] = [:]
    for folder in folders {
      for (id, point) in folder.points(plan.ids, program: nil) {
        if let other = points[id], other.point != point {
          throw StudyError(
            "point \(id) is different in \(other.folder) and \(folder.path): measured by different "
              + "builds? Remove one of points/\(id).json and merge again")
        }
        points[id] = (point, folder.path)
      }
    }
    return points.mapValues(\.point)
  }
}

extension StudyManifest {
  /// What tells two manifests of one study apart; nil if nothing does.
  fileprivate func difference(from other: StudyManifest) -> String? {
    if study != other.study { return "\(other.study), not \(study)" }
    // Where a trace lies may differ; what it holds is part of the identity.
    for (mine, its) in zip(parameters, other.parameters)
    where mine != its && mine.key != Recording.key {
      return "--\(its.key) \(its.value), not \(mine.value)"
    }
    if seed != other.seed { return "seed \(other.seed), not \(seed)" }
    if hash != other.hash { return "configuration \(other.hash), not \(hash)" }
    return identity == other.identity ? nil : "made by another version"
  }
}

extension StudyPlan {
  /// Which shards must run again.
  fileprivate func missing(_ points: [String: StudyPoint], _ shards: [String]) -> String {
    let lost = ids.indices.filter { points[ids[$0]] == nil }
    var text = "\(lost.count) of \(ids.count) points are missing"
    let counts = Set(shards.compactMap { Int($0.split(separator: "/").last ?? "") })
    if counts.count == 1, let count = counts.first, count > 1 {
      let names = Set(lost.map { $0 % count + 1 }).sorted().map { "\($0)/\(count)" }
      text += "; run again: --shard \(names.joined(separator: ", --shard "))"
    }
    return text + "\n"
  }
}
