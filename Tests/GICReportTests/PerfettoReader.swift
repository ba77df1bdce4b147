// Reads the protocol buffers of a Perfetto trace, as far as the tests look at them: a second, plain
// reading of the format beside the writer's.

/// A field of a message: its number, and its value or its bytes.
struct ProtoField {
  var number: Int
  var value: UInt64 = 0
  var bytes: ArraySlice<UInt8> = []

  /// - Returns: nil for bytes that are no message.
  static func read(_ message: ArraySlice<UInt8>) -> [ProtoField]? {
    var rest = message
    var fields: [ProtoField] = []
    func varint() -> UInt64? {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while let byte = rest.popFirst(), shift < 64 {
        value |= UInt64(byte & 0x7f) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      return nil
    }
    while !rest.isEmpty {
      guard let tag = varint() else { return nil }
      var field = ProtoField(number: Int(tag >> 3))
      switch tag & 7 {
      case 0:
        guard let value = varint() else { return nil }
        field.value = value
      case 1:
        guard rest.count >= 8 else { return nil }
        field.value = rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(8)
      case 2:
        guard let count = varint(), count <= rest.count else { return nil }
        field.bytes = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
      default: return nil
      }
      fields.append(field)
    }
    return fields
  }
}

extension [ProtoField] {
  func value(_ number: Int) -> UInt64? { first { $0.number == number }?.value }
  func text(_ number: Int) -> String? {
    first { $0.number == number }.map { String(decoding: $0.bytes, as: UTF8.self) }
  }
  func messages(_ number: Int) -> [[ProtoField]] {
    filter { $0.number == number }.compactMap { ProtoField.read($0.bytes) }
  }
}

/// What a trace shows.
struct PerfettoReading: Equatable {
  struct Slice: Equatable {
    var track: String
    var uuid: UInt64
    var name: String
    var start: UInt64
    /// `.max`: it is still open.
    var end: UInt64 = .max
    var flows: [UInt64] = []
    var notes: [String: UInt64] = [:]
  }
  /// By start; of equal starts the outer first.
  var slices: [Slice] = []
  var instants: [Slice] = []
  /// By track, as (time, value).
  var counters: [String: [[UInt64]]] = [:]

  /// - Returns: nil if the bytes are no trace, or its slices do not lie inside each other.
  init?(_ bytes: [UInt8]) {
    guard let trace = ProtoField.read(bytes[...]) else { return nil }
    var (names, notes) = ([UInt64: String](), [UInt64: String]())
    var tracks: [UInt64: String] = [:]
    var events: [(time: UInt64, event: [ProtoField])] = []
    for packet in trace.messages(1) {
      guard packet.value(10) == 1 else { return nil }
      for interned in packet.messages(12) {
        for name in interned.messages(2) { names[name.value(1) ?? 0] = name.text(2) }
        for name in interned.messages(3) { notes[name.value(1) ?? 0] = name.text(2) }
      }
      for track in packet.messages(60) {
        let process = track.messages(3).first?.text(6)
        let parent = track.value(5).flatMap { tracks[$0] }
        guard let uuid = track.value(1), tracks[uuid] == nil else { return nil }
        tracks[uuid] = process ?? "\(parent ?? "?")/\(track.text(2) ?? "?")"
      }
      for event in packet.messages(11) { events.append((packet.value(8) ?? 0, event)) }
    }
    // Sorting must keep what is written first before what is written later at the same time.
    let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
    var open: [UInt64: [Int]] = [:]
    for (time, event) in order.map({ events[$0] }) {
      guard let uuid = event.value(11), let track = tracks[uuid] else { return nil }
      var slice = Slice(
        track: track, uuid: uuid, name: names[event.value(10) ?? 0] ?? "?", start: time)
      slice.flows = event.filter { $0.number == 47 }.map(\.value)
      for note in event.messages(4) {
        slice.notes[notes[note.value(1) ?? 0] ?? "?"] = note.value(3)
      }
      switch event.value(9) {
      case 1:
        open[uuid, default: []].append(slices.count)
        slices.append(slice)
      case 2:
        guard let last = open[uuid]?.popLast() else { return nil }
        slices[last].end = time
      case 3: instants.append(slice)
      case 4: counters[track, default: []].append([time, event.value(30) ?? 0])
      default: return nil
      }
    }
  }
}
