// The example in the documentation is bytes that the code agrees with.

import Foundation
import GICWire
import Testing

@Test func `the documented exchange is what the code sends`() throws {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Sources/GICWire/GICWire.docc/Protocol.md")
  let text = try String(contentsOf: file, encoding: .utf8)
  let blocks = text.components(separatedBy: "```hex\n").dropFirst().map {
    bytes($0.components(separatedBy: "```")[0])
  }
  var request: [UInt8] = []
  Request.mmioRead(address: 0x0808_0090, size: 8, pe: 1).append(
    to: &request, id: 7, time: 1_000_000)
  let clock = ClockScale(hertz: 1_000_000_000)
  let summary = InterruptSummary(levels: 1, sequence: 5)
  var line: [UInt8] = []
  LineNotice(pe: 1, interrupts: summary, time: clock.picosecond(ofCycle: 1004), cycle: 1004)
    .append(to: &line)
  var answer = Reply(to: .mmioRead, id: 7)
  (answer.value, answer.latency, answer.cycle) = (0x60, 12, 1012)
  answer.time = clock.picosecond(ofCycle: 1012)
  answer.interrupts = summary
  var reply: [UInt8] = []
  answer.append(to: &reply)
  #expect(blocks == [request, line, reply])
}

@Test func `every message has its number in the documentation`() throws {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Sources/GICWire/GICWire.docc/Protocol.md")
  let text = try String(contentsOf: file, encoding: .utf8)
  for type in MessageType.allCases {
    let digits = String(type.rawValue, radix: 16)
    let number = "| 0x" + String(repeating: "0", count: 4 - digits.count) + digits + " |"
    #expect(text.contains(number), "\(type)")
  }
}

/// A documented frame, and what the code makes of it.
private func again(_ documented: [UInt8]) throws -> [UInt8] {
  // SAFETY: the bytes of an array of bytes are initialised, and outlive the span.
  let span = unsafe documented.span.bytes
  guard let slot = Slot(decoding: span) else { return [] }
  var encoded: [UInt8] = []
  if MessageType(rawValue: slot.type)?.isNotice == true {
    switch try decodeMessage(documented) {
    case .line(let notice): notice.append(to: &encoded)
    case .closing(let notice): notice.append(to: &encoded)
    case .reply, .unknown: break
    }
  } else {
    let time = slot.flags.contains(.timed) ? slot.time : nil
    try #require(decode(documented)).get().append(
      to: &encoded, id: slot.id, flags: slot.flags, time: time)
  }
  return encoded
}

@Test func `every message has its chapter, and a frame that the code makes`() throws {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Sources/GICWire/GICWire.docc/Messages.md")
  let chapters = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n### ")
    .dropFirst()
  #expect(chapters.count == MessageType.allCases.count)
  for type in MessageType.allCases {
    let digits = String(type.rawValue, radix: 16)
    let title = ", 0x" + String(repeating: "0", count: 4 - digits.count) + digits + "\n"
    let chapter = try #require(chapters.first { $0.contains(title) }, "\(type)")
    let hex = chapter.components(separatedBy: "```hex\n").dropFirst().first?
      .components(separatedBy: "```").first
    let frame = bytes(try #require(hex, "\(type)"))
    #expect(frame.count >= 6 && frame[4] == UInt8(type.rawValue & 0xff), "\(type)")
    #expect(try again(frame) == frame, "\(type)")
  }
}
