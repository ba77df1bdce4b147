// Bit fields as the architecture prints them, high bit first. GICArch holds encodings only: nothing
// in it walks, queues, waits or allocates.

extension UInt64 {
  /// Ones in bits `[high:low]`, zeros elsewhere.
  @inlinable public static func ones(_ high: Int, _ low: Int) -> UInt64 {
    (.max &>> (63 &- high &+ low)) &<< low
  }

  /// Bits `[high:low]`, right-aligned. Setting a value wider than the field is a programming error.
  @inlinable public subscript(high: Int, low: Int) -> UInt64 {
    get { (self & .ones(high, low)) &>> low }
    set {
      assert(newValue & ~.ones(high - low, 0) == 0, "value wider than [\(high):\(low)]")
      self = self & ~.ones(high, low) | newValue &<< low
    }
  }

  /// Whether bit `bit` is one.
  @inlinable public subscript(bit bit: Int) -> Bool {
    get { self &>> bit & 1 != 0 }
    set { self = self & ~(1 &<< bit) | (newValue ? 1 : 0) &<< bit }
  }
}

extension UInt32 {
  /// Whether bit `bit` is one.
  @inlinable public subscript(bit bit: Int) -> Bool {
    get { self &>> bit & 1 != 0 }
    set { self = self & ~(1 &<< bit) | (newValue ? 1 : 0) &<< bit }
  }
}
