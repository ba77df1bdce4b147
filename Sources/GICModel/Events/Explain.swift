// explain: the walk of an MSI without any of its effects. It looks where the engine would look, in
// the same order, at what is remembered first, and says so where RAM has another opinion.

import GICArch

extension Engine {
  /// Walks the way of an MSI of `device` to ITS `n` and says where it ends. Changes nothing.
  func explain(_ device: DeviceID, _ event: EventID, its n: ITSIndex) -> Explanation {
    var story = Explanation(device: device, event: event)
    story.cycle = stamp
    guard explainITS(n, device, &story),
      let known = explainDevice(n, device, &story),
      let route = explainEvent(n, known.itt, known.words, &story),
      let pe = explainTarget(n, route, &story),
      explainRedistributor(route.intid, pe, &story)
    else { return story }
    // A shared LPI has a target of its own.
    explainDelivery(route.intid, home(of: route.intid, else: pe), &story)
    return story
  }

  private func explainITS(
    _ n: ITSIndex, _ device: DeviceID, _ story: inout Explanation
  ) -> Bool {
    guard n >= 0, n < its.count else {
      let bases = (0..<its.count).map { hex(places[$0].base) }.joined(separator: ", ")
      return story.end(
        .its, "no ITS has its frames there; their control frames are at \(bases)",
        "address it by one of these")
    }
    guard its[n].enabled else {
      return story.end(
        .its, "ITS \(n) is disabled: GITS_CTLR.Enabled is 0", "write 1 to GITS_CTLR.Enabled")
    }
    story.pass(.its, "ITS \(n) is enabled")
    let bits = configuration.identity.deviceIDBits
    guard UInt64(device.rawValue) >> UInt64(bits) == 0 else {
      return story.end(
        .deviceID, "DeviceID \(device) has more than the \(bits) bits of GITS_TYPER.Devbits",
        "the device, or what the bus makes of its identity, is wrong")
    }
    story.pass(.deviceID, "DeviceID \(device) is within \(bits) bits")
    return true
  }

  private func explainDevice(
    _ n: ITSIndex, _ device: DeviceID, _ story: inout Explanation
  ) -> (itt: ITT, words: TranslationCache.Device?)? {
    let table = its[n].deviceBASER
    let known = its[n].translations.device(device)
    guard tablesAreInRAM else { return explainHeldDevice(known, device, &story) }
    guard known != nil || table.valid else {
      return story.none(
        .deviceTable, "GITS_BASER0.Valid is 0: there is no device table",
        "write GITS_BASER0 before the ITS is enabled")
    }
    guard known != nil || UInt64(device.rawValue) < UInt64(table.capacity) else {
      return story.none(
        .deviceTable, "the device table has \(table.capacity) entries, none for \(device)",
        "give GITS_BASER0 more pages")
    }
    story.pass(
      .deviceTable,
      "GITS_BASER0: \(table.indirect ? "two levels" : "flat") at \(hex(table.physicalAddress)), "
        + "\(table.capacity) entries")
    if let (levelOne, _) = levelOneEntry(n, device) {
      guard explainLevelOne(levelOne, isNeeded: known == nil, device, &story) else { return nil }
    }
    return explainDeviceEntry(n, device, known, &story)
  }

  private func explainLevelOne(
    _ entry: TableEntry, isNeeded: Bool, _ device: DeviceID, _ story: inout Explanation
  ) -> Bool {
    guard let raw = entry.raw else {
      let text = "the level-1 entry lies outside guest RAM"
      guard isNeeded else { return story.pass(.levelOne, text + "; not needed", entry) }
      return story.end(
        .levelOne, text, "GITS_BASER0 points outside the RAM that is mapped", entry)
    }
    guard LevelOneEntry(raw: raw).valid else {
      let text = "the level-1 entry is not valid: no page for DeviceID \(device)"
      guard isNeeded else { return story.pass(.levelOne, text + "; not needed", entry) }
      return story.end(
        .levelOne, text, "the driver must store a valid level-1 entry, then MAPD", entry)
    }
    return story.pass(
      .levelOne, "valid, level-2 page at \(hex(LevelOneEntry(raw: raw).page))", entry)
  }

  private func explainDeviceEntry(
    _ n: ITSIndex, _ device: DeviceID, _ known: TranslationCache.Device?,
    _ story: inout Explanation
  ) -> (itt: ITT, words: TranslationCache.Device?)? {
    var entry = deviceEntry(n, device)
    if let known {
      if entry == nil { entry = TableEntry(.device, address: nil, raw: nil) }
      entry?.cached = EntryLayout.word(known)
      story.pass(
        .device, describe(EntryLayout.itt(known)) + story.memoryNote(entry, "MAPD"), entry)
      return (EntryLayout.itt(known), known)
    }
    guard let raw = entry?.raw else {
      return story.none(
        .device, "the device entry lies outside guest RAM",
        "the table points outside the RAM that is mapped", entry)
    }
    guard var itt = EntryLayout.Format.decodeDTE(raw).itt else {
      return story.none(
        .device, "DeviceID \(device) is not mapped: its entry is not valid",
        "no MAPD of this DeviceID has run, or one with V = 0 has", entry)
    }
    story.pass(.device, describe(itt), entry)
    itt.eventIDBits = min(itt.eventIDBits, configuration.identity.eventIDBits)
    return (itt, nil)
  }

  private func describe(_ itt: ITT) -> String {
    "ITT at \(hex(itt.base)), EventIDs of \(itt.eventIDBits) bits"
  }

  private func explainEvent(
    _ n: ITSIndex, _ itt: ITT, _ known: TranslationCache.Device?, _ story: inout Explanation
  ) -> Route? {
    let event = story.event
    let limit = UInt64(1) << UInt64(itt.eventIDBits)
    guard UInt64(event.rawValue) < limit else {
      return story.none(
        .eventID, "EventID \(event) is beyond the ITT, which holds 0 through \(hex(limit - 1))",
        "MAPD with a larger Size, or the device sends a wrong EventID",
        story.steps.last?.entry)
    }
    story.pass(.eventID, "EventID \(event) is within the ITT, 0 through \(hex(limit - 1))")
    let word = known.map { its[n].translations.word($0, event) } ?? 0
    var entry = translationEntry(itt.base, event)
    if known != nil { entry.cached = EntryLayout.word(word) }
    if !tablesAreInRAM { entry = heldEntry(.translation, entry.cached) }
    guard tablesAreInRAM || entry.cached != nil else {
      return story.none(
        .translation,
        "EventID \(event) is not mapped: the ITS, which holds its tables, has no entry",
        "no MAPTI or MAPI of this event has run, or a DISCARD has")
    }
    guard let raw = entry.cached ?? entry.raw else {
      return story.none(
        .translation, "the ITE lies outside guest RAM",
        "MAPD named an ITT outside the RAM that is mapped", entry)
    }
    guard let mapping = EntryLayout.Format.decodeITE(raw).mapping else {
      return story.none(
        .translation, "EventID \(event) is not mapped: its entry is not valid",
        "no MAPTI or MAPI of this event has run, or a DISCARD has", entry)
    }
    story.pass(
      .translation,
      "INTID \(mapping.intid), collection \(mapping.collection)"
        + story.memoryNote(entry, "MAPTI"), entry)
    guard mapping.intid.isLPI, mapping.intid.rawValue < configuration.intidLimit else {
      return story.none(
        .intid, "INTID \(mapping.intid) is no LPI below \(configuration.intidLimit)",
        "the ITE was not written by a command of this ITS", entry)
    }
    story.pass(.intid, "INTID \(mapping.intid) is an LPI below \(configuration.intidLimit)")
    return Route(
      intid: mapping.intid, collection: mapping.collection,
      isOrphan: TranslationCache.isOrphan(word))
  }

  private func explainTarget(
    _ n: ITSIndex, _ route: Route, _ story: inout Explanation
  ) -> PEIndex? {
    guard !route.isOrphan else {
      return story.none(
        .collection, "the event has lost collection \(route.collection), which was unmapped since",
        "MAPD the device anew, then MAPTI: a MAPC of the collection does not bring it back",
        story.steps.last { $0.stage == .translation }?.entry)
    }
    return tablesAreInRAM
      ? explainCollection(n, route.collection, &story)
      : explainHeldCollection(n, route.collection, &story)
  }

  private func explainCollection(
    _ n: ITSIndex, _ collection: ICID, _ story: inout Explanation
  ) -> PEIndex? {
    guard var entry = collectionEntry(n, collection) else {
      if let pe = its[n].collections.target(collection) {
        story.pass(.collection, "PE \(pe.rawValue), remembered; the table has no place for it")
        return pe
      }
      return story.none(
        .collection, "collection \(collection) is beyond the collection table",
        "give GITS_BASER1 more pages, or is its Valid bit 0?")
    }
    if let pe = its[n].collections.target(collection) {
      entry.cached = EntryLayout.Format.encode(CTE(target: target(of: pe)))
      let held = entry.address == nil ? ", held by the ITS itself" : story.memoryNote(entry, "MAPC")
      story.pass(.collection, "collection \(collection) goes to PE \(pe.rawValue)" + held, entry)
      return pe
    }
    guard entry.raw != nil || entry.address == nil else {
      return story.none(
        .collection, "the collection entry lies outside guest RAM",
        "GITS_BASER1 points outside the RAM that is mapped", entry)
    }
    guard let raw = entry.raw, let target = EntryLayout.Format.decodeCTE(raw).target else {
      return story.none(
        .collection, "collection \(collection) is not mapped: its entry is not valid",
        "no MAPC of this collection has run, or one with V = 0 has", entry)
    }
    guard let pe = pe(at: target) else {
      return story.none(
        .collection, "collection \(collection) goes to RDbase \(hex(target.rawValue)): no such PE",
        "the entry was not written by a command of this ITS", entry)
    }
    story.pass(.collection, "collection \(collection) goes to PE \(pe.rawValue)", entry)
    return pe
  }
}

extension Explanation {
  @discardableResult
  mutating func pass(
    _ stage: ExplanationStep.Stage, _ text: String, _ entry: TableEntry? = nil
  ) -> Bool {
    steps.append(ExplanationStep(stage, .passed, text, entry))
    return true
  }

  /// The MSI is dropped here. - Returns: false.
  @discardableResult
  mutating func end(
    _ stage: ExplanationStep.Stage, _ text: String, _ mend: String, _ entry: TableEntry? = nil
  ) -> Bool {
    steps.append(ExplanationStep(stage, .ends, text, entry))
    (verdict, self.stage, self.text) = (.dropped, stage, "\(text); \(mend)")
    return false
  }

  /// As ``end(_:_:_:_:)``, where there would have been a value.
  mutating func none<Value>(
    _ stage: ExplanationStep.Stage, _ text: String, _ mend: String, _ entry: TableEntry? = nil
  ) -> Value? {
    end(stage, text, mend, entry)
    return nil
  }

  /// What a reader must know of a remembered entry.
  func memoryNote(_ entry: TableEntry?, _ command: String) -> String {
    guard let entry, let cached = entry.cached else { return "" }
    return entry.isStale
      ? " (RAM differs from the remembered \(hex(cached)): needs \(command))" : ""
  }
}
