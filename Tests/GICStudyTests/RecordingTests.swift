import Foundation
import GICConfig
import Testing

@testable import GICStudy

private func choose(_ trace: String) throws -> Chosen {
  try Chosen(
    try Study.named("msi-load"),
    flags: [(key: "arrivals", text: "trace"), (key: "trace", text: trace)], isQuick: true)
}

/// A trace of `msis` MSIs, 10 ns apart and then one 1,000 ns later, of two devices in turn.
private func write(_ msis: Int, to path: String) throws {
  var text =
    "# its-trace 1\n# name: made\n# kernel: none\n# qemu: none\n# clock: none\n# cpus: 1\n"
    + "# ram_base: 0x40000000\n# ram_size: 0x10000\n"
    + "# gicd_base: 0x8000000\n# its_base: 0x8080000\n# gicr_base: 0x80a0000\n"
    + "# gicr_stride: 0x20000\n# affinity: 0x0=0\n"
  for index in 0..<msis {
    let time = index * 10 + (index == msis - 1 ? 990 : 0)
    text += "\(time) - msi \(index % 2 == 0 ? "100" : "8") \(index % 3)\n"
  }
  try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}

@Test func `a recording keeps distances and who sent what, wherever its file lies`() throws {
  let scratch = try Scratch()
  let (one, other) = (scratch.path + "/one.trace", scratch.path + "/other.trace")
  try write(201, to: one)
  try write(201, to: other)
  let recording = try Recording(try choose(one))
  #expect(recording.deviceCount == 2 && recording.eventCount == 3)
  #expect(Array(recording.devices.prefix(4)) == [0, 1, 0, 1])
  // The mean distance is (199 * 10 + 1000) / 200.
  let mean = 2_990.0 / 200
  #expect(recording.gaps.count == 201 && recording.gaps[0] == 0)
  #expect(recording.gaps[1] == 10 / mean && recording.gaps[200] == 1_000 / mean)
  let resolved = try resolve([])
  func plan(_ path: String) throws -> StudyPlan {
    try StudyPlan(
      try Study.named("msi-load"), try choose(path), seed: 1, configuration: resolved,
      recording: try Recording(try choose(path)))
  }
  #expect(try plan(one).identity == plan(other).identity)
  try write(202, to: other)
  #expect(try plan(one).identity != plan(other).identity)
}

@Test func `a trace with next to no MSIs is refused`() throws {
  let scratch = try Scratch()
  try write(50, to: scratch.path + "/short.trace")
  let error = #expect(throws: StudyError.self) {
    try Recording(try choose(scratch.path + "/short.trace"))
  }
  #expect(error?.description.contains("over 100 MSIs, found 50") == true)
  #expect(throws: StudyError.self) { try Recording(try choose(scratch.path + "/none.trace")) }
}
