// What `itsctl study` does once its arguments are parsed.

import GICConfig
import GICModel
import GICReplay
import GICReport
import Glibc
import SystemPackage

/// Plans, measures, joins and writes studies.
public struct StudyTool: Sendable {
  /// A preset's name or a file's path.
  public var configuration = "gic600"
  public var isQuick = false
  public var seed: UInt64 = 1
  /// Points that are measured at once; 0 is one a processor.
  public var jobs = 0
  /// Which part of how many; nil is all of it.
  public var shard: Shard?
  /// Whether a PNG is made of the first figure.
  public var wantsPicture = true
  /// What a study's own flags say, without their dashes.
  public var flags: [(key: String, text: String)] = []

  public init() {}

  /// A part of a study, from 1.
  public struct Shard: Sendable, Equatable {
    public let index: Int
    public let count: Int
    /// From `2/8`.
    /// - Throws: ``StudyError`` for anything else.
    public init(_ text: String) throws(StudyError) {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let index = parts[0], let count = parts[1],
        (1...100_000).contains(count), (1...count).contains(index)
      else {
        throw StudyError("--shard \(text): expected I/N with I from 1 through N, such as 2/8")
      }
      (self.index, self.count) = (index, count)
    }
    var text: String { "\(index)/\(count)" }
  }

  /// Whether there is such a study, and it can be run with these flags.
  /// - Throws: ``StudyError`` with what was probably meant.
  public func check(_ name: String) throws(StudyError) {
    let study = try Study.named(name)
    _ = try study.plan(try Chosen(study, flags: flags, isQuick: isQuick))
  }

  /// - Throws: ``StudyError`` or `ConfigurationError`.
  func plan(_ name: String) throws -> StudyPlan {
    let study = try Study.named(name)
    let chosen = try Chosen(study, flags: flags, isQuick: isQuick)
    let resolved = try resolve([try Presets.load(configuration)])
    return try StudyPlan(
      study, chosen, seed: seed, configuration: resolved, recording: try Recording(chosen))
  }

  /// Runs a study, or a part of it, into a folder.
  /// - Returns: whether every saturated point keeps to its bound.
  /// - Throws: ``StudyError`` or `ConfigurationError`.
  public func run(_ name: String, into out: String) throws -> Bool {
    let plan = try plan(name)
    let folder = try StudyFolder(out)
    let program = programStamp()
    try claim(folder, plan)
    let mine =
      shard.map { plan.indices(shard: $0.index, of: $0.count) } ?? Array(plan.points.indices)
    let before = folder.points(mine.map { plan.ids[$0] }, program: program)
    let missing = mine.filter { before[plan.ids[$0]] == nil }
    try measure(missing, of: plan, into: folder, program)
    if before.count > 0 { say("\(before.count) of \(mine.count) points were there already\n") }
    if let shard, shard.count > 1 {
      say(
        "shard \(shard.text): \(mine.count) of \(plan.points.count) points are in \(folder.path); "
          + "itsctl study merge joins the shards\n")
      return true
    }
    return try publish(plan, folder, folder.points(plan.ids, program: program))
  }

  /// Says whose the folder is from now on, and takes away what is of another study.
  private func claim(_ folder: StudyFolder, _ plan: StudyPlan) throws(StudyError) {
    let document = plan.document([:])
    var manifest = StudyManifest(
      study: plan.study.name, identity: plan.identity,
      parameters: plan.chosen.texts.map { .init(key: $0.key, value: $0.text) },
      isQuick: isQuick, seed: seed, configuration: configuration,
      hash: plan.configuration.hash, shards: [(shard?.text ?? "1/1")])
    if let old = folder.manifest, old.identity == manifest.identity {
      manifest.shards = Array(Set(old.shards + manifest.shards)).sorted()
    } else {
      folder.removeOutputs(of: document)
    }
    try folder.write(json: manifest, StudyFolder.manifestName)
  }

  private func measure(
    _ missing: [Int], of plan: StudyPlan, into folder: StudyFolder, _ program: String
  ) throws(StudyError) {
    guard !missing.isEmpty else { return }
    let context = StudyContext(
      chosen: plan.chosen, configuration: plan.configuration.machine, seed: seed,
      recording: plan.recording)
    // The last points of a plan are the largest: begun first, they do not end alone.
    let workers = Workers(missing.reversed()) { (index) throws(StudyError) in
      var point = plan.points[index]
      try plan.study.measure(&point, context)
      try folder.keep(point, id: plan.ids[index], program: program)
    }
    let progress = StudyProgress(total: missing.count)
    // What the host is asked for must not disturb itself.
    let wanted = jobs > 0 ? jobs : sysconf(CInt(_SC_NPROCESSORS_ONLN))
    defer { progress.clear() }
    try workers.run(jobs: plan.study.clock == .host ? 1 : wanted, progress: progress.show)
  }

  func publish(
    _ plan: StudyPlan, _ folder: StudyFolder, _ points: [String: StudyPoint]
  ) throws(StudyError) -> Bool {
    let document = plan.document(points)
    let notes = try folder.publish(document, wantsPicture: wantsPicture)
    say(document.summary())
    for note in notes { say("note: \(note)\n") }
    say("wrote \(folder.path)/report.html\n")
    return document.isComplete && document.checks.allSatisfy(\.holds)
  }

  func say(_ text: String) {
    // Who closes the pipe does not want to know.
    _ = try? FileDescriptor.standardOutput.writeAll(Array(text.utf8))
  }
}
