// A logged event in a fixed number of words, for a snapshot.

import GICArch

extension LoggedEvent {
  /// Which are there, and then all of them in the order of ``words``; what is not there is 0.
  static var wordCount: Int { 19 }

  private var kindWords: (UInt64, UInt64) {
    switch kind {
    case .rejected(let error): (0, UInt64(error.rawValue))
    case .unknownCommand: (1, 0)
    case .slotUnreachable: (2, 0)
    case .entryUnreachable: (3, 0)
    case .dropped(let kind): (4, UInt64(kind.rawValue))
    }
  }

  var words: [UInt64] {
    let entryKind = entry.flatMap { TableEntry.Kind.allCases.firstIndex(of: $0.kind) }
    let optional: [UInt64?] = [
      its.map { UInt64($0) }, slot.map { UInt64($0) }, packet?.dw0, packet?.dw1, packet?.dw2,
      packet?.dw3, device.map { UInt64($0.rawValue) }, event, intid.map { UInt64($0.rawValue) },
      target.map { UInt64($0.rawValue) }, entryKind.map { UInt64($0) }, entry?.address, entry?.raw,
      entry?.cached,
    ]
    var present: UInt64 = 0
    for (bit, word) in optional.enumerated() where word != nil { present[bit: bit] = true }
    return [present, sequence, cycle, kindWords.0, kindWords.1] + optional.map { $0 ?? 0 }
  }

  init(words: ArraySlice<UInt64>) throws(SnapshotError) {
    let words = Array(words)
    func optional(_ index: Int) -> UInt64? { words[0][bit: index] ? words[5 + index] : nil }
    let kind: Kind
    switch words[3] {
    case 0:
      guard let error = UInt32(exactly: words[4]).flatMap(CommandError.init(rawValue:)) else {
        throw .field("the error of a logged event")
      }
      kind = .rejected(error)
    case 1: kind = .unknownCommand
    case 2: kind = .slotUnreachable
    case 3: kind = .entryUnreachable
    case 4:
      guard let reason = UInt8(exactly: words[4]).flatMap(MSIOutcome.Kind.init(rawValue:)) else {
        throw .field("the reason of a logged event")
      }
      kind = .dropped(reason)
    default: throw .field("the kind of a logged event")
    }
    self.init(kind, its: optional(0).map { Int($0 & 0xffff) })
    (sequence, cycle) = (words[1], words[2])
    slot = optional(1).map { Int($0 & 0xffff_ffff) }
    if let dw0 = optional(2), let dw1 = optional(3), let dw2 = optional(4), let dw3 = optional(5) {
      packet = QueueEntry(dw0, dw1, dw2, dw3)
    }
    device = optional(6).map { DeviceID(rawValue: UInt32(truncatingIfNeeded: $0)) }
    event = optional(7)
    intid = optional(8).map { INTID(rawValue: UInt32(truncatingIfNeeded: $0)) }
    target = optional(9).map { ProcessorNumber(rawValue: UInt16(truncatingIfNeeded: $0)) }
    if let index = optional(10), index < UInt64(TableEntry.Kind.allCases.count) {
      entry = TableEntry(
        TableEntry.Kind.allCases[Int(index)], address: optional(11), raw: optional(12),
        cached: optional(13))
    }
  }
}
