import GICWire
import Testing

/// Bytes written in hexadecimal, blanks and line ends ignored.
func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.filter { !$0.isWhitespace }.map { $0.hexDigitValue ?? 0 }
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] << 4 | digits[$0 + 1])
  }
}

func frame(
  _ request: Request, id: UInt32 = 1, flags: FrameFlags = [], time: UInt64? = nil
) -> [UInt8] {
  var bytes: [UInt8] = []
  request.append(to: &bytes, id: id, flags: flags, time: time)
  return bytes
}

/// What a daemon would make of the bytes: the request, or why not.
func decode(_ bytes: [UInt8], limit: Int = 1 << 21) -> Result<Request, WireError>? {
  // SAFETY: the bytes of an array of bytes are initialised, and outlive the span.
  let span = unsafe bytes.span.bytes
  switch FrameCut(span, limit: limit) {
  case .incomplete: return nil
  case .broken(let error): return .failure(error)
  case .frame(let byteCount):
    let whole = span.extracting(first: byteCount)
    guard let slot = Slot(decoding: whole) else { return nil }
    do throws(WireError) { return .success(try Request(decoding: slot, frame: whole)) } catch {
      return .failure(error)
    }
  }
}

func decodeMessage(_ bytes: [UInt8]) throws -> DaemonMessage {
  // SAFETY: as above.
  let span = unsafe bytes.span.bytes
  let slot = Slot(decoding: span)
  return try DaemonMessage(decoding: try #require(slot), frame: span)
}

/// SplitMix64: every run draws the same numbers.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

/// One of every request.
let everyRequest: [(name: String, request: Request)] = [
  ("HELLO", .hello(Hello())),
  (
    "ATTACH control",
    .attach(Attach(machine: "m0", role: .control, configuration: "a: 1\n", keep: true))
  ),
  ("ATTACH pe", .attach(Attach(machine: "m0", role: .pe(3), wantsLines: false))),
  ("ATTACH device", .attach(Attach(machine: "m0", role: .device(first: 8, count: 4)))),
  ("ATTACH memory", .attach(Attach(machine: "m0", role: .memory))),
  ("ATTACH monitor", .attach(Attach(machine: "m0", role: .monitor))),
  ("BYE", .bye),
  ("LIST", .list),
  (
    "MEM_MAP shared",
    .memoryMap(address: 0x4000_0000, byteCount: 0x1000, offset: 0x2000, isShared: true)
  ),
  ("MEM_MAP held", .memoryMap(address: 0x4000_0000, byteCount: 0x1000, offset: 0, isShared: false)),
  ("MEM_UNMAP", .memoryUnmap(address: 0x4000_0000)),
  ("MEM_READ", .memoryRead(address: 0x4000_0010, byteCount: 24)),
  ("MEM_WRITE", .memoryWrite(address: 0x4000_0010, bytes: [1, 2, 3])),
  ("MMIO_READ", .mmioRead(address: 0x808_0090, size: 8, pe: 0)),
  ("MMIO_WRITE", .mmioWrite(address: 0x808_0088, size: 4, data: 0x20, pe: 1)),
  (
    "WRITE_BATCH",
    .writeBatch([
      BatchedWrite(address: 0x808_0000, data: 1, size: 4, source: 0),
      BatchedWrite(address: 0x808_0080, data: .max, size: 8, source: 2),
    ])
  ),
  ("SYSREG_READ", .systemRegisterRead(key: 0xc660, pe: 2)),
  ("SYSREG_WRITE", .systemRegisterWrite(key: 0xc661, data: 8192, pe: 2)),
  ("MSI", .msi(device: 0x10, event: 3, address: 0)),
  (
    "MSI_BATCH",
    .msiBatch([
      BatchedMSI(device: 1, event: 2, time: 7), BatchedMSI(device: .max, event: .max, address: 9),
    ])
  ),
  ("INPUT_LINE", .inputLine(intid: 27, level: true, pe: 1)),
  ("TRANSLATE", .translate(device: 0x10, event: 3, address: 0x809_0040)),
  ("TIME_ADVANCE limit", .timeAdvance(limit: 1000, until: .limit)),
  ("TIME_ADVANCE line", .timeAdvance(limit: 1000, until: .lineRaised(5))),
  ("TIME_ADVANCE change", .timeAdvance(limit: 1000, until: .lineChange)),
  ("TIME_ADVANCE idle", .timeAdvance(limit: .max, until: .idle)),
  ("FLUSH", .flush),
  ("RESET", .reset),
  ("STATS", .statistics),
  ("EVENTS", .events(from: 0x1_0000_0002, limit: 100)),
  ("EXPLAIN", .explain(device: 0x10, event: 3, address: 0)),
  ("TABLES", .tables(address: 0x808_0000, device: nil, limit: 500)),
  ("TABLES of device 0", .tables(address: 0, device: 0, limit: 500)),
  ("REGISTERS", .registers(pe: 3)),
  (
    "ATTACH in conservative time",
    .attach(
      Attach(machine: "m0", role: .pe(1), timeMode: .conservative, fresh: true))
  ),
  ("TIME_PROMISE", .timePromise(time: 0x1_0000_0003)),
  ("PORT_OPEN", .portOpen(pe: 2, slotCount: 64)),
  ("PORT_CLOSE", .portClose(pe: 2)),
  ("PORT_FENCE", .portFence(pe: 2, count: 0x1_0000_0004)),
  ("LINE_PAGE", .linePage),
  ("MEM_DIRTY taken", .memoryDirty(address: 0x4000_0000, byteCount: 0x20_0000, peeks: false)),
  ("MEM_DIRTY looked at", .memoryDirty(address: 0x4000_0000, byteCount: 4096, peeks: true)),
  ("SNAPSHOT_SAVE", .snapshot(.save)),
  ("SNAPSHOT_READ", .snapshot(.read(offset: 0x1_0000_0000, byteCount: 0x10_0000))),
  ("SNAPSHOT_WRITE", .snapshot(.write(offset: 3, byteCount: 6, bytes: [4, 5, 6]))),
  ("SNAPSHOT_RESTORE", .snapshot(.restore)),
  ("CHECKPOINT", .snapshot(.checkpoint)),
  ("QUIESCE", .quiesce),
  ("RESUME", .resume),
]
