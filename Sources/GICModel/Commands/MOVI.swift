import GICArch

extension Engine {
  /// MOVI: gives an event another collection, and moves the LPI if it is pending.
  /// Work: DTE, ITE and two CTE lookups, one ITE write, two messages.
  /// - Source: Arm IHI 0069, "MOVI".
  mutating func movi(
    _ n: ITSIndex, _ device: DeviceID, _ event: EventID, _ collection: ICID
  ) throws(CommandFault) {
    let (route, source) = try route(n, .movi, device, event)
    try checkCollection(.movi, collection)
    let target: PEIndex
    let known: TranslationCache.Device
    do throws(WalkFault) {
      target = try walkCollection(n, collection)
      known = try its[n].translations.device(device).orThrow(.deviceUnmapped)
    } catch { throw CommandFault(.movi, walk: error) }
    let mapping = ITE.Mapping(intid: route.intid, collection: collection)
    guard writeMoved(known, event, mapping) else { throw .unreachable }
    move(n, device, known, event, mapping, from: source, to: target)
  }

  /// MOVI of an event that is remembered, to a collection that is.
  @inline(__always)
  mutating func moviRecalled(
    _ n: ITSIndex, _ device: DeviceID, _ event: EventID, _ collection: ICID
  ) -> Bool {
    let its = its
    guard fits(collection), let (known, word, source) = recallEntry(n, device, event),
      let target = its[n].collections.target(collection)
    else { return false }
    let mapping = ITE.Mapping(intid: TranslationCache.intid(word), collection: collection)
    guard writeMoved(known, event, mapping) else { return false }
    recalled(n, device, event, word)
    observer.observe(.collectionLookup(collection))
    move(n, device, known, event, mapping, from: source, to: target)
    return true
  }

  /// Tables that the ITS holds itself change there alone.
  /// - Returns: whether the entry could be written, if it had to be.
  @inline(__always)
  private func writeMoved(
    _ known: TranslationCache.Device, _ event: EventID, _ mapping: ITE.Mapping
  ) -> Bool {
    !tablesAreInRAM
      || memory.store64(iteAddress(known, event), NativeFormat.encode(ITE(mapping: mapping)))
  }

  @inline(__always)
  private mutating func move(
    _ n: ITSIndex, _ device: DeviceID, _ known: TranslationCache.Device, _ event: EventID,
    _ mapping: ITE.Mapping, from source: PEIndex, to target: PEIndex
  ) {
    let word = TranslationCache.word(mapping.intid, mapping.collection)
    its[n].translations.set(known, event, word)
    observer.observe(.eventWritten(device, event))
    awaitReaders()
    movePending(mapping.intid, from: source, to: target)
  }
}

extension Optional {
  /// The value, or the fault that its absence is.
  @inline(__always) func orThrow(_ fault: WalkFault) throws(WalkFault) -> Wrapped {
    guard let self else { throw fault }
    return self
  }
}
