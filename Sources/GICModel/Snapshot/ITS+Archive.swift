// What a snapshot has of one ITS: registers, queue, and what it remembers of its tables.

import GICArch

extension Engine {
  mutating func archiveITS(_ n: ITSIndex, _ archive: inout Archive) throws(SnapshotError) {
    try archive.section("its")
    var (base, isPlaced) = (places[n].base, places[n].isPlaced)
    try archive.field("base", &base)
    try archive.field("placed", &isPlaced)
    guard base & 1 == 0 else { throw .field("base") }
    places[n].put(at: base, isPlaced: isPlaced)
    try archive.field("enabled", &its[n].enabled)
    try archive.field("cbaser", &its[n].cbaser.raw)
    let end = its[n].cbaser.byteCount
    let state = its
    try archive.field("cwriter", its[n].cwriter, below: 1 << 20) { state[n].cwriter = $0 }
    try archive.field("creadr", its[n].creadr, below: end) { state[n].creadr = $0 }
    try archive.field("granted", its[n].granted, below: end) { state[n].granted = $0 }
    var stalled = its[n].stalled
    try archive.field("stalled", &stalled)
    if archive.isReading { its[n].stalled = stalled }
    // Slots are whole, so that the queue comes to its end.
    guard (its[n].cwriter | its[n].creadr | its[n].granted) % QueueEntry.byteCount == 0 else {
      throw .field("the queue of ITS \(n)")
    }
    try archive.field("shows_stall", &its[n].showsStall)
    try archive.field("im_de", &its[n].imDe)
    try archive.field("umsi_irq", &its[n].umsiIRQ)
    try archive.field("statusr", &its[n].statusr.raw)
    try archive.field("umsir", &its[n].umsir.raw)
    try archive.field("partidr", &its[n].partidr)
    try archive.field(
      "baser", count: GITS.BASER.count, read: { state[n].baser[$0] },
      write: { state[n].baser[$0] = $1 })
    try archiveCollections(n, &archive)
    try archiveTranslations(n, &archive)
  }

  private mutating func archiveCollections(
    _ n: ITSIndex, _ archive: inout Archive
  ) throws(SnapshotError) {
    var targets: [UInt64] = []
    if !archive.isReading {
      for id in 0..<1 << 16 {
        let collection = ICID(rawValue: UInt16(id))
        guard let pe = its[n].collections.target(collection) else { continue }
        targets.append(UInt64(id) << 32 | UInt64(pe.rawValue))
      }
    }
    try archive.field("collections", &targets)
    var list = its[n].collectionList.inOrder.map { UInt64($0.rawValue) }
    try archive.field("collection_list", &list)
    guard archive.isReading else { return }
    its[n].collections.forgetAll(from: 0)
    its[n].collectionList.removeAll()
    for word in targets {
      let pe = PEIndex(rawValue: UInt32(truncatingIfNeeded: word))
      guard word >> 48 == 0, pe.index < pes.count else { throw .field("collections") }
      its[n].collections.set(ICID(rawValue: UInt16(word >> 32)), pe)
    }
    for id in list { its[n].collectionList.insert(ICID(rawValue: UInt16(truncatingIfNeeded: id))) }
  }

  /// Each device as DeviceID, ITT, EventID bits and how many events; then the events, each its
  /// EventID and its word.
  private mutating func archiveTranslations(
    _ n: ITSIndex, _ archive: inout Archive
  ) throws(SnapshotError) {
    var words: [UInt64] = []
    var next = archive.isReading ? nil : its[n].translations.firstDevice(from: 0)
    while let device = next {
      next = its[n].translations.firstDevice(from: UInt64(device.rawValue) + 1)
      guard let known = its[n].translations.device(device) else { continue }
      var events: [UInt64] = []
      for index in 0..<known.words.count {
        let word = its[n].translations.word(known, EventID(rawValue: UInt32(index)))
        if word != 0 { events += [UInt64(index), word] }
      }
      words += [
        UInt64(device.rawValue), known.itt, UInt64(known.eventIDBits), UInt64(events.count / 2),
      ]
      words += events
    }
    try archive.field("translations", &words)
    guard archive.isReading else { return }
    its[n].translations.forgetAll()
    var place = 0
    while place < words.count {
      guard words.count - place >= 4, try restoreDevice(n, words, &place) else {
        throw .field("translations of ITS \(n)")
      }
    }
  }

  private mutating func restoreDevice(
    _ n: ITSIndex, _ words: [UInt64], _ place: inout Int
  ) throws(SnapshotError) -> Bool {
    let (id, itt, bits, count) = (
      words[place], words[place + 1], words[place + 2], words[place + 3]
    )
    place += 4
    guard id >> UInt64(configuration.identity.deviceIDBits) == 0, (1...32).contains(bits),
      count <= UInt64(words.count - place) / 2
    else { return false }
    let device = DeviceID(rawValue: UInt32(id))
    its[n].translations.remember(device, ITT(base: itt, eventIDBits: Int(bits)))
    for _ in 0..<count {
      let (event, word) = (words[place], words[place + 1])
      place += 2
      guard event >> bits == 0, word[bit: 63],
        TranslationCache.intid(word).rawValue < configuration.intidLimit,
        let known = its[n].translations.device(device),
        its[n].translations.hasRoom(known, EventID(rawValue: UInt32(event)))
      else { return false }
      its[n].translations.set(device, EventID(rawValue: UInt32(event)), word)
    }
    return true
  }
}
