import GICArch

/// One field: its name, the bits that the manual gives it, and what our type makes of them.
struct FieldRow: Sendable, CustomStringConvertible {
  let name: String
  /// Ones where the manual has the field.
  let bits: UInt64
  /// The raw register after all ones were written to the field of a register of zeros.
  let written: UInt64
  /// The raw register after zeros were written to the field of a register of ones.
  let erased: UInt64
  /// Whether the field of a register that has ones in `bits` alone reads as all ones, and that of
  /// one with zeros in `bits` alone as zero.
  let reads: Bool
  var description: String { name }

  /// `ones`: the field's value when all its bits are one; `zeros`: when none is.
  init<R: Register, V: Equatable>(
    _ name: String, _ field: WritableKeyPath<R, V>, _ bits: UInt64, ones: V, zeros: V
  ) {
    (self.name, self.bits) = (name, bits)
    var register = R(raw: 0)
    register[keyPath: field] = ones
    written = register.raw
    register = R(raw: .max)
    register[keyPath: field] = zeros
    erased = register.raw
    reads = R(raw: bits)[keyPath: field] == ones && R(raw: ~bits)[keyPath: field] == zeros
  }

  init<R: Register>(_ name: String, _ field: WritableKeyPath<R, Bool>, _ bits: UInt64) {
    self.init(name, field, bits, ones: true, zeros: false)
  }

  /// A number whose value is the field's bits plus `bias`.
  init<R: Register>(
    _ name: String, _ field: WritableKeyPath<R, Int>, _ bits: UInt64, bias: Int = 0
  ) {
    let ones = Int(bits >> UInt64(bits.trailingZeroBitCount))
    self.init(name, field, bits, ones: ones + bias, zeros: bias)
  }

  init<R: Register, V: FixedWidthInteger>(
    _ name: String, _ field: WritableKeyPath<R, V>, number bits: UInt64
  ) {
    let ones = V(bits >> UInt64(bits.trailingZeroBitCount))
    self.init(name, field, bits, ones: ones, zeros: 0)
  }

  /// An address that keeps its place in the register.
  init<R: Register>(
    _ name: String, _ field: WritableKeyPath<R, PhysicalAddress>, address bits: UInt64
  ) {
    self.init(name, field, bits, ones: bits, zeros: 0)
  }

  /// An offset in bytes that keeps its place in the register.
  init<R: Register>(_ name: String, _ field: WritableKeyPath<R, Int>, inPlace bits: UInt64) {
    self.init(name, field, bits, ones: Int(bits), zeros: 0)
  }

  init<R: Register>(_ name: String, _ field: WritableKeyPath<R, Cacheability>, _ bits: UInt64) {
    self.init(name, field, bits, ones: .allocateWriteBack, zeros: .device)
  }

  init<R: Register>(_ name: String, _ field: WritableKeyPath<R, Shareability>, _ bits: UInt64) {
    self.init(name, field, bits, ones: Shareability(rawValue: 3), zeros: .nonShareable)
  }
}
