// What is under way on the timed clock, in a fixed number of words each, for a snapshot.

import GICArch

extension Transaction {
  static var wordCount: Int { 25 }

  var words: [UInt64] {
    var flags: UInt64 = 0
    let all = [
      found.looksUpDevice, found.looksUpEvent, found.looksUpCollection, hasTarget, merged, indexed,
      arrived, isSource, isHeld, isAhead,
    ]
    for (bit, flag) in all.enumerated() { flags[bit: bit] = flag }
    return [
      UInt64(kind.rawValue) | UInt64(table.rawValue) << 8 | UInt64(levels) << 16 | flags << 24,
      UInt64(its) | UInt64(collection) << 16 | UInt64(device) << 32,
      UInt64(event) | UInt64(intid) << 32, UInt64(pe) | UInt64(epoch) << 32,
      UInt64(amount) | UInt64(partner) << 32, UInt64(next), serial, start, mark,
    ] + stages.indices.map { stages[$0] }
  }

  init?(words: ArraySlice<UInt64>) {
    let words = Array(words)
    func low(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: words[index]) }
    func high(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: words[index] >> 32) }
    guard let kind = Kind(rawValue: UInt8(words[0] & 255)),
      let table = Table(rawValue: UInt8(words[0] >> 8 & 255))
    else { return nil }
    self.init()
    (self.kind, self.table, levels) = (kind, table, UInt8(words[0] >> 16 & 255))
    func flag(_ bit: Int) -> Bool { words[0][bit: 24 + bit] }
    (found.looksUpDevice, found.looksUpEvent) = (flag(0), flag(1))
    found.looksUpCollection = flag(2)
    (hasTarget, merged, indexed, arrived) = (flag(3), flag(4), flag(5), flag(6))
    (isSource, isHeld, isAhead) = (flag(7), flag(8), flag(9))
    its = UInt16(truncatingIfNeeded: words[1])
    collection = UInt16(truncatingIfNeeded: words[1] >> 16)
    (device, event, intid) = (high(1), low(2), high(2))
    (pe, epoch, amount, partner) = (low(3), high(3), low(4), high(4))
    (next, serial, start, mark) = (low(5), words[6], words[7], words[8])
    for stage in stages.indices { stages[stage] = words[9 + stage] }
  }
}

extension StageEvent {
  static var wordCount: Int { 4 }

  /// Which it is, and up to three numbers.
  var words: [UInt64] {
    func number(_ flag: Bool) -> UInt64 { flag ? 1 : 0 }
    return switch self {
    case .deviceLookup(let device, let levels): [0, UInt64(device.rawValue), UInt64(levels), 0]
    case .eventLookup(let device, let event):
      [1, UInt64(device.rawValue), UInt64(event.rawValue), 0]
    case .collectionLookup(let collection): [2, UInt64(collection.rawValue), 0, 0]
    case .deviceWritten(let device): [3, UInt64(device.rawValue), 0, 0]
    case .eventWritten(let device, let event):
      [4, UInt64(device.rawValue), UInt64(event.rawValue), 0]
    case .collectionWritten(let collection): [5, UInt64(collection.rawValue), 0, 0]
    case .set(let pe, let intid, let merged):
      [6, UInt64(pe.rawValue), UInt64(intid.rawValue), number(merged)]
    case .clear(let pe, let intid, let wasPending):
      [7, UInt64(pe.rawValue), UInt64(intid.rawValue), number(wasPending)]
    case .invalidate(let pe, let intid): [8, UInt64(pe.rawValue), UInt64(intid.rawValue), 0]
    case .invalidateAll(let pe): [9, UInt64(pe.rawValue), 0, 0]
    case .move(let from, let to, let intid, let wasPending):
      [
        10, UInt64(from.rawValue) | UInt64(to.rawValue) << 32, UInt64(intid.rawValue),
        number(wasPending),
      ]
    case .moveAll(let from, let to, let count):
      [11, UInt64(from.rawValue) | UInt64(to.rawValue) << 32, UInt64(count), 0]
    case .synchronize(let pe): [12, UInt64(pe.rawValue), 0, 0]
    case .taken(let pe, let intid): [13, UInt64(pe.rawValue), UInt64(intid.rawValue), 0]
    case .forgotten(let pe): [14, UInt64(pe.rawValue), 0, 0]
    case .candidatesChanged(let pe): [15, UInt64(pe.rawValue), 0, 0]
    case .rejected(let error): [16, UInt64(error.rawValue), 0, 0]
    case .dropped(let kind): [17, UInt64(kind.rawValue), 0, 0]
    }
  }

  /// - Parameter peCount: PEs are below this.
  init?(words: ArraySlice<UInt64>, peCount: Int) {
    let words = Array(words)
    func low(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: words[index]) }
    let device = DeviceID(rawValue: low(1))
    let event = EventID(rawValue: low(2))
    let intid = INTID(rawValue: low(2))
    let collection = ICID(rawValue: UInt16(truncatingIfNeeded: words[1]))
    let (pe, other) = (
      PEIndex(rawValue: low(1)), PEIndex(rawValue: UInt32(truncatingIfNeeded: words[1] >> 32))
    )
    let flag = words[3] != 0
    switch words[0] {
    case 0: self = .deviceLookup(device, levels: Int(words[2] & 255))
    case 1: self = .eventLookup(device, event)
    case 2: self = .collectionLookup(collection)
    case 3: self = .deviceWritten(device)
    case 4: self = .eventWritten(device, event)
    case 5: self = .collectionWritten(collection)
    case 6: self = .set(pe, intid, merged: flag)
    case 7: self = .clear(pe, intid, wasPending: flag)
    case 8: self = .invalidate(pe, intid)
    case 9: self = .invalidateAll(pe)
    case 10: self = .move(from: pe, to: other, intid, wasPending: flag)
    case 11: self = .moveAll(from: pe, to: other, count: Int(words[2] & 0xffff_ffff))
    case 12: self = .synchronize(pe)
    case 13: self = .taken(pe, intid)
    case 14: self = .forgotten(pe)
    case 15: self = .candidatesChanged(pe)
    case 16:
      guard let error = CommandError(rawValue: low(1)) else { return nil }
      self = .rejected(error)
    case 17:
      guard let kind = MSIOutcome.Kind(rawValue: UInt8(truncatingIfNeeded: words[1])) else {
        return nil
      }
      self = .dropped(kind)
    default: return nil
    }
    if (6...15).contains(words[0]), pe.index >= peCount { return nil }
    if words[0] == 10 || words[0] == 11, other.index >= peCount { return nil }
  }
}

extension Presentation {
  static var wordCount: Int { 6 }
  var words: [UInt64] {
    [
      UInt64(phase.rawValue) | (again ? 256 : 0), UInt64(candidate), start, read, due, free,
    ]
  }
  init?(words: ArraySlice<UInt64>) {
    let words = Array(words)
    guard let phase = Phase(rawValue: UInt8(words[0] & 255)) else { return nil }
    self.init(
      phase: phase, again: words[0] & 256 != 0,
      candidate: UInt32(truncatingIfNeeded: words[1]), start: words[2], read: words[3],
      due: words[4], free: words[5])
  }
}
