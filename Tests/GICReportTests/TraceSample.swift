import GICModel

@testable import GICReport

/// Collects what a writer writes.
final class Bytes {
  var bytes: [UInt8] = []
  func take(_ span: Span<UInt8>) { for index in span.indices { bytes.append(span[index]) } }
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The files of some events.
struct TraceSample {
  let perfetto = Bytes()
  let vcd = Bytes()
  let csv = Bytes()
  let epochs = Bytes()
  let series = Bytes()

  static func shape(
    pes: Int = 2, hertz: UInt64 = 1_000_000_000, banks: Int = 1
  ) -> TimingShape {
    var configuration = MachineConfiguration()
    configuration.shape.affinities = (0..<pes).map { .init(rawValue: UInt32($0)) }
    configuration.timing.clockHertz = hertz
    configuration.timing.lpiBanks = banks
    return TimingShape(configuration)
  }

  /// - Parameter parts: lives of the machine; between them it is reset.
  init(
    _ parts: [TimingEvent]..., shape: TimingShape = TraceSample.shape(), epoch: UInt64 = 100,
    end: UInt64
  ) throws {
    let trace = TimingTrace(shape, configuration: "tiny, hash 0")
    trace.drawPerfetto(perfetto.take)
    trace.dumpValues(vcd.take)
    trace.listMSIs(csv.take)
    trace.countEpochs(of: epoch, format: .csv, epochs.take)
    trace.countEpochs(of: epoch, format: .json, series.take)
    for (number, part) in parts.enumerated() {
      if number > 0 { trace.restart() }
      trace.take(part.span)
    }
    try trace.finish(at: end)
  }

  /// An MSI that spends 2 cycles in its acceptance and 1 in arbitration, is read for 85 cycles, and
  /// is shown after 9 more.
  static func msi(
    _ serial: UInt64, at start: UInt64, device: UInt32 = 8, event: UInt32 = 1, pe: UInt32 = 1,
    intid: UInt32 = 8193, end: TimingEnd = .presented
  ) -> [TimingEvent] {
    [
      .began(
        serial: serial, .msi, its: 0, device: device, event: event, cause: 0, cycle: start),
      .spent(serial: serial, .msi(.accept), start: start, end: start + 2),
      .level(.ingress, unit: 0, value: 1, cycle: start),
      .level(.ingress, unit: 0, value: 0, cycle: start + 2),
      .granted(serial: serial, cycle: start + 2),
      .spent(serial: serial, .msi(.arbitration), start: start + 2, end: start + 3),
      .routed(serial: serial, pe: pe, intid: intid, merged: false),
      .level(.translationSlots, unit: 0, value: 1, cycle: start + 3),
      .level(.translationSlots, unit: 0, value: 0, cycle: start + 88),
      .spent(serial: serial, .msi(.tableMemory), start: start + 3, end: start + 88),
      .level(.credits, unit: 0, value: 3, cycle: start + 88),
      .level(.credits, unit: 0, value: 4, cycle: start + 88),
      .level(.presenting, unit: Int(pe), value: 1, cycle: start + 88),
      .spent(serial: serial, .msi(.downstream), start: start + 88, end: start + 97),
      .level(.presenting, unit: Int(pe), value: 0, cycle: start + 97),
      .ended(serial: serial, end, cycle: start + 97),
    ]
  }

  /// The first packets of ``msi(_:at:device:event:pe:intid:end:)`` at 1000, after the names. Read
  /// with the schema of PyPI's `perfetto` 0.59.1, they say what stands beside them.
  static let msiPackets: [(hex: String, means: String)] = [
    (
      "5001e2030f08011a090801320549545320305803",
      "sequence 1; track 1: process 1, ITS 0; its children are ordered by rank"
    ),
    (
      "5001e203130802120b4d534920696e677265737328016001",
      "track 2: MSI ingress, child of 1, rank 1"
    ),
    (
      "40e807500168025a22480150025802220408011801220408021808220408031801"
        + "f9020100000000000000",
      "time 1000: slice begins, name 2, track 2, notes 1: 1, 2: 8, 3: 1, flow 1"
    ),
    ("40ea07500168025a0448025802", "time 1002: slice of track 2 ends"),
    (
      "5001e2031308031207696e67726573732801420218026021",
      "track 3: ingress, child of 1, a counter of things, rank 33"
    ),
    ("4000500168025a0748045803f00100", "time 0: counter 3 is 0"),
    ("40e807500168025a0748045803f00101", "time 1000: counter 3 is 1"),
    ("5001e2030f080412076172626974657228016004", "track 4: arbiter, child of 1, rank 4"),
    (
      "40ea07500168025a10480150035804f9020100000000000000",
      "time 1002: slice begins, name 3, track 4, flow 1"
    ),
    ("40eb07500168025a0448025804", "time 1003: slice of track 4 ends"),
  ]

  /// A CLEAR from its fetch to its retirement, and its message.
  static func clear(_ serial: UInt64, at start: UInt64) -> [TimingEvent] {
    [
      .began(serial: serial, .command, its: 0, device: 0, event: 0, cause: 0, cycle: start),
      .spent(serial: serial, .command(.fetch), start: start, end: start + 85),
      .granted(serial: serial, cycle: start + 85),
      .decoded(serial: serial, .clear),
      .level(.executing, unit: 0, value: 1, cycle: start + 85),
      .spent(serial: serial, .command(.decode), start: start + 85, end: start + 88),
      .began(
        serial: serial + 1, .clear, its: 0, device: 0, event: 0, cause: serial,
        cycle: start + 88),
      .routed(serial: serial + 1, pe: 0, intid: 8192, merged: false),
      .spent(serial: serial + 1, .msi(.link), start: start + 88, end: start + 93),
      .level(.executing, unit: 0, value: 7, cycle: start + 88),
      .spent(serial: serial, .command(.retire), start: start + 88, end: start + 89),
      .ended(serial: serial, .completed, cycle: start + 89),
      .level(.executing, unit: 0, value: 0, cycle: start + 89),
      .spent(serial: serial + 1, .msi(.lpiLookup), start: start + 93, end: start + 96),
      .ended(serial: serial + 1, .acknowledged, cycle: start + 96),
    ]
  }
}
