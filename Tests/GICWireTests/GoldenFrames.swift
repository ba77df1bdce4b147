// Frames as bytes. They are the protocol: a change here is another protocol.

import GICWire
import Testing

private let requests:
  [(name: String, request: Request, flags: FrameFlags, time: UInt64?, hex: String)] = [
    (
      "HELLO", .hello(Hello()), [], nil,
      """
      b0000000 0100 00 00 01000000 00000000 0000000000000000 00000000 00000000
      4954534457495245 0200010000000000 0000000000000000 0000000000000000
      0100 0000 08000000 4000100000000000 0200 0000 08000000 0800000000000000
      0300 0000 08000000 1f00000000000000 0400 0000 08000000 0010000000000000
      0600 0000 08000000 0000000100000000 0700 0000 08000000 0004000000000000
      0800 0000 08000000 0700000000000000
      """
    ),
    (
      "ATTACH, 4 bytes of name and 3 of YAML",
      .attach(Attach(machine: "demo", role: .pe(2), configuration: "a:1", wantsLines: false)), [],
      nil,
      """
      48000000 0200 00 00 01000000 00000000 0000000000000000 02000000 10000010
      0100000000000000 0400000000000000 0000000000000000 0100000000000000
      64656d6f 613a31 00
      """
    ),
    (
      "MMIO_READ of GITS_CREADR by PE 1", .mmioRead(address: 0x0808_0090, size: 8, pe: 1), [], nil,
      """
      40000000 2000 00 00 01000000 00000000 0000000000000000 01000000 13000000
      9000080800000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "MMIO_WRITE, posted, at 2000 ps",
      .mmioWrite(address: 0x0808_0088, size: 4, data: 0x60, pe: 0), .noReply, 2000,
      """
      40000000 2100 12 00 01000000 00000000 d007000000000000 00000000 12000000
      8800080800000000 6000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "MSI of DeviceID 0x10, EventID 3, behind a fence", .msi(device: 0x10, event: 3, address: 0),
      .fence,
      nil,
      """
      40000000 3000 08 00 01000000 00000000 0000000000000000 10000000 20000000
      0000000000000000 0300000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "DEVICE_SET of CBASER of ITS 1",
      .device(
        DeviceRequest(
          .set, device: 8, number: 1, group: 8, attr: 0x80, value: 0x8000_0000_4010_000f)), [],
      nil,
      """
      40000000 8200 00 00 01000000 00000000 0000000000000000 01000000 00000000
      8000000000000000 0f00104000000080 0800000008000000 0100000000000000
      """
    ),
    (
      "DEVICE_SET of SAVE_TABLES, without a value",
      .device(DeviceRequest(.set, device: 8, group: 4, attr: 1)), [], nil,
      """
      40000000 8200 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0100000000000000 0000000000000000 0400000008000000 0000000000000000
      """
    ),
    (
      "MEM_MAP of a memfd",
      .memoryMap(address: 0x4000_0000, byteCount: 0x10_0000, offset: 0x1000, isShared: true), [],
      nil,
      """
      40000000 1000 00 01 01000000 00000000 0000000000000000 00000000 00000000
      0000004000000000 0000100000000000 0010000000000000 0000000000000000
      """
    ),
    (
      "WRITE_BATCH of one",
      .writeBatch([BatchedWrite(address: 0x0808_0000, data: 1, size: 4, source: 2)]), [], nil,
      """
      58000000 2200 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      0000080800000000 0100000000000000 04000000 02000000
      """
    ),
    (
      "MSI_BATCH of one, untimed", .msiBatch([BatchedMSI(device: 0x10, event: 3)]), [], nil,
      """
      58000000 3100 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      ffffffffffffffff 0000000000000000 10000000 03000000
      """
    ),
    (
      "TIME_ADVANCE to 5 ns or until PE 1 has an interrupt",
      .timeAdvance(limit: 5000, until: .lineRaised(1)), [], nil,
      """
      40000000 4000 00 00 01000000 00000000 0000000000000000 01000000 10000000
      8813000000000000 0100000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "EVENTS from 5 on, at most 256", .events(from: 5, limit: 256), [], nil,
      """
      40000000 5100 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0500000000000000 0001000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "EXPLAIN an MSI of DeviceID 0x10, EventID 3", .explain(device: 0x10, event: 3, address: 0),
      [], nil,
      """
      40000000 5200 00 00 01000000 00000000 0000000000000000 10000000 20000000
      0000000000000000 0300000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "TABLES of the ITS at 0x8080000, all devices",
      .tables(address: 0x808_0000, device: nil, limit: 64), [], nil,
      """
      40000000 5300 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000080800000000 4000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "TABLES of DeviceID 0", .tables(address: 0, device: 0, limit: 64), [], nil,
      """
      40000000 5300 00 00 01000000 00000000 0000000000000000 00000000 20000000
      0000000000000000 4000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "REGISTERS of PE 1", .registers(pe: 1), [], nil,
      """
      40000000 5400 00 00 01000000 00000000 0000000000000000 01000000 10000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "TRACE: records from 5 on, at most 256", .trace(.records(from: 5, limit: 256)), [], nil,
      """
      40000000 9000 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0500000000000000 0001000000000000 0100000000000000 0000000000000000
      """
    ),
    (
      "TRACE: end", .trace(.end), [], nil,
      """
      40000000 9000 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0200000000000000 0000000000000000
      """
    ),
    (
      "ATTACH in conservative time, anew",
      .attach(Attach(machine: "demo", role: .control, timeMode: .conservative, fresh: true)), [],
      nil,
      """
      48000000 0200 00 00 01000000 00000000 0000000000000000 00000000 00000040
      0000000000000000 0400000000000000 0000000000000000 1800000000000000
      64656d6f 00000000
      """
    ),
    (
      "TIME_PROMISE of 5 ns", .timePromise(time: 5000), [], nil,
      """
      40000000 4300 00 00 01000000 00000000 0000000000000000 00000000 00000000
      8813000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "PORT_OPEN for PE 2, 256 slots", .portOpen(pe: 2, slotCount: 256), [], nil,
      """
      40000000 6000 00 00 01000000 00000000 0000000000000000 02000000 10000000
      0001000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "PORT_CLOSE", .portClose(pe: 2), [], nil,
      """
      40000000 6100 00 00 01000000 00000000 0000000000000000 02000000 10000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "PORT_FENCE, posted", .portFence(pe: 2, count: 7), .noReply, nil,
      """
      40000000 6200 02 00 01000000 00000000 0000000000000000 02000000 10000000
      0700000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "LINE_PAGE", .linePage, [], nil,
      """
      40000000 6300 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "MEM_DIRTY: 2 MiB, looked at only",
      .memoryDirty(address: 0x4000_0000, byteCount: 0x20_0000, peeks: true), [], nil,
      """
      40000000 1400 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000004000000000 0000200000000000 0100000000000000 0000000000000000
      """
    ),
    (
      "SNAPSHOT_SAVE", .snapshot(.save), [], nil,
      """
      40000000 7200 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "SNAPSHOT_READ", .snapshot(.read(offset: 0x10_0000, byteCount: 0x8000)), [], nil,
      """
      40000000 7300 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000100000000000 0080000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "SNAPSHOT_WRITE: the last 3 of 9 bytes",
      .snapshot(.write(offset: 6, byteCount: 9, bytes: [7, 8, 9])), [], nil,
      """
      48000000 7400 00 00 01000000 00000000 0000000000000000 00000000 00000050
      0600000000000000 0900000000000000 0000000000000000 0000000000000000
      0708090000000000
      """
    ),
    (
      "SNAPSHOT_RESTORE", .snapshot(.restore), [], nil,
      """
      40000000 7500 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "CHECKPOINT", .snapshot(.checkpoint), [], nil,
      """
      40000000 7600 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "QUIESCE", .quiesce, [], nil,
      """
      40000000 7000 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
    (
      "RESUME", .resume, [], nil,
      """
      40000000 7100 00 00 01000000 00000000 0000000000000000 00000000 00000000
      0000000000000000 0000000000000000 0000000000000000 0000000000000000
      """
    ),
  ]

@Test(arguments: requests)
func `a request has these bytes`(
  _: String, request: Request, flags: FrameFlags, time: UInt64?, hex: String
) {
  #expect(frame(request, flags: flags, time: time) == bytes(hex))
  #expect(decode(bytes(hex)) == .success(request))
}

private var goldenReply: Reply {
  var reply = Reply(to: .mmioRead, id: 7)
  reply.value = 0x60
  reply.latency = 12
  (reply.time, reply.cycle) = (1_012_000, 1012)
  reply.interrupts = InterruptSummary(levels: 1, sequence: 5)
  return reply
}

/// Of PORT_OPEN: 256 slots, and three descriptors.
private var portReply: Reply {
  var reply = Reply(to: .portOpen, id: 9)
  (reply.value, reply.latency, reply.descriptorCount) = (256, 0x9000, 3)
  return reply
}

private var horizonReply: Reply {
  var reply = Reply(to: .mmioWrite, id: 3)
  reply.interrupts = InterruptSummary(levels: 1, sequence: 5)
  reply.horizon = 26
  return reply
}

private let messages: [(name: String, message: DaemonMessage, hex: String)] = [
  (
    "reply to MMIO_READ", .reply(goldenReply),
    """
    40000000 2000 21 00 07000000 00000000 20710f0000000000 00000000 00000000
    6000000000000000 0c00000000000000 0100000005000000 f403000000000000
    """
  ),
  (
    "refusal of type 0x99",
    .reply(Reply(toRawType: 0x99, id: 8, error: WireError(.enosys, "unknown"))),
    """
    48000000 9900 05 00 08000000 26000000 0000000000000000 00000000 00000010
    0000000000000000 0000000000000000 0000000000000000 0000000000000000
    756e6b6e6f776e 00
    """
  ),
  (
    "reply to PORT_OPEN", .reply(portReply),
    """
    40000000 6000 01 03 09000000 00000000 0000000000000000 00000000 00000000
    0001000000000000 0090000000000000 0000000000000000 0000000000000000
    """
  ),
  (
    "reply with a horizon of 26 cycles", .reply(horizonReply),
    """
    40000000 2100 21 00 03000000 00000000 0000000000000000 00000000 00000000
    0000000000000000 0000000000000000 011a000005000000 0000000000000000
    """
  ),
  (
    "CLOSING: too slow", .closing(ClosingNotice(WireError(.enobufs, "slow"))),
    """
    48000000 0500 04 00 00000000 69000000 0000000000000000 00000000 00000040
    0000000000000000 0000000000000000 0000000000000000 0000000000000000
    736c6f77 00000000
    """
  ),
  (
    "LINE: IRQ of PE 2 is high",
    .line(
      LineNotice(
        pe: 2, interrupts: InterruptSummary(levels: 1, sequence: 9), time: 26_000, cycle: 26)),
    """
    40000000 3400 20 00 00000000 00000000 9065000000000000 02000000 10000000
    0100000000000000 0000000000000000 0100000009000000 1a00000000000000
    """
  ),
]

@Test(arguments: messages)
func `a daemon's message has these bytes`(_: String, message: DaemonMessage, hex: String) throws {
  var encoded: [UInt8] = []
  switch message {
  case .reply(let reply): reply.append(to: &encoded)
  case .line(let notice): notice.append(to: &encoded)
  case .closing(let notice): notice.append(to: &encoded)
  case .unknown: break
  }
  #expect(encoded == bytes(hex))
  #expect(try decodeMessage(bytes(hex)) == message)
}

@Test func `errno numbers are Linux's`() {
  let numbers: [(WireErrno, UInt32)] = [
    (.eperm, 1), (.enoent, 2), (.eio, 5), (.enxio, 6), (.e2big, 7), (.ebadf, 9), (.enomem, 12),
    (.eacces, 13),
    (.efault, 14), (.ebusy, 16), (.eexist, 17), (.enodev, 19), (.einval, 22), (.enospc, 28),
    (.enosys, 38), (.eproto, 71),
    (.eoverflow, 75), (.emsgsize, 90), (.eprotonosupport, 93), (.eopnotsupp, 95),
    (.enobufs, 105),
  ]
  #expect(numbers.count == WireErrno.allCases.count)
  for (errno, number) in numbers { #expect(errno.rawValue == number) }
}
