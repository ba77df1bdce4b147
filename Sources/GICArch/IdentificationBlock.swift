// The identification registers at the end of every frame.

/// Versions of the architecture, as `PIDR2.ArchRev` numbers them.
@frozen public enum ArchitectureVersion: UInt8, CaseIterable, Sendable {
  case gicv3 = 3
  case gicv4 = 4
}

/// `PIDR0` through `PIDR7` and `CIDR0` through `CIDR3`: one byte in each 32-bit word from 0xffd0 to
/// the end of a 64 KiB frame, read-only, the same layout in GICD, GICR and GITS.
/// - Source: Arm IHI 0069, "Identification registers".
@frozen public struct IdentificationBlock: Equatable, Sendable {
  /// `PIDR2[7:4]`, ArchRev.
  public var version: ArchitectureVersion
  /// `PIDR1[3:0]` and `PIDR0`: the part, 12 bits, of the implementer's own numbering.
  public var part: UInt16
  /// `PIDR4`: SIZE [7:4], 4 for a frame of 64 KiB; DES_2 [3:0], JEP106 continuation, 4 for Arm.
  public var pidr4: UInt8

  @inlinable public init(version: ArchitectureVersion, part: UInt16, pidr4: UInt8 = 0x44) {
    (self.version, self.part, self.pidr4) = (version, part, pidr4)
  }

  /// Offset of `PIDR4`, the first, in bytes.
  @inlinable public static var offset: Int { 0xffd0 }
  @inlinable public static var pidr2Offset: Int { 0xffe8 }
  /// The block's registers in the order of their offsets.
  public static var names: [String] {
    [
      "PIDR4", "PIDR5", "PIDR6", "PIDR7", "PIDR0", "PIDR1", "PIDR2", "PIDR3",
      "CIDR0", "CIDR1", "CIDR2", "CIDR3",
    ]
  }

  /// The word at `byteOffset` of a frame; nil outside the block and for a misaligned offset.
  @inlinable public func word(at byteOffset: Int) -> UInt32? {
    switch byteOffset {
    case 0xffd0: UInt32(pidr4)
    case 0xffd4, 0xffd8, 0xffdc, 0xffec: 0
    case 0xffe0: UInt32(part & 0xff)
    // DES_0 [7:4] and DES_1 with JEDEC [3:0] of the next are Arm's JEP106 code, 0x3b.
    case 0xffe4: 0xb0 | UInt32(part &>> 8 & 0xf)
    case 0xffe8: UInt32(version.rawValue) &<< 4 | 0xb
    case 0xfff0: 0x0d
    case 0xfff4: 0xf0
    case 0xfff8: 0x05
    case 0xfffc: 0xb1
    default: nil
    }
  }
}
