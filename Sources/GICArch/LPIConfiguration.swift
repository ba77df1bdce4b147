/// One byte of the LPI configuration table: Priority in [7:2], bit 1 RES1, Enable in [0].
/// - Source: Arm IHI 0069, "LPI Configuration tables".
@frozen public struct LPIConfiguration: Equatable, Sendable {
  public var raw: UInt8
  @inlinable public init(raw: UInt8) { self.raw = raw }
  @inlinable public var enabled: Bool { raw & 1 != 0 }
  /// Priority as a PE compares it: 8 bits, the low two zero; 0 is the highest.
  @inlinable public var priority: UInt8 { raw & 0xfc }
}
