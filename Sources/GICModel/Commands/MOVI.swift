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
    // Tables that the ITS holds itself change there alone.
    guard
      !tablesAreInRAM
        || memory.store64(iteAddress(known, event), NativeFormat.encode(ITE(mapping: mapping)))
    else { throw .unreachable }
    its[n].translations.set(known, event, TranslationCache.word(route.intid, collection))
    observer.observe(.eventWritten(device, event))
    awaitReaders()
    movePending(route.intid, from: source, to: target)
  }
}

extension Engine where Observer == NoTiming {
  /// MOVI of an event that is remembered, to a collection that is.
  @inline(always)
  mutating func moviRecalled(
    _ view: QueueView, _ device: DeviceID, _ event: EventID, _ collection: ICID
  ) -> Bool {
    guard facts.movesPlainly, fits(collection),
      let (known, word, source) = recallEntry(view, device, event),
      let target = view.its.element.collections.target(collection)
    else { return false }
    let intid = TranslationCache.intid(word)
    let mapping = ITE.Mapping(intid: intid, collection: collection)
    guard
      view.memory.store64(iteAddress(known, event), NativeFormat.encode(ITE(mapping: mapping)))
    else { return false }
    known.words.store(event.rawValue, TranslationCache.word(intid, collection))
    awaitReaders()
    if source != target { moveRecalled(intid, from: source, to: target) }
    return true
  }
}

extension Optional {
  /// The value, or the fault that its absence is.
  @inline(__always) func orThrow(_ fault: WalkFault) throws(WalkFault) -> Wrapped {
    guard let self else { throw fault }
    return self
  }
}
