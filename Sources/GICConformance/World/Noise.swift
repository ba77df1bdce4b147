// Random numbers for rows: the same on every machine and in every run.

/// G. Marsaglia's xorshift with 64 bits of state: the same numbers everywhere.
struct Noise {
  var state: UInt64
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
  /// Often small, sometimes anything.
  mutating func value() -> UInt64 {
    let shift = next() & 63
    return next() >> shift
  }
}
