// The descriptors of the ITS's tables in memory.

extension GITS {
  /// What a table that `BASER` describes holds.
  /// - Source: Arm IHI 0069, "GITS_BASER<n>.Type".
  @frozen public enum TableType: UInt8, CaseIterable, Sendable {
    /// The register describes no table, and is RES0.
    case none = 0
    case device = 1
    /// Virtual PEs, of GICv4.
    case vpe = 2
    case collection = 4
  }

  /// `GITS_BASER<n>`, a table's place and shape: offset 0x0100 + 8 x n for n below 8, 64 bits each.
  /// Type and Entry_Size are read-only; all of it is for one that is of type `none`.
  /// - Source: Arm IHI 0069, "GITS_BASER<n>, ITS Translation Table Descriptors".
  @frozen public struct BASER: RegisterArray {
    @inlinable public static var offset: Int { 0x0100 }
    @inlinable public static var count: Int { 8 }
    /// Of an implemented table: all but Type and Entry_Size.
    @inlinable public static var writable: UInt64 {
      .ones(63, 62) | .ones(61, 59) | .ones(55, 53) | .ones(47, 12) | .ones(11, 10) | .ones(9, 8)
        | .ones(7, 0)
    }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[63]` Valid: memory is allocated for the table.
    @inlinable public var valid: Bool {
      get { raw[bit: 63] }
      set { raw[bit: 63] = newValue }
    }

    /// `[62]` Indirect: two levels; the first level's entries are `LevelOneEntry`.
    @inlinable public var indirect: Bool {
      get { raw[bit: 62] }
      set { raw[bit: 62] = newValue }
    }

    /// `[61:59]` InnerCache.
    @inlinable public var innerCache: Cacheability {
      get { Cacheability(rawValue: UInt8(truncatingIfNeeded: raw[61, 59])) }
      set { raw[61, 59] = UInt64(newValue.rawValue) }
    }

    /// `[58:56]` Type. A reserved value reads as `none`.
    @inlinable public var type: TableType {
      get { TableType(rawValue: UInt8(truncatingIfNeeded: raw[58, 56])) ?? .none }
      set { raw[58, 56] = UInt64(newValue.rawValue) }
    }

    /// `[55:53]` OuterCache: 0 is the same as inner.
    @inlinable public var outerCache: Cacheability {
      get { Cacheability(rawValue: UInt8(truncatingIfNeeded: raw[55, 53])) }
      set { raw[55, 53] = UInt64(newValue.rawValue) }
    }

    /// `[52:48]` Entry_Size + 1: bytes of one entry, 1 through 32.
    @inlinable public var entryByteCount: Int {
      get { Int(raw[52, 48]) &+ 1 }
      set { raw[52, 48] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// `[47:12]` First byte of the table, aligned to its page size. With pages of 64 KiB the
    /// register's bits [15:12] are the address's [51:48]; with smaller pages it has 48 bits. Set
    /// the page size first.
    @inlinable public var physicalAddress: PhysicalAddress {
      get {
        switch pageByteCount {
        case 0x1000: raw & .ones(47, 12)
        case 0x4000: raw & .ones(47, 14)
        default: raw & .ones(47, 16) | raw[15, 12] &<< 48
        }
      }
      set {
        switch pageByteCount {
        case 0x1000: raw[47, 12] = newValue[47, 12]
        case 0x4000: raw[47, 12] = newValue[47, 14] &<< 2
        default: raw[47, 12] = newValue[47, 16] &<< 4 | newValue[51, 48]
        }
      }
    }

    /// `[11:10]` Shareability.
    @inlinable public var shareability: Shareability {
      get { Shareability(rawValue: UInt8(truncatingIfNeeded: raw[11, 10])) }
      set { raw[11, 10] = UInt64(newValue.rawValue) }
    }

    /// `[9:8]` Page_Size: 0 is 4 KiB, 1 is 16 KiB, 2 is 64 KiB; 3 is reserved and acts as 2.
    @inlinable public var pageSize: Int {
      get { Int(raw[9, 8]) }
      set { raw[9, 8] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[7:0]` Size + 1: pages of the table, or of its first level, 1 through 256.
    @inlinable public var pageCount: Int {
      get { Int(raw[7, 0]) &+ 1 }
      set { raw[7, 0] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// One page, in bytes: 4, 16 or 64 KiB.
    @inlinable public var pageByteCount: Int { 0x1000 &<< (2 &* min(pageSize, 2)) }
    /// Length of the table, or of its first level, in bytes.
    @inlinable public var byteCount: Int { pageCount &* pageByteCount }
    /// Entries that the table has room for: with two levels, those below all first-level entries.
    @inlinable public var capacity: Int {
      let perPage = pageByteCount / entryByteCount
      return indirect ? byteCount / LevelOneEntry.byteCount &* perPage : byteCount / entryByteCount
    }
  }
}
