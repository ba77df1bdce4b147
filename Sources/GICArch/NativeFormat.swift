/// Our own layout, in which every field lies where the command that carries it has it.
///
///     DTE  V[63] ITT_addr[51:8] Size[4:0]
///     ITE  V[63] ICID[47:32] INTID[31:0]
///     CTE  V[63] RDbase[51:16]
public enum NativeFormat: TableFormat {
  @inlinable public static func decodeDTE(_ raw: UInt64) -> DTE {
    guard raw[bit: 63] else { return DTE(itt: nil) }
    return DTE(itt: ITT(base: raw[51, 8] &<< 8, eventIDBits: Int(raw[4, 0]) &+ 1))
  }
  @inlinable public static func encode(_ entry: DTE) -> UInt64 {
    guard let itt = entry.itt else { return 0 }
    let size = UInt64(truncatingIfNeeded: itt.eventIDBits &- 1)[4, 0]
    return 1 &<< 63 | itt.base & .ones(51, 8) | size
  }
  @inlinable public static func decodeITE(_ raw: UInt64) -> ITE {
    guard raw[bit: 63] else { return ITE(mapping: nil) }
    return ITE(
      mapping: ITE.Mapping(
        intid: INTID(rawValue: UInt32(truncatingIfNeeded: raw)),
        collection: ICID(rawValue: UInt16(truncatingIfNeeded: raw &>> 32))))
  }
  @inlinable public static func encode(_ entry: ITE) -> UInt64 {
    guard let mapping = entry.mapping else { return 0 }
    return 1 &<< 63 | UInt64(mapping.collection.rawValue) &<< 32 | UInt64(mapping.intid.rawValue)
  }
  @inlinable public static func decodeCTE(_ raw: UInt64) -> CTE {
    guard raw[bit: 63] else { return CTE(target: nil) }
    return CTE(target: RDbase(rawValue: raw[51, 16]))
  }
  @inlinable public static func encode(_ entry: CTE) -> UInt64 {
    guard let target = entry.target else { return 0 }
    return 1 &<< 63 | (target.rawValue & .ones(35, 0)) &<< 16
  }
}
