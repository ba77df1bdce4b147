import GICModel
import Testing

@testable import GICReport

@Test func `a deadlock is in the text and the JSON, and nothing is there without one`() throws {
  var statistics = MachineStatistics(clock: .timed)
  let well = StatisticsDocument(statistics)
  #expect(!well.text(clockHertz: nil).contains("DEADLOCK"))
  #expect(!String(decoding: try well.json(), as: UTF8.self).contains("deadlock"))
  statistics.deadlock = "no progress since cycle 7\nITS 0: credits 0 of 4"
  let stuck = StatisticsDocument(statistics)
  #expect(stuck.text(clockHertz: nil).contains("DEADLOCK: no progress since cycle 7\nITS 0:"))
  #expect(try StatisticsDocument(json: try stuck.json()) == stuck)
}
