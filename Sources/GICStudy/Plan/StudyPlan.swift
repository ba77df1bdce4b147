// A study with its choices made: the points and who each of them is.

import GICConfig
import GICModel
import GICReplay
import GICReport

/// Everything that says what a study's result will be.
struct StudyPlan: Sendable {
  let study: Study
  let chosen: Chosen
  let seed: UInt64
  let configuration: ResolvedConfiguration
  let recording: Recording
  let points: [StudyPoint]
  /// Of the whole study: equal for equal results.
  let identity: String
  /// Of each point, in the order of `points`.
  let ids: [String]

  /// - Throws: ``StudyError`` for choices that do not go together.
  init(
    _ study: Study, _ chosen: Chosen, seed: UInt64, configuration: ResolvedConfiguration,
    recording: Recording = Recording()
  ) throws(StudyError) {
    (self.study, self.chosen, self.seed) = (study, chosen, seed)
    (self.configuration, self.recording) = (configuration, recording)
    let points = try study.plan(chosen)
    guard !points.isEmpty else { throw StudyError("\(study.name): these choices leave no point") }
    self.points = points
    var common = Fingerprint()
    common.add("study 1 \(study.name) \(ReplayRun.toolVersion)")
    common.add("\(seed) \(configuration.hash) \(recording.digest)")
    // A recording is what it holds, wherever its file lies.
    for (key, text) in chosen.common where key != Recording.key { common.add("--\(key) \(text)") }
    ids = points.map { point in
      var own = common
      for (key, value) in point.values.sorted(by: { $0.key < $1.key }) {
        own.add("\(key)=\(value)")
      }
      return own.text
    }
    var whole = common
    for id in ids { whole.add(id) }
    identity = whole.text
    guard Set(ids).count == ids.count else {
      throw StudyError("\(study.name): two points are the same")
    }
  }

  /// The points of one of `count` equal shards, from 1: they are dealt out like cards, so that each
  /// shard has small and large ones.
  func indices(shard: Int, of count: Int) -> [Int] {
    points.indices.filter { $0 % count == shard - 1 }
  }

  /// What all outputs share, with the points that are there.
  func document(_ done: [String: StudyPoint]) -> StudyDocument {
    var document = StudyDocument(
      study: study.name, title: study.title, about: study.about, clock: study.clock, seed: seed,
      configuration: ConfigurationDocument(configuration))
    document.parameters = chosen.texts.map { key, text in
      guard key == Recording.key, !text.isEmpty else { return .init(key: key, value: text) }
      let name = text.split(separator: "/").last ?? ""
      return .init(key: key, value: "\(name) (\(recording.digest))")
    }
    document.columns = study.columns
    document.expected = points.count
    document.points = ids.compactMap { done[$0] }
    document.figures = study.figures(chosen)
    study.conclude(&document)
    return document
  }
}
