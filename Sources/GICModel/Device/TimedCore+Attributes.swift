// Device attributes on the timed clock.

import GICArch

extension PhysicalAddress {
  /// Above every physical address: no access of a guest comes here.
  static var nowhere: PhysicalAddress { 1 << 63 }
}

extension MachineConfiguration {
  /// Where the ITSs answer from the beginning: nowhere, if attributes place them.
  var firstITSBases: [PhysicalAddress] {
    shape.frames == .configured ? shape.itsBases : shape.itsBases.map { _ in .nowhere }
  }
}

extension TimedCore where Rules == Engine<Recorder> {
  mutating func attribute(
    _ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?
  ) throws(DeviceError) -> UInt64 {
    drain()
    return try rules.attribute(attribute, of: device, value: value)
  }
  mutating func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    beginAttribute()
    defer {
      endAttribute(
        changesTables: attribute == DeviceAttribute(.restoreTables)
          || attribute == DeviceAttribute(.reset))
    }
    try rules.setAttribute(attribute, of: device, to: value)
  }
  mutating func setVCPUsRun(_ run: Bool) throws(DeviceError) {
    drain()
    try rules.setVCPUsRun(run)
  }

  /// What was under way ends first.
  private mutating func beginAttribute() {
    drain()
    leaveExpress()
    recorder.clear()
    rules.stamp = now
  }

  /// What an attribute has changed takes effect, and what it caused ends.
  /// - Parameter changesTables: the ITSs' tables are others now, so nothing cached of them holds.
  private mutating func endAttribute(changesTables: Bool) {
    takeEffects()
    dropTaken()
    for n in 0..<its.count {
      itsBases[n] = rules.places[n].isPlaced ? rules.places[n].base : .nowhere
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
