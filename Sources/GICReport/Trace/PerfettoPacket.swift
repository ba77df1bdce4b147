// The handful of Perfetto's messages that a trace needs, as protocol buffers. A comment names the
// field whose tag a line writes.

/// Writes packets of one sequence into an output.
/// - Source: perfetto_trace.proto: Trace.packet 1; TracePacket, TrackEvent, TrackDescriptor,
///   InternedData.
struct PerfettoPacket {
  enum Kind: UInt8 {
    case begin = 1
    case end = 2
    case instant = 3
    case counter = 4
  }

  private var output: TraceOutput

  init(_ output: TraceOutput) { self.output = output }

  mutating func finish() throws { try output.finish() }

  /// A slice's beginning or end, or an instant.
  /// - Parameters:
  ///   - name: a number of ``PerfettoNames``; 0 for an end, which has none.
  ///   - flow: links this slice by an arrow to the last one with the same number; 0: none.
  ///   - notes: what stands beside it.
  mutating func event(
    _ kind: Kind, at time: UInt64, track: UInt64, name: UInt8 = 0, flow: UInt64 = 0,
    notes: (InlineArray<5, UInt64>, mask: UInt8)? = nil
  ) {
    let bytes = window()
    let body = PerfettoPacket.open(bytes, kind, time)
    var at = body &+ 3
    if name != 0 {
      bytes.put(0x50 | UInt16(name) &<< 8, at: at)  // name_iid
      at &+= 2
    }
    bytes.put(0x58 as UInt8, at: at)  // track_uuid
    at = bytes.put(varint: track, at: at &+ 1)
    if let (values, mask) = notes {
      for index in 0..<5 where mask & 1 &<< UInt8(index) != 0 {
        let length = at &+ 1
        // debug_annotations, its length, name_iid
        bytes.put(0x08_0022 | UInt32(index &+ 1) &<< 24, at: at)
        bytes.put(0x18 as UInt8, at: at &+ 4)  // uint_value
        at = bytes.put(varint: values[index], at: at &+ 5)
        bytes.put(UInt8(truncatingIfNeeded: at &- length &- 1), at: length)
      }
    }
    if flow != 0 {
      bytes.put(0x02f9 as UInt16, at: at)  // flow_ids, a fixed 64-bit value
      bytes.put(flow, at: at &+ 2)
      at &+= 10
    }
    close(bytes, body, at)
  }

  /// A counter has a value from `time` on.
  mutating func counter(_ value: UInt64, at time: UInt64, track: UInt64) {
    let bytes = window()
    let body = PerfettoPacket.open(bytes, .counter, time)
    bytes.put(0x58 as UInt8, at: body &+ 3)  // track_uuid
    var at = bytes.put(varint: track, at: body &+ 4)
    bytes.put(0x01f0 as UInt16, at: at)  // counter_value
    at = bytes.put(varint: value, at: at &+ 2)
    close(bytes, body, at)
  }

  /// What every event begins with; the type is the last of it.
  /// - Returns: where the length of the event goes.
  @inline(__always) private static func open(
    _ bytes: TraceWindow, _ kind: Kind, _ time: UInt64
  ) -> Int {
    bytes.put(0x40_000a as UInt32, at: 0)  // packet, its length, timestamp
    let at = bytes.put(varint: time, at: 3)
    // trusted_packet_sequence_id: 1; sequence_flags: SEQ_NEEDS_INCREMENTAL_STATE; track_event, its
    // length, type
    bytes.put(0x0048_005a_0268_0150 | UInt64(kind.rawValue) &<< 56, at: at)
    return at &+ 5
  }
  @inline(__always)
  private mutating func close(_ bytes: TraceWindow, _ body: Int, _ end: Int) {
    // The greatest event, five notes of ten bytes and a flow, is below 128: one byte of length.
    bytes.put(UInt8(truncatingIfNeeded: end &- body &- 1), at: body)
    bytes.put(UInt8(truncatingIfNeeded: end &- 2), at: 1)
    output.count &+= end
  }

  /// Room for the next packet: twice the greatest there is.
  @inline(__always) private mutating func window() -> TraceWindow {
    output.reserve(256)
    return output.bytes.window(at: output.count, length: 256)
  }

  // Messages of any length, for what is written once a track.

  /// The first packet: everything said before on this sequence is void, and these are the names.
  mutating func names(
    events: [(number: UInt8, name: String)], notes: [(number: UInt8, name: String)]
  ) {
    func entries(_ tag: UInt8, _ names: [(number: UInt8, name: String)]) -> [UInt8] {
      names.flatMap { number, name in
        // iid, name
        message(tag, [0x08, number] + message(0x12, Array(name.utf8)))
      }
    }
    // event_names, debug_annotation_names
    let interned = entries(0x12, events) + entries(0x1a, notes)
    // trusted_packet_sequence_id; sequence_flags: SEQ_INCREMENTAL_STATE_CLEARED and needs it;
    // interned_data
    packet([0x50, 1, 0x68, 3] + message(0x62, interned))
  }

  /// What a track is.
  enum Track {
    case process(pid: UInt32)
    /// Its place among its kin.
    case slices(parent: UInt64, rank: UInt8)
    case counter(parent: UInt64, rank: UInt8)
  }

  mutating func track(_ uuid: UInt64, _ name: String, _ track: Track) {
    var body: [UInt8] = [0x08] + varint(uuid)  // uuid
    switch track {
    case .process(let pid):
      // process: pid, process_name
      body += message(
        0x1a, [0x08] + varint(UInt64(pid)) + message(0x32, Array(name.utf8)))
    case .slices(let parent, let rank), .counter(let parent, let rank):
      body += message(0x12, Array(name.utf8))  // name
      body += [0x28] + varint(parent)  // parent_uuid
      if case .counter = track { body += message(0x42, [0x18, 2]) }  // counter: unit: UNIT_COUNT
      body += [0x60, rank]  // sibling_order_rank
    }
    if case .process = track { body += [0x58, 3] }  // child_ordering: EXPLICIT
    packet([0x50, 1] + message(0xe2, 0x03, body))  // track_descriptor
  }

  private mutating func packet(_ body: [UInt8]) {
    output.append(contentsOf: message(0x0a, body))
  }
}

/// A field that holds a message or a text.
private func message(_ tag: UInt8..., body: [UInt8]) -> [UInt8] {
  tag + varint(UInt64(body.count)) + body
}
private func message(_ tag: UInt8, _ body: [UInt8]) -> [UInt8] { message(tag, body: body) }
private func message(_ tag: UInt8, _ more: UInt8, _ body: [UInt8]) -> [UInt8] {
  message(tag, more, body: body)
}

private func varint(_ value: UInt64) -> [UInt8] {
  var bytes: [UInt8] = []
  var rest = value
  while rest >= 0x80 {
    bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
    rest >>= 7
  }
  return bytes + [UInt8(rest)]
}

extension TraceWindow {
  /// Writes a variable-length number; up to 8 bytes from `place` on may change.
  /// - Returns: where it ends.
  @inline(__always) fileprivate func put(varint value: UInt64, at place: Int) -> Int {
    guard value >= 0x80 else {
      put(UInt8(truncatingIfNeeded: value), at: place)
      return place &+ 1
    }
    // Seven bits a byte, and a bit above them in every byte but the last.
    let length = ((70 &- value.leadingZeroBitCount) &* 37) &>> 8
    if value < 1 &<< 28 {
      let more = 0x8080_8080 & (1 &<< UInt64(length &* 8 &- 8) &- 1)
      put(UInt32(truncatingIfNeeded: sevens(value) | more), at: place)
      return place &+ length
    }
    guard value < 1 &<< 56 else { return put(longVarint: value, at: place) }
    let more = 0x8080_8080_8080_8080 & (1 &<< UInt64(length &* 8 &- 8) &- 1)
    put(sevens(value & 0xfff_ffff) | sevens(value &>> 28) &<< 32 | more, at: place)
    return place &+ length
  }

  /// 28 bits, seven in each of four bytes.
  @inline(__always) private func sevens(_ value: UInt64) -> UInt64 {
    value & 0x7f | (value & 0x3f80) &<< 1 | (value & 0x1f_c000) &<< 2
      | (value & 0xfe0_0000) &<< 3
  }

  @inline(never) private func put(longVarint value: UInt64, at place: Int) -> Int {
    var (rest, at) = (value, place)
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80, at: at)
      rest &>>= 7
      at &+= 1
    }
    put(UInt8(truncatingIfNeeded: rest), at: at)
    return at &+ 1
  }
}
