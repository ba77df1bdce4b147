// Bytes as a socket brings them: cut into frames and decoded in both directions. What was decoded
// is encoded and decoded again, and must be the same.

import FuzzDriver
import GICWire

private func take(_ frame: RawSpan) {
  guard let slot = Slot(decoding: frame) else { return }
  if let message = try? DaemonMessage(decoding: slot, frame: frame),
    case .reply(let reply) = message
  {
    _ = try? reply.hello()
    _ = Attachment(decoding: reply.tail)
  }
  guard let request = try? Request(decoding: slot, frame: frame) else { return }
  if let inRing = request.slot(id: slot.id) {
    precondition(Slot(words: inRing.words) == inRing, "\(request) is another slot in a ring")
  }
  var bytes: [UInt8] = []
  request.append(to: &bytes, id: slot.id)
  // SAFETY: the span ends before the array does; integers of 8 bits have no padding.
  let again = unsafe bytes.span.bytes
  guard case .frame(let count) = FrameCut(again, limit: .max), count == again.byteCount,
    let copy = Slot(decoding: again)
  else { fatalError("\(request) makes no frame: \(bytes)") }
  do throws(WireError) {
    let decoded = try Request(decoding: copy, frame: again)
    precondition(decoded == request, "\(request) came back as \(decoded)")
  } catch { fatalError("\(request) is refused when it comes back: \(error)") }
}

private func attempt(_ bytes: [UInt8]) {
  // SAFETY: as above.
  var rest = unsafe bytes.span.bytes
  while case .frame(let count) = FrameCut(rest, limit: 4096) {
    take(rest.extracting(first: count))
    rest = rest.extracting(droppingFirst: count)
  }
}

@main enum FuzzWire {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
