import GICReport
import Testing

@testable import GICStudy

private func choose(_ study: String, _ flags: [(String, String)]) throws -> [StudyPoint] {
  let study = try Study.named(study)
  return try study.plan(
    try Chosen(study, flags: flags.map { (key: $0.0, text: $0.1) }, isQuick: true))
}

/// One row per mistake: what is said must name what was meant.
private let mistakes: [(name: String, study: String, flags: [(String, String)], says: [String])] = [
  ("unknown study", "vcpu-contenton", [], ["no study", "nearest: vcpu-contention", "topology"]),
  ("unknown flag", "fan-in", [("bank", "1")], ["no parameter --bank", "nearest: --banks"]),
  ("below", "vcpu-contention", [("vcpus", "0")], ["integers from 1 through 1024"]),
  ("not a number", "vcpu-contention", [("vcpus", "1,two")], ["--vcpus 1,two", "integers"]),
  ("empty", "vcpu-contention", [("vcpus", "")], ["integers from 1 through 1024"]),
  ("unknown name", "cwriter-throughput", [("mix", "invv")], ["no invv", "nearest: inv"]),
  ("two where one is meant", "vcpu-contention", [("think", "1,2")], ["one integer from 0"]),
  (
    "too many LPIs", "vcpu-contention", [("vcpus", "1024"), ("events", "64")],
    ["--vcpus 1024", "--events 64", "57,344"]
  ),
  ("no trace", "msi-load", [("arrivals", "trace")], ["--arrivals trace needs --trace FILE"]),
  ("no power of two", "fan-in", [("banks", "3")], ["--banks 3", "power of two"]),
  ("no daemon", "host-clients", [], ["--attach ADDRESS"]),
  (
    "rings over TCP", "host-clients", [("attach", "tcp:127.0.0.1:1")], ["rings need a Unix socket"]
  ),
  ("too many events", "working-set", [("devices", "4096"), ("events", "1,64,64")], []),
]
@Test(arguments: mistakes)
func `a mistake is answered with what was meant`(
  _: String, study: String, flags: [(String, String)], says: [String]
) throws {
  guard !says.isEmpty else {
    #expect(try choose(study, flags).count > 0)
    return
  }
  let error = #expect(throws: StudyError.self) { try choose(study, flags) }
  let text = error?.description ?? ""
  for words in says { #expect(text.contains(words), "\(text)") }
}

@Test(arguments: Study.all.map(\.name))
func `every study describes itself`(name: String) throws {
  let study = try Study.named(name)
  let address = study.parameters.contains { $0.key == "attach" } ? [("attach", "unix:/x")] : []
  for isQuick in [true, false] {
    let chosen = try Chosen(study, flags: address.map { (key: $0.0, text: $0.1) }, isQuick: isQuick)
    let points = try study.plan(chosen)
    #expect(points.count > 1)
    #expect(Set(points.map { "\($0.values.sorted { $0.key < $1.key })" }).count == points.count)
    let known = Set(study.columns.map(\.key))
    for point in points { #expect(Set(point.values.keys).isSubset(of: known)) }
    for figure in study.figures(chosen) {
      let keys = figure.series + figure.lines.map(\.key) + [figure.x.key] + figure.filter.keys
      #expect(Set(keys).isSubset(of: known), "\(figure.id)")
      #expect(!figure.caption.isEmpty && !figure.x.title.isEmpty && !figure.y.title.isEmpty)
    }
  }
}

private let shards: [(text: String, isFit: Bool)] = [
  ("1/1", true), ("2/8", true), ("0/2", false), ("3/2", false), ("1", false), ("a/b", false),
  ("1/2/3", false), ("-1/2", false),
]
@Test(arguments: shards)
func `a shard is I of N`(text: String, isFit: Bool) {
  #expect(((try? StudyTool.Shard(text)) != nil) == isFit)
}
