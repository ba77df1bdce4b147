// The names of the CPU interface's system registers, as instructions, hypervisors and traces give
// them. Their fields are in `ICC`.

/// A system register, named by how MRS and MSR encode it: op0 [15:14], op1 [13:11], CRn [10:7],
/// CRm [6:3], op2 [2:0].
/// - Source: Arm IHI 0069, "AArch64 System register descriptions".
@frozen public struct SystemRegister: Hashable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// From the five numbers of `S<op0>_<op1>_C<CRn>_C<CRm>_<op2>`; each is cut to its field.
  @inlinable public init(_ op0: UInt32, _ op1: UInt32, _ crn: UInt32, _ crm: UInt32, _ op2: UInt32)
  {
    rawValue =
      (op0 & 3) &<< 14 | (op1 & 7) &<< 11 | (crn & 15) &<< 7 | (crm & 15) &<< 3 | op2 & 7
  }

  @inlinable public static var pmr: SystemRegister { SystemRegister(3, 0, 4, 6, 0) }
  @inlinable public static var iar0: SystemRegister { SystemRegister(3, 0, 12, 8, 0) }
  @inlinable public static var eoir0: SystemRegister { SystemRegister(3, 0, 12, 8, 1) }
  @inlinable public static var hppir0: SystemRegister { SystemRegister(3, 0, 12, 8, 2) }
  @inlinable public static var bpr0: SystemRegister { SystemRegister(3, 0, 12, 8, 3) }
  @inlinable public static var ap0r0: SystemRegister { SystemRegister(3, 0, 12, 8, 4) }
  @inlinable public static var ap0r1: SystemRegister { SystemRegister(3, 0, 12, 8, 5) }
  @inlinable public static var ap0r2: SystemRegister { SystemRegister(3, 0, 12, 8, 6) }
  @inlinable public static var ap0r3: SystemRegister { SystemRegister(3, 0, 12, 8, 7) }
  @inlinable public static var ap1r0: SystemRegister { SystemRegister(3, 0, 12, 9, 0) }
  @inlinable public static var ap1r1: SystemRegister { SystemRegister(3, 0, 12, 9, 1) }
  @inlinable public static var ap1r2: SystemRegister { SystemRegister(3, 0, 12, 9, 2) }
  @inlinable public static var ap1r3: SystemRegister { SystemRegister(3, 0, 12, 9, 3) }
  @inlinable public static var dir: SystemRegister { SystemRegister(3, 0, 12, 11, 1) }
  @inlinable public static var rpr: SystemRegister { SystemRegister(3, 0, 12, 11, 3) }
  @inlinable public static var sgi1r: SystemRegister { SystemRegister(3, 0, 12, 11, 5) }
  @inlinable public static var asgi1r: SystemRegister { SystemRegister(3, 0, 12, 11, 6) }
  @inlinable public static var sgi0r: SystemRegister { SystemRegister(3, 0, 12, 11, 7) }
  @inlinable public static var iar1: SystemRegister { SystemRegister(3, 0, 12, 12, 0) }
  @inlinable public static var eoir1: SystemRegister { SystemRegister(3, 0, 12, 12, 1) }
  @inlinable public static var hppir1: SystemRegister { SystemRegister(3, 0, 12, 12, 2) }
  @inlinable public static var bpr1: SystemRegister { SystemRegister(3, 0, 12, 12, 3) }
  @inlinable public static var ctlr: SystemRegister { SystemRegister(3, 0, 12, 12, 4) }
  @inlinable public static var sre: SystemRegister { SystemRegister(3, 0, 12, 12, 5) }
  @inlinable public static var igrpen0: SystemRegister { SystemRegister(3, 0, 12, 12, 6) }
  @inlinable public static var igrpen1: SystemRegister { SystemRegister(3, 0, 12, 12, 7) }
}

extension SystemRegister: CaseIterable, CustomStringConvertible {
  /// Every register of a GICv3 CPU interface at EL1, by ascending encoding, and what may be done
  /// with it.
  static let table: [(register: SystemRegister, short: String, access: RegisterAccess)] = [
    (.pmr, "pmr", .readWrite),
    (.iar0, "iar0", .readOnly), (.eoir0, "eoir0", .writeOnly), (.hppir0, "hppir0", .readOnly),
    (.bpr0, "bpr0", .readWrite),
    (.ap0r0, "ap0r0", .readWrite), (.ap0r1, "ap0r1", .readWrite),
    (.ap0r2, "ap0r2", .readWrite), (.ap0r3, "ap0r3", .readWrite),
    (.ap1r0, "ap1r0", .readWrite), (.ap1r1, "ap1r1", .readWrite),
    (.ap1r2, "ap1r2", .readWrite), (.ap1r3, "ap1r3", .readWrite),
    (.dir, "dir", .writeOnly), (.rpr, "rpr", .readOnly),
    (.sgi1r, "sgi1r", .writeOnly), (.asgi1r, "asgi1r", .writeOnly), (.sgi0r, "sgi0r", .writeOnly),
    (.iar1, "iar1", .readOnly), (.eoir1, "eoir1", .writeOnly), (.hppir1, "hppir1", .readOnly),
    (.bpr1, "bpr1", .readWrite), (.ctlr, "ctlr", .readWrite), (.sre, "sre", .readWrite),
    (.igrpen0, "igrpen0", .readWrite), (.igrpen1, "igrpen1", .readWrite),
  ]

  public static var allCases: [SystemRegister] { table.map(\.register) }

  /// The register called `name`, in the manual's form ("ICC_PMR_EL1") or the traces' ("pmr"), in
  /// either case; nil for any other name.
  public init?(name: String) {
    var short = name.lowercased()
    if short.hasPrefix("icc_") && short.hasSuffix("_el1") {
      short = String(short.dropFirst(4).dropLast(4))
    }
    guard let row = Self.table.first(where: { $0.short == short }) else { return nil }
    self = row.register
  }

  /// "pmr" and its like; nil for a register that a GICv3 CPU interface has not.
  public var shortName: String? { Self.table.first { $0.register == self }?.short }
  /// "ICC_PMR_EL1" and its like; nil for a register that a GICv3 CPU interface has not.
  public var name: String? { shortName.map { "ICC_\($0.uppercased())_EL1" } }
  /// What a guest may do with it; nil for a register that a GICv3 CPU interface has not. A wrong
  /// access is UNDEFINED at the PE, so it never reaches the GIC.
  public var access: RegisterAccess? { Self.table.first { $0.register == self }?.access }

  /// "S3_0_C4_C6_0": what an assembler takes where it does not know the name.
  public var encoding: String {
    "S\(rawValue >> 14 & 3)_\(rawValue >> 11 & 7)_C\(rawValue >> 7 & 15)_C\(rawValue >> 3 & 15)"
      + "_\(rawValue & 7)"
  }
  public var description: String { name ?? encoding }
}
