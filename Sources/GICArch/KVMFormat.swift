// The layout in which KVM saves its ITS tables, "REV0". KVM writes it at a save and reads it at a
// restore only: entries are chained by `next`, so that a scan need not visit every slot.

/// KVM's layout, revision 0.
///
///     DTE  V[63] next[62:49] ITT_addr[48:5] = address[51:8] Size[4:0] = EventID bits - 1
///     ITE  next[63:48] pINTID[47:16] ICID[15:0]; pINTID 0 is an unmapped event
///     CTE  V[63] RDBase[51:16] ICID[15:0]; RDBase 0xffffffff is an unmapped collection
///
/// As a `TableFormat` it leaves `next` 0 and, in a CTE, ICID 0, which are true in a saved table
/// only: see `SavedDTE`, `SavedITE` and `SavedCTE`.
/// - Source: Linux, Documentation/virt/kvm/devices/arm-vgic-its.rst, "ITS Table ABI REV0".
public enum KVMFormat: TableFormat {
  @inlinable public static func decodeDTE(_ raw: UInt64) -> DTE {
    guard raw[bit: 63] else { return DTE(itt: nil) }
    return DTE(itt: ITT(base: raw[48, 5] &<< 8, eventIDBits: Int(raw[4, 0]) &+ 1))
  }
  @inlinable public static func encode(_ entry: DTE) -> UInt64 {
    guard let itt = entry.itt else { return 0 }
    let size = UInt64(truncatingIfNeeded: itt.eventIDBits &- 1)[4, 0]
    return 1 &<< 63 | itt.base[51, 8] &<< 5 | size
  }
  @inlinable public static func decodeITE(_ raw: UInt64) -> ITE {
    let intid = UInt32(truncatingIfNeeded: raw[47, 16])
    guard intid != 0 else { return ITE(mapping: nil) }
    return ITE(
      mapping: ITE.Mapping(
        intid: INTID(rawValue: intid),
        collection: ICID(rawValue: UInt16(truncatingIfNeeded: raw))))
  }
  @inlinable public static func encode(_ entry: ITE) -> UInt64 {
    guard let mapping = entry.mapping else { return 0 }
    return UInt64(mapping.intid.rawValue) &<< 16 | UInt64(mapping.collection.rawValue)
  }
  @inlinable public static func decodeCTE(_ raw: UInt64) -> CTE {
    guard raw[bit: 63], raw[51, 16] != unmappedRDBase else { return CTE(target: nil) }
    return CTE(target: RDbase(rawValue: raw[51, 16]))
  }
  @inlinable public static func encode(_ entry: CTE) -> UInt64 {
    guard let target = entry.target else { return 0 }
    return 1 &<< 63 | target.rawValue[35, 0] &<< 16
  }

  /// RDBase of a collection that exists and has no target.
  @inlinable public static var unmappedRDBase: UInt64 { 0xffff_ffff }

  /// A DTE in a saved device table.
  @frozen public struct SavedDTE: Equatable, Sendable {
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
    /// `distance`: to the next mapped DeviceID, 0 for the last; kept up to 2^14 - 1.
    @inlinable public init(_ entry: DTE, distance: UInt64) {
      raw = KVMFormat.encode(entry) | min(distance, 0x3fff) &<< 49
    }
    @inlinable public var valid: Bool { raw[bit: 63] }
    @inlinable public var entry: DTE { KVMFormat.decodeDTE(raw) }
    /// DeviceIDs to step to the next entry; 0: there is none. The greatest, 16383, may fall short.
    @inlinable public var next: Int { Int(raw[62, 49]) }
  }

  /// An ITE in a saved ITT.
  @frozen public struct SavedITE: Equatable, Sendable {
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
    /// `distance`: to the next mapped EventID, 0 for the last; kept up to 2^16 - 1.
    @inlinable public init(_ entry: ITE, distance: UInt64) {
      raw = KVMFormat.encode(entry) | min(distance, 0xffff) &<< 48
    }
    @inlinable public var entry: ITE { KVMFormat.decodeITE(raw) }
    /// EventIDs to step to the next entry; 0: there is none. The greatest, 65535, may fall short.
    @inlinable public var next: Int { Int(raw[63, 48]) }
  }

  /// An entry of a saved collection table, which is a list: the entry names its collection, and the
  /// first that is not valid ends it.
  @frozen public struct SavedCTE: Equatable, Sendable {
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
    /// `entry.target` nil: the collection exists and is not mapped.
    @inlinable public init(_ collection: ICID, _ entry: CTE) {
      let target = entry.target?.rawValue ?? KVMFormat.unmappedRDBase
      raw = 1 &<< 63 | target[35, 0] &<< 16 | UInt64(collection.rawValue)
    }
    @inlinable public var valid: Bool { raw[bit: 63] }
    @inlinable public var collection: ICID { ICID(rawValue: UInt16(truncatingIfNeeded: raw)) }
    @inlinable public var entry: CTE { KVMFormat.decodeCTE(raw) }
  }
}
