// Tables that no cache of the host's processor holds: the lines that the next commands will need
// are asked for before those run. It costs some nanoseconds a command, so only where it pays.

import GICArch

/// How far the lines of coming commands have been asked for: of each stage the slot at which it
/// goes on. A stage reads what the one before it has asked for, a block of commands later.
struct LookAhead {
  /// Commands that are looked at, and then executed, in one go.
  static var blockLength: Int { 16 }
  private var devices: Int
  private var events: Int
  private var lpis: Int

  /// Begins at the slot that is executed next.
  init(at slot: Int) { (devices, events, lpis) = (slot, slot, slot) }
}

extension LookAhead {
  /// The first blocks: of each stage as many as lie between it and what is executed.
  mutating func begin<Observer>(
    _ engine: borrowing Engine<Observer>, _ n: ITSIndex, _ queue: GuestWindow
  ) {
    for _ in 0..<3 { fetchDevices(engine, n, queue) }
    for _ in 0..<2 { fetchEvents(engine, n, queue) }
    fetchLPIs(engine, n, queue)
  }

  /// One block more of each.
  mutating func goOn<Observer>(
    _ engine: borrowing Engine<Observer>, _ n: ITSIndex, _ queue: GuestWindow
  ) {
    fetchDevices(engine, n, queue)
    fetchEvents(engine, n, queue)
    fetchLPIs(engine, n, queue)
  }

  @inline(__always) private func next(_ slot: Int, _ queue: GuestWindow) -> Int {
    let next = slot &+ QueueEntry.byteCount
    return next < queue.wordCount &* 8 ? next : 0
  }

  // Stale entries do no harm: nothing is done with them.

  @inline(__always) private mutating func fetchDevices<Observer>(
    _ engine: borrowing Engine<Observer>, _ n: ITSIndex, _ queue: GuestWindow
  ) {
    let translations = engine.its[n].translations
    for _ in 0..<Self.blockLength {
      translations.prefetch(queue.loadEvent(devices).device)
      devices = next(devices, queue)
    }
  }

  @inline(__always) private mutating func fetchEvents<Observer>(
    _ engine: borrowing Engine<Observer>, _ n: ITSIndex, _ queue: GuestWindow
  ) {
    let translations = engine.its[n].translations
    for _ in 0..<Self.blockLength {
      let (device, event) = queue.loadEvent(events)
      translations.prefetch(device, event)
      events = next(events, queue)
    }
  }

  @inline(__always) private mutating func fetchLPIs<Observer>(
    _ engine: borrowing Engine<Observer>, _ n: ITSIndex, _ queue: GuestWindow
  ) {
    let (its, pes) = (engine.its, engine.pes)
    let translations = its[n].translations
    for _ in 0..<Self.blockLength {
      let (device, event) = queue.loadEvent(lpis)
      lpis = next(lpis, queue)
      let word = translations.peek(device, event)
      guard TranslationCache.isWhole(word),
        let pe = its[n].collections.target(TranslationCache.collection(word))
      else { continue }
      let intid = TranslationCache.intid(word)
      let property = pes[pe.index].properties.configuration(of: intid)
      pes[pe.index].lpis.prefetch(intid, property)
    }
  }
}

extension Engine {
  /// Event words beyond which looking ahead pays: more than a second-level cache holds.
  private static var coldWords: Int { 1 << 16 }

  func translationsAreCold(_ n: ITSIndex) -> Bool {
    its[n].translations.wordCount > Self.coldWords
  }
}
