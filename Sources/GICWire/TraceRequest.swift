/// What is asked of a machine's trace. The number is field `c` of TRACE.
@frozen public enum TraceRequest: Hashable, Sendable {
  /// From now on the machine records what its units do.
  case begin
  /// Records from sequence number `from` on, the first of a trace being 0.
  case records(from: UInt64, limit: Int)
  case end

  init(_ slot: Slot) throws(WireError) {
    switch slot.c {
    case 0: self = .begin
    case 1: self = .records(from: slot.a, limit: Int(clamping: slot.b))
    case 2: self = .end
    default:
      throw WireError(.einval, "TRACE: c is 0, begin, 1, records, or 2, end; not \(slot.c)")
    }
  }

  func fill(_ slot: inout Slot) {
    switch self {
    case .begin: slot.c = 0
    case .records(let first, let limit):
      (slot.a, slot.b, slot.c) = (first, UInt64(clamping: limit), 1)
    case .end: slot.c = 2
    }
  }
}
