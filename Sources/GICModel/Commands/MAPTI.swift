import GICArch

extension Engine {
  /// MAPTI and MAPI: binds an event of a device to an LPI and a collection; an event that is bound
  /// already is bound anew. The collection need not be mapped yet.
  /// Work: one DTE lookup, one ITE write. The LPI's configuration byte is read again.
  /// - Source: Arm IHI 0069, "MAPTI", "MAPI".
  mutating func map(
    _ n: ITSIndex, _ opcode: ITSCommand.Opcode, _ device: DeviceID, _ event: EventID,
    _ intid: INTID, _ collection: ICID
  ) throws(CommandFault) {
    let known: TranslationCache.Device
    do throws(WalkFault) { known = try walkDevice(n, device) } catch {
      throw CommandFault(opcode, walk: error)
    }
    guard UInt64(event.rawValue) >> UInt64(known.eventIDBits) == 0
    else { throw CommandFault(opcode, .eventOOR) }
    guard intid.isLPI, intid.rawValue < configuration.intidLimit
    else { throw CommandFault(opcode, .intidOOR) }
    try checkCollection(opcode, collection)
    let mapping = ITE.Mapping(intid: intid, collection: collection)
    guard memory.store64(iteAddress(known, event), NativeFormat.encode(ITE(mapping: mapping)))
    else { throw .unreachable }
    its[n].translations.set(device, event, TranslationCache.word(intid, collection))
    observer.observe(.eventWritten(device, event))
    if let pe = knownTarget(n, collection) { readProperty(of: intid, at: pe) }
  }
}
