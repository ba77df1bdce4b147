// The entries of the ITS tables as values, and what a layout must say of itself. The architecture
// leaves the layouts IMPLEMENTATION DEFINED, so each has a name and rivals.

/// A device table entry. `itt` nil: the DeviceID is not mapped.
@frozen public struct DTE: Equatable, Sendable {
  public var itt: ITT?
  @inlinable public init(itt: ITT?) { self.itt = itt }
}

/// A collection table entry. `target` nil: the collection is not mapped.
@frozen public struct CTE: Equatable, Sendable {
  public var target: RDbase?
  @inlinable public init(target: RDbase?) { self.target = target }
}

/// An interrupt translation entry: where one event goes.
@frozen public struct ITE: Equatable, Sendable {
  public struct Mapping: Equatable, Sendable {
    public var intid: INTID
    public var collection: ICID
    @inlinable public init(intid: INTID, collection: ICID) {
      (self.intid, self.collection) = (intid, collection)
    }
  }
  public var mapping: Mapping?
  @inlinable public init(mapping: Mapping?) { self.mapping = mapping }
}

/// One layout of the three tables. All entries are 8 bytes, little-endian, so that one atomic
/// doubleword is one entry.
public protocol TableFormat {
  static func decodeDTE(_ raw: UInt64) -> DTE
  static func encode(_ entry: DTE) -> UInt64
  static func decodeITE(_ raw: UInt64) -> ITE
  static func encode(_ entry: ITE) -> UInt64
  static func decodeCTE(_ raw: UInt64) -> CTE
  static func encode(_ entry: CTE) -> UInt64
}

/// A level-1 entry of an indirect table: V[63], address of the level-2 page [51:12].
/// - Source: Arm IHI 0069, "GITS_BASER<n>.Indirect".
@frozen public struct LevelOneEntry: Equatable, Sendable {
  public var raw: UInt64
  @inlinable public init(raw: UInt64) { self.raw = raw }
  /// Size of an entry, in bytes.
  @inlinable public static var byteCount: Int { 8 }
  @inlinable public var valid: Bool { raw[bit: 63] }
  /// First byte of the level-2 page, aligned to the table's page size by who wrote it.
  @inlinable public var page: PhysicalAddress { raw[51, 12] &<< 12 }
}
