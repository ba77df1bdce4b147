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
    output.reserve(256)
    let start = output.count
    var at = start &+ 2
    var span = output.bytes.mutableSpan
    let body = PerfettoPacket.open(&span, &at, time)
    span.put(0x48, &at)  // type
    span.put(kind.rawValue, &at)
    if name != 0 {
      span.put(0x50, &at)  // name_iid
      span.put(name, &at)
    }
    span.put(0x58, &at)  // track_uuid
    span.put(varint: track, &at)
    if let (values, mask) = notes {
      for index in 0..<5 where mask & 1 &<< UInt8(index) != 0 {
        span.put(0x22, &at)  // debug_annotations
        let length = at
        at &+= 1
        span.put(0x08, &at)  // name_iid
        span.put(UInt8(truncatingIfNeeded: index &+ 1), &at)
        span.put(0x18, &at)  // uint_value
        span.put(varint: values[index], &at)
        span[length] = UInt8(truncatingIfNeeded: at &- length &- 1)
      }
    }
    if flow != 0 {
      span.put(0xf9, &at)  // flow_ids, a fixed 64-bit value
      span.put(0x02, &at)
      for shift: UInt64 in [0, 8, 16, 24, 32, 40, 48, 56] {
        span.put(UInt8(truncatingIfNeeded: flow &>> shift), &at)
      }
    }
    PerfettoPacket.close(&span, &at, body)
    span[start] = 0x0a  // packet
    span[start &+ 1] = UInt8(truncatingIfNeeded: at &- start &- 2)
    output.count = at
  }

  /// A counter has a value from `time` on.
  mutating func counter(_ value: UInt64, at time: UInt64, track: UInt64) {
    output.reserve(64)
    let start = output.count
    var at = start &+ 2
    var span = output.bytes.mutableSpan
    let body = PerfettoPacket.open(&span, &at, time)
    span.put(0x48, &at)  // type
    span.put(Kind.counter.rawValue, &at)
    span.put(0x58, &at)  // track_uuid
    span.put(varint: track, &at)
    span.put(0xf0, &at)  // counter_value
    span.put(0x01, &at)
    span.put(varint: value, &at)
    PerfettoPacket.close(&span, &at, body)
    span[start] = 0x0a  // packet
    span[start &+ 1] = UInt8(truncatingIfNeeded: at &- start &- 2)
    output.count = at
  }

  /// What every event begins with.
  /// - Returns: where the length of the event goes.
  @inline(__always) private static func open(
    _ span: inout MutableSpan<UInt8>, _ at: inout Int, _ time: UInt64
  ) -> Int {
    span.put(0x40, &at)  // timestamp
    span.put(varint: time, &at)
    span.put(0x50, &at)  // trusted_packet_sequence_id
    span.put(1, &at)
    span.put(0x68, &at)  // sequence_flags: SEQ_NEEDS_INCREMENTAL_STATE
    span.put(2, &at)
    span.put(0x5a, &at)  // track_event
    at &+= 1
    return at &- 1
  }
  @inline(__always) private static func close(
    _ span: inout MutableSpan<UInt8>, _ at: inout Int, _ body: Int
  ) {
    // The greatest event, five notes of ten bytes and a flow, is below 128: one byte of length.
    span[body] = UInt8(truncatingIfNeeded: at &- body &- 1)
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

extension MutableSpan where Element == UInt8 {
  @inline(__always) fileprivate mutating func put(_ byte: UInt8, _ at: inout Int) {
    self[at] = byte
    at &+= 1
  }

  @inline(__always) fileprivate mutating func put(varint value: UInt64, _ at: inout Int) {
    var rest = value
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80, &at)
      rest &>>= 7
    }
    put(UInt8(truncatingIfNeeded: rest), &at)
  }
}
