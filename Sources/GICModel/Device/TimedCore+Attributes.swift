// Device attributes on the timed clock.

import GICArch

extension PhysicalAddress {
  /// Above every physical address: no access of a guest comes here.
  static var nowhere: PhysicalAddress { 1 << 63 }
}

extension TimedCore where Rules == Engine<Recorder> {
  /// What was under way ends first.
  mutating func beginAttribute() {
    drain()
    recorder.clear()
    rules.stamp = now
  }

  /// What an attribute has changed takes effect, and what it caused ends.
  /// - Parameter changesTables: the ITSs' tables are others now, so nothing cached of them holds.
  mutating func endAttribute(changesTables: Bool) {
    takeEffects()
    dropTaken()
    for n in 0..<its.count {
      itsBases[n] = rules.its[n].isPlaced ? rules.its[n].base : .nowhere
      if changesTables {
        its[n].deviceCache.forgetAll()
        its[n].eventCache.forgetAll()
        its[n].collectionCache.forgetAll()
      }
      commandsChanged(n)
    }
    if changesTables {
      for unit in 0..<lpis.count { lpis[unit].properties.forgetAll() }
    }
    drain()
  }

  /// LPIs that waited to be presented and are not pending any more will not be.
  private mutating func dropTaken() {
    for place in 0..<waiting.capacity {
      // A removal may move another entry into this place.
      while let key = waiting.key(at: place),
        !rules.pes[Int(key.pe)].lpis.isPending(INTID(rawValue: key.intid))
      {
        untrack(pe: key.pe, intid: key.intid)
      }
    }
  }
}
