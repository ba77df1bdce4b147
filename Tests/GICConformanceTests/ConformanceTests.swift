// The suite itself runs here, in this process and over a socket; and what must hold of its table.

import GICArch
import GICModel
import Testing

@testable import GICConformance

private func check(_ document: ConformanceDocument) {
  for failure in document.failures { Issue.record("\(failure.text)") }
}

@Test func `every row passes in this process, and every error number is reached`() throws {
  let document = try ConformanceRun(.inProcess).run()
  print(document.summary)
  check(document)
  let excluded = ConformanceSuite.errorsNotProduced
  for error in CommandError.allCases {
    #expect(
      document.errorsReached.contains(error.name) == (excluded[error.name] == nil),
      "\(error.name) is reached by a row, or is in the list of those that are never given")
  }
}

@Test(arguments: [1, 4])
func `every row passes over a socket, however many threads the daemon has`(threads: Int) throws {
  let daemon = try TestDaemon(threads: threads)
  let here = ConformanceRun(.inProcess)
  let there = try ConformanceRun(.attached(daemon.address)).run()
  check(there)
  #expect(there.rows == here.rows.count)
  #expect(there.kvm + there.architecture == here.runCount)
}

@Test func `every line of the checklist has a row in some profile, or a reason`() {
  let lines = Set(ConformanceSuite.rows.map(\.number))
  for line in 1...116 {
    let reasons = ConformanceSuite.linesNotApplicable.filter { $0.key.contains(line) }
    #expect(lines.contains(line) == reasons.isEmpty, "line \(line)")
    #expect(reasons.values.allSatisfy { !$0.isEmpty })
  }
}

@Test func `number, profile and name tell every row from the others`() {
  var seen: Set<String> = []
  for row in ConformanceSuite.rows {
    #expect(!row.profiles.isEmpty && !row.name.isEmpty && !row.source.isEmpty)
    for profile in row.profiles {
      #expect(seen.insert("\(row.number) \(profile) \(row.name)").inserted, "\(row.name)")
    }
  }
}

@Test(arguments: [
  (filter: "24", count: 1), (filter: "MOVALL of a PE to itself", count: 1),
  (filter: "no row says this", count: 0),
])
func `a filter is a line's number or a text`(filter: String, count: Int) {
  #expect(ConformanceRun(.inProcess, filter: filter).rows.count == count)
}

@Test func `a profile runs its own rows only`() {
  let run = ConformanceRun(.inProcess, profiles: [.kvm])
  #expect(run.rows.allSatisfy { $0.profiles.contains(.kvm) })
  #expect(run.runCount == run.rows.count)
  #expect(run.rows.count < ConformanceSuite.rows.count)
}

/// Rows of which one cannot hold: the runner must say so.
@Test func `a row that sees something else is reported with number, source, expected and got`()
  throws
{
  let make = RowMaker(chapter: .registers, source: "nowhere")
  var run = ConformanceRun(.inProcess, profiles: [.kvm])
  run.rows = [
    make(901, "wrong") { w in try w.expect(.its(GITS.CTLR.self), 0x1234) },
    make(902, "right") { w in try w.expect(.its(GITS.CTLR.self), 0x8000_0000) },
    make(903, "rejects", [.kvm]) { w in
      try w.start()
      try w.run(.mapc(1, 99))
      try w.expectNothing(at: 1)
    },
  ]
  let document = try run.run()
  #expect(!document.passed)
  #expect(document.summary == "conformance: 3 rows, kvm 3, architecture 0")
  #expect(document.errorsReached == ["MAPC_PROCNUM_OOR"])
  let failure = try #require(document.failures.first)
  #expect(document.failures.count == 1)
  #expect(failure.number == 901)
  #expect(failure.expected == "0x1234")
  #expect(failure.got == "0x80000000")
  #expect(failure.text.contains("nowhere"))
  #expect(try ConformanceDocument(json: try document.json()) == document)
}

@Test func `a daemon that is not there ends the run with its address`() {
  #expect {
    _ = try ConformanceRun(.attached("unix:/nonexistent/s"), filter: "5").run()
  } throws: { "\($0)".contains("unix:/nonexistent/s") }
}
