// Where a frame begins and ends in a stream of bytes.

/// What stands at the front of the bytes received so far.
public enum FrameCut: Equatable, Sendable {
  /// A whole frame of so many bytes, slot and tail.
  case frame(byteCount: Int)
  /// The frame goes on: so many bytes are needed before there is anything to do.
  case incomplete(needed: Int)
  /// No frame begins like this, so where the next one begins is unknown: the connection must end.
  case broken(WireError)

  /// - Parameters:
  ///   - bytes: what has arrived and was not cut yet.
  ///   - limit: the largest frame that was negotiated, in bytes.
  public init(_ bytes: RawSpan, limit: Int) {
    guard bytes.byteCount >= 4 else {
      self = .incomplete(needed: Slot.byteCount)
      return
    }
    // SAFETY: every bit pattern is a UInt32, and the span checks the bounds.
    let size = Int(UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(as: UInt32.self)))
    if size < Slot.byteCount || size % 8 != 0 {
      self = .broken(
        WireError(.einval, "frame size \(size) is not a multiple of 8 of at least 64"))
    } else if size > limit {
      self = .broken(
        WireError(.emsgsize, "frame of \(size) bytes; HELLO agreed on at most \(limit)"))
    } else if bytes.byteCount < size {
      self = .incomplete(needed: size)
    } else {
      self = .frame(byteCount: size)
    }
  }
}

extension Slot {
  /// Appends this slot and `tail`, filled up to a multiple of 8; sets size and padding accordingly.
  public func appendFrame(tail: some Collection<UInt8>, to bytes: inout [UInt8]) {
    var slot = self
    let padding = -tail.count & 7
    slot.size = UInt32(truncatingIfNeeded: Slot.byteCount + tail.count + padding)
    slot.attributes.padding = padding
    slot.append(to: &bytes)
    bytes.append(contentsOf: tail)
    for _ in 0..<padding { bytes.append(0) }
  }

  /// The bytes of the tail of a whole frame, without what only fills it up.
  /// - Throws: EINVAL when there is more padding than tail.
  public func tail(of frame: RawSpan) throws(WireError) -> [UInt8] {
    let count = frame.byteCount - Slot.byteCount - attributes.padding
    guard count >= 0 else {
      throw WireError(.einval, "\(attributes.padding) bytes of padding, but the tail is shorter")
    }
    if count == 0 { return [] }
    let tail = frame.extracting(droppingFirst: Slot.byteCount).extracting(first: count)
    // SAFETY: the buffer is read inside the closure only.
    return unsafe tail.withUnsafeBytes { unsafe Array($0) }
  }
}
