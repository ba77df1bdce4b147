import Foundation
import GICReport
import Testing

@testable import GICStudy

/// A folder that is gone after the test.
final class Scratch {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("study-\(UUID())").path
  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> Data? { FileManager.default.contents(atPath: "\(path)/\(name)") }
  func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
  }
}

private let configs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("Configs/gic600.yaml").path

private func tool(jobs: Int = 1, shard: String? = nil) throws -> StudyTool {
  var tool = StudyTool()
  (tool.configuration, tool.isQuick, tool.wantsPicture, tool.jobs) = (configs, true, false, jobs)
  tool.shard = try shard.map { try StudyTool.Shard($0) }
  tool.flags = [
    (key: "vcpus", text: "1,4"), (key: "transactions", text: "1000"), (key: "its", text: "1,2"),
  ]
  return tool
}

@Suite struct StudyRunTests {
  @Test func `jobs, shards and repeats of shards give one and the same data`() throws {
    let scratch = try Scratch()
    _ = try tool().run("vcpu-contention", into: scratch.path + "/one")
    _ = try tool(jobs: 3).run("vcpu-contention", into: scratch.path + "/three")
    for shard in 1...3 {
      _ = try tool(shard: "\(shard)/3").run("vcpu-contention", into: scratch.path + "/s\(shard)")
      #expect(
        scratch.file("s\(shard)/report.html") == nil && scratch.file("s\(shard)/data.json") == nil)
    }
    let parts = [3, 1, 2, 1].map { scratch.path + "/s\($0)" }
    _ = try tool().merge(parts, into: scratch.path + "/whole")
    let data = try #require(scratch.file("one/data.json"))
    #expect(scratch.file("three/data.json") == data)
    #expect(scratch.file("whole/data.json") == data)
    #expect(scratch.file("whole/report.html") == scratch.file("one/report.html"))
    let document = try StudyDocument(json: [UInt8](data))
    // One vCPU leaves two ITSs alone.
    #expect(document.points.count == 6 && document.isComplete)
    #expect(scratch.names("whole").filter { $0.hasSuffix(".svg") }.count == document.figures.count)
  }

  @Test func `a lost shard makes a partial result that says so`() throws {
    let scratch = try Scratch()
    _ = try tool(shard: "1/3").run("vcpu-contention", into: scratch.path + "/a")
    _ = try tool(shard: "3/3").run("vcpu-contention", into: scratch.path + "/b")
    let isWhole = try tool().merge(
      ["/a", "/b"].map { scratch.path + $0 }, into: scratch.path + "/c")
    #expect(!isWhole)
    let page = String(decoding: try #require(scratch.file("c/report.html")), as: UTF8.self)
    #expect(page.contains("PARTIAL: ") && page.contains("(partial)</title>"))
    let document = try StudyDocument(json: [UInt8](try #require(scratch.file("c/data.json"))))
    #expect(!document.isComplete && document.points.count < document.expected)
    #expect(
      String(decoding: scratch.file("c/data.csv") ?? Data(), as: UTF8.self).contains("# partial"))
  }

  @Test func `what is there is not measured again, what is broken is`() throws {
    let scratch = try Scratch()
    let out = scratch.path + "/out"
    _ = try tool().run("vcpu-contention", into: out)
    let data = scratch.file("out/data.json")
    let names = scratch.names("out/points")
    func stamps() throws -> [Date?] {
      try names.map {
        try FileManager.default.attributesOfItem(atPath: "\(out)/points/\($0)")[.modificationDate]
          as? Date
      }
    }
    let before = try stamps()
    // One is lost, one was cut off, one is another point's.
    let manager = FileManager.default
    try manager.removeItem(atPath: "\(out)/points/\(names[0])")
    try Data("{\"id\"".utf8).write(to: URL(fileURLWithPath: "\(out)/points/\(names[1])"))
    try #require(scratch.file("out/points/\(names[3])"))
      .write(to: URL(fileURLWithPath: "\(out)/points/\(names[2])"))
    _ = try tool().run("vcpu-contention", into: out)
    let after = try stamps()
    #expect(
      zip(before, after).map { $0 == $1 } == [false, false, false]
        + names.dropFirst(3).map { _ in true })
    #expect(scratch.file("out/data.json") == data)
  }

  @Test func `other choices take the old report away before they begin`() throws {
    let scratch = try Scratch()
    let out = scratch.path + "/out"
    _ = try tool().run("vcpu-contention", into: out)
    #expect(scratch.file("out/report.html") != nil)
    var other = try tool(shard: "1/2")
    other.seed = 2
    _ = try other.run("vcpu-contention", into: out)
    #expect(scratch.file("out/report.html") == nil && scratch.file("out/data.json") == nil)
  }

  @Test func `what cannot be written leaves no page`() throws {
    let scratch = try Scratch()
    let out = scratch.path + "/out"
    // A folder where a file should come: the rename fails as a full disk would make the write fail.
    try FileManager.default.createDirectory(
      atPath: out + "/data.csv/x", withIntermediateDirectories: true)
    let error = #expect(throws: StudyError.self) {
      try tool().run("vcpu-contention", into: out)
    }
    #expect(error?.description.contains("data.csv cannot be written") == true)
    #expect(scratch.file("out/report.html") == nil)
    #expect(scratch.names("out").allSatisfy { !$0.hasPrefix(".") })
  }

  @Test func `shards of different studies do not join`() throws {
    let scratch = try Scratch()
    _ = try tool(shard: "1/2").run("vcpu-contention", into: scratch.path + "/a")
    var other = try tool(shard: "2/2")
    other.seed = 9
    _ = try other.run("vcpu-contention", into: scratch.path + "/b")
    let error = #expect(throws: StudyError.self) {
      try tool().merge(["/a", "/b"].map { scratch.path + $0 }, into: scratch.path + "/c")
    }
    #expect(error?.description.contains("seed 9, not 1") == true)
    #expect(throws: StudyError.self) {
      try tool().merge([scratch.path], into: scratch.path + "/d")
    }
  }
}
