// Tables that no cache of the host's processor holds: the lines that the next commands will need
// are asked for while this one runs. It costs some nanoseconds a command, so only where it pays.

import CHints
import GICArch

extension Engine {
  /// Event words beyond which looking ahead pays: more than a second-level cache holds.
  private static var coldWords: Int { 1 << 16 }

  func translationsAreCold(_ n: ITSIndex) -> Bool {
    its[n].translations.wordCount > Self.coldWords
  }

  /// Asks for the device 24 commands ahead, the event 16 ahead, the PE 8 ahead, its LPI 4 ahead.
  @inline(__always)
  func lookAhead(
    _ n: ITSIndex, _ window: GuestWindow, _ byteCount: Int, _ slot: Int, _ end: Int
  ) {
    guard let far = ahead(24, window, byteCount, slot) else { return }
    its[n].translations.prefetch(far.device)
    guard let middle = ahead(16, window, byteCount, slot) else { return }
    its[n].translations.prefetch(middle.device, middle.event)
    guard let near = ahead(8, window, byteCount, slot) else { return }
    if let (pe, _) = peek(n, near) { pes.prefetch(pe.index) }
    guard let next = ahead(4, window, byteCount, slot), let (pe, intid) = peek(n, next)
    else { return }
    let property = properties[pes[pe.index].propertyTable].configuration(of: intid)
    pes[pe.index].lpis.prefetch(intid, property)
  }

  /// Where an event goes, if that is remembered.
  @inline(__always) private func peek(_ n: ITSIndex, _ entry: QueueEntry) -> (PEIndex, INTID)? {
    let word = its[n].translations.peek(entry.device, entry.event)
    guard word != 0, let pe = its[n].collections.target(TranslationCache.collection(word))
    else { return nil }
    return (pe, TranslationCache.intid(word))
  }

  /// The entry so many slots ahead. Stale ones do no harm: nothing is done with them.
  @inline(__always)
  private func ahead(
    _ count: Int, _ window: GuestWindow, _ byteCount: Int, _ slot: Int
  ) -> QueueEntry? {
    var place = slot &+ count &* QueueEntry.byteCount
    if place >= byteCount { place &-= byteCount }
    return place < byteCount ? window.loadEntry(place) : nil
  }
}
