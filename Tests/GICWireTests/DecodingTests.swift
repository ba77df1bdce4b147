// What a peer can send: whole, cut short, or anything at all.

import GICWire
import Testing

@Test(arguments: everyRequest)
func `what is encoded decodes to the same`(_: String, request: Request) {
  #expect(decode(frame(request)) == .success(request))
}

@Test(arguments: everyRequest)
func `a frame cut short at any byte is incomplete`(_: String, request: Request) {
  let whole = frame(request)
  for count in 0..<whole.count { #expect(decode(Array(whole[..<count])) == nil) }
}

@Test(arguments: everyRequest)
func `a posted request is one that may be posted`(_: String, request: Request) {
  let result = decode(frame(request, flags: .noReply))
  if request.mayBePosted {
    #expect(result == .success(request))
  } else {
    guard case .failure(let error) = result else {
      Issue.record("accepted without a reply")
      return
    }
    #expect(error.errno == .einval)
  }
}

private let refused: [(name: String, bytes: [UInt8], errno: WireErrno)] = [
  ("size 0", changed(.flush) { $0[0] = 0 }, .einval),
  ("size 63", changed(.flush) { $0[0] = 63 }, .einval),
  ("size 68", changed(.flush) { $0[0] = 68 }, .einval),
  ("size 4 GiB - 8", changed(.flush) { $0[0...3] = [0xf8, 0xff, 0xff, 0xff] }, .emsgsize),
  ("an unknown type", changed(.flush) { $0[4...5] = [0x34, 0x12] }, .enosys),
  ("a reserved type, of snapshots", changed(.flush) { $0[4] = 0x77 }, .enosys),
  (
    "MEM_DIRTY: neither taken nor looked at",
    changed(.memoryDirty(address: 0, byteCount: 4096, peeks: true)) { $0[48] = 2 }, .einval
  ),
  ("LINE from a client", changed(.flush) { $0[4] = 0x34 }, .enosys),
  ("CLOSING from a client", changed(.flush) { $0[4] = 0x05 }, .enosys),
  ("time mode 3", changed(attachRequest) { $0[56] = 0x0c }, .einval),
  ("a ring of no slots", changed(.portOpen(pe: 0, slotCount: 8)) { $0[32] = 0 }, .einval),
  ("a ring of one slot", changed(.portOpen(pe: 0, slotCount: 8)) { $0[32] = 1 }, .einval),
  ("a ring of 12 slots", changed(.portOpen(pe: 0, slotCount: 8)) { $0[32] = 12 }, .einval),
  ("a ring of 2048 slots", changed(.portOpen(pe: 0, slotCount: 8)) { $0[33] = 8 }, .einval),
  ("a ring of 2^32 slots", changed(.portOpen(pe: 0, slotCount: 8)) { $0[36] = 1 }, .einval),
  ("a reply from a client", changed(.flush) { $0[6] = 1 }, .eproto),
  ("more padding than tail", changed(.flush) { $0[31] = 0x70 }, .einval),
  (
    "a tail where none belongs",
    changed(.flush) {
      $0[0] = 72; $0 += [UInt8](repeating: 0, count: 8)
    }, .einval
  ),
  ("two descriptors for MEM_MAP", changed(mapRequest) { $0[7] = 2 }, .einval),
  ("a role that does not exist", changed(attachRequest) { $0[32] = 5 }, .einval),
  ("a name longer than the tail", changed(attachRequest) { $0[40] = 200 }, .einval),
  (
    "a name of 2^64 - 1 bytes", changed(attachRequest) { for i in 40..<48 { $0[i] = 0xff } },
    .einval
  ),
  ("a name with a slash", changed(attachRequest) { $0[64] = UInt8(ascii: "/") }, .einval),
  ("a name that is no UTF-8", changed(attachRequest) { $0[64] = 0xff }, .einval),
  ("an empty name", changed(attachRequest) { $0[40] = 0 }, .einval),
  ("an EventID of 33 bits", changed(.msi(device: 1, event: 1, address: 0)) { $0[44] = 1 }, .einval),
  ("level 2", changed(.inputLine(intid: 27, level: true, pe: 0)) { $0[40] = 2 }, .einval),
  (
    "an INTID of 33 bits", changed(.inputLine(intid: 27, level: true, pe: 0)) { $0[36] = 1 },
    .einval
  ),
  ("stop condition 4", changed(.timeAdvance(limit: 9, until: .idle)) { $0[40] = 4 }, .einval),
  ("no limit and no condition", frame(.timeAdvance(limit: .max, until: .limit)), .einval),
  ("no limit until a line changes", frame(.timeAdvance(limit: .max, until: .lineChange)), .einval),
  ("RESET of kind 1", changed(.reset) { $0[32] = 1 }, .einval),
  ("STATS in format 1", changed(.statistics) { $0[32] = 1 }, .einval),
  (
    "a record cut in two",
    changed(.memoryWrite(address: 0, bytes: Array(repeating: 0, count: 32))) { $0[4] = 0x22 },
    .einval
  ),
  (
    "an access of 3 bytes",
    frame(.writeBatch([BatchedWrite(address: 0, data: 0, size: 3, source: 0)])), .einval
  ),
  (
    "an access of 0 bytes",
    frame(.writeBatch([BatchedWrite(address: 0, data: 0, size: 0, source: 0)])), .einval
  ),
]
private let mapRequest = Request.memoryMap(address: 0, byteCount: 4096, offset: 0, isShared: true)
private let attachRequest = Request.attach(Attach(machine: "machine", role: .control))

private func changed(_ request: Request, _ change: (inout [UInt8]) -> Void) -> [UInt8] {
  var bytes = frame(request)
  change(&bytes)
  return bytes
}

@Test(arguments: refused)
func `what makes no sense is refused with this errno`(
  _: String, bytes: [UInt8], errno: WireErrno
) {
  guard case .failure(let error)? = decode(bytes) else {
    Issue.record("not refused: \(String(describing: decode(bytes)))")
    return
  }
  #expect(error.errno == errno)
  #expect(!error.text.isEmpty)
}

@Test func `a frame larger than agreed is refused before it has arrived`() {
  let bytes = frame(.memoryWrite(address: 0, bytes: Array(repeating: 0, count: 4096)))
  guard case .failure(let error)? = decode(Array(bytes[..<8]), limit: 4096) else {
    Issue.record("waits for it")
    return
  }
  #expect(error.errno == .emsgsize)
}

@Test func `no change of any byte traps, and what decodes encodes again`() {
  var random = SeededGenerator(state: 0x1750)
  for (_, request) in everyRequest {
    let original = frame(request)
    for _ in 0..<600 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      guard case .success(let decoded)? = decode(bytes) else { continue }
      // Reserved bits go, so bytes may differ; the meaning may not.
      guard decode(frame(decoded)) == .success(decoded) else {
        Issue.record("\(decoded) changes when it is encoded; from \(bytes)")
        return
      }
    }
  }
}

@Test func `no bytes of a daemon trap a client`() throws {
  var random = SeededGenerator(state: 0x1751)
  for _ in 0..<4000 {
    let count = 64 + 8 * Int.random(in: 0...8, using: &random)
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    guard let message = try? decodeMessage(bytes), case .reply(let reply) = message else {
      continue
    }
    _ = try? reply.hello()
    if let attachment = Attachment(decoding: reply.tail) {
      #expect(attachment.peCount * 4 + attachment.itsBases.count * 8 <= reply.tail.count)
    }
  }
}

@Test func `an attachment survives the wire, and not a byte less`() {
  var attachment = Attachment()
  attachment.isTimed = true
  attachment.clockHertz = 1_600_000_000
  attachment.gicdBase = 0x800_0000
  attachment.gicrBase = 0x80a_0000
  attachment.gicrStride = 0x2_0000
  attachment.itsBases = [0x808_0000, 0x80c_0000]
  attachment.affinities = [0, 1, 0x100]
  attachment.configurationHash = "0123456789abcdef"
  let bytes = attachment.encoded()
  #expect(Attachment(decoding: bytes) == attachment)
  for count in 0..<bytes.count { #expect(Attachment(decoding: Array(bytes[..<count])) == nil) }
}

@Test(arguments: everyRequest)
func `what fits a ring is the frame's slot, and nothing else fits`(_: String, request: Request) {
  let slot = request.slot(id: 1)
  #expect((slot != nil) == request.fitsRing)
  guard let slot else { return }
  var words: [UInt8] = []
  for index in 0..<8 { words.appendLittleEndian(slot.words[index]) }
  #expect(words == frame(request))
  #expect(Slot(words: slot.words) == slot)
}

@Test func `a horizon stands beside the summary and changes nothing of it`() throws {
  var reply = Reply(to: .mmioRead, id: 7)
  reply.interrupts = InterruptSummary(levels: 3, sequence: 0x8000_0001)
  for (horizon, kept) in [(0, 0), (5, 5), (Reply.unlimitedHorizon, 0xff_ffff), (.max, 0xff_ffff)] {
    reply.horizon = horizon
    var bytes: [UInt8] = []
    reply.append(to: &bytes)
    guard case .reply(let back) = try decodeMessage(bytes) else {
      Issue.record("no reply")
      return
    }
    #expect(back.interrupts == reply.interrupts)
    #expect(back.horizon == kept)
  }
}

@Test func `a reply without a PE has a horizon and no summary`() throws {
  var reply = Reply(to: .msi, id: 7)
  reply.horizon = 26
  #expect(reply.slot.c == 26 << 8)
  let back = Reply(reply.slot)
  #expect(back.horizon == 26)
  #expect(back.interrupts == nil)
}

@Test func `a cursor fails once and stays failed`() {
  var cursor = ByteCursor([1, 0, 2])
  #expect(cursor.read(UInt16.self) == 1)
  #expect(cursor.read(UInt16.self) == 0)
  #expect(cursor.failed)
  #expect(cursor.read(UInt8.self) == 0)
  #expect(cursor.read(count: 1) == [])
}

@Test func `attributes keep to their bits`() {
  var attributes = FrameAttributes()
  attributes.accessSize = 8
  attributes.sourceKind = .device
  attributes.busStatus = 2
  attributes.padding = 5
  #expect(attributes.rawValue == 0x5002_0023)
  attributes.accessSize = 1
  #expect(attributes.rawValue == 0x5002_0020)
}

@Test(arguments: everyRequest)
func `what a quiesced machine refuses is known by its number`(_: String, request: Request) {
  #expect(request.type.isHeldByQuiesce == request.changesMachine)
  #expect(!request.changesMachine || request.type.counts)
}
