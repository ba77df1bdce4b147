import GICArch
import Testing

@testable import GICModel

/// The best LPI by the definition: pending and enabled, highest priority, then lowest INTID.
private func naiveBest(_ pending: Set<UInt32>, _ bytes: [UInt32: UInt8]) -> UInt32? {
  pending.filter { (bytes[$0] ?? 0) & 1 == 1 }
    .min { (bytes[$0]! & 0xfc, $0) < (bytes[$1]! & 0xfc, $1) }
}

/// LPIs next to each other, at the ends of a block of 64 and of 4096, and the last of all.
private func interesting(_ intidBits: Int) -> [UInt32] {
  let limit: UInt32 = 1 << UInt32(intidBits)
  return [8192, 8193, 8255, 8256, 12287, 12288, limit - 1]
}

private struct Bench {
  var lpis: LPIPending
  var table: PropertyTable
  init(_ intidBits: Int) {
    lpis = LPIPending(intidBits: intidBits, tracksArrival: false)
    table = PropertyTable(lpiCount: (1 << intidBits) - 8192)
  }
  func deallocate() {
    lpis.deallocate()
    table.deallocate()
  }
  mutating func set(_ intid: UInt32) {
    _ = lpis.set(INTID(rawValue: intid))
    lpis.consider(INTID(rawValue: intid), table.configuration(of: INTID(rawValue: intid)))
  }
  func configure(_ intid: UInt32, _ byte: UInt8) { table[Int(intid) - 8192] = byte }
}

/// Every subset of 7 LPIs, with every assignment of 3 bytes to them that a base-3 number can say.
@Test(arguments: [14, 16])
func `the best LPI of every small set is the naive one`(intidBits: Int) {
  let intids = interesting(intidBits)
  var bench = Bench(intidBits)
  defer { bench.deallocate() }
  var wrong = 0
  for assignment in 0..<2187 {
    var rest = assignment
    var bytes: [UInt32: UInt8] = [:]
    for intid in intids {
      bytes[intid] = [0xa0, 0xa1, 0x41][rest % 3]
      bench.configure(intid, bytes[intid]!)
      rest /= 3
    }
    // A subset that differs from assignment to assignment, so that all meet many.
    for subset in [assignment % 128, 127 - assignment % 128, 127] {
      bench.lpis.clearAll()
      let pending = Set(intids.indices.filter { subset >> $0 & 1 == 1 }.map { intids[$0] })
      for intid in pending { bench.set(intid) }
      var left = pending
      // Taken one after the other, they come in order, and then there is none.
      while let expected = naiveBest(left, bytes) {
        let best = bench.lpis.best(bench.table.bytes, inTime: false)
        if best?.intid.rawValue != expected || best?.priority != bytes[expected]! & 0xfc {
          wrong += 1
        }
        _ = bench.lpis.clear(INTID(rawValue: expected))
        left.remove(expected)
      }
      if bench.lpis.best(bench.table.bytes, inTime: false) != nil || bench.lpis.count != left.count
      {
        wrong += 1
      }
    }
  }
  #expect(wrong == 0)
}

/// Sets, clears and changes of bytes, known and unknown, in any order.
@Test(arguments: [14, 16, 18, 19, 24])
func `the best LPI stays the naive one through changes`(intidBits: Int) {
  var dice = Dice(seed: UInt64(intidBits))
  let intids = interesting(intidBits) + [1 << UInt32(intidBits - 1), 3 << UInt32(intidBits - 2)]
  var bench = Bench(intidBits)
  defer { bench.deallocate() }
  var pending: Set<UInt32> = []
  var bytes: [UInt32: UInt8] = [:]
  for step in 0..<4000 {
    let intid = dice.pick(intids)
    switch dice.roll(8) {
    case 0, 1, 2:
      #expect(bench.lpis.set(INTID(rawValue: intid)) == pending.insert(intid).inserted)
      bench.set(intid)
    case 3, 4:
      #expect(bench.lpis.clear(INTID(rawValue: intid)) == (pending.remove(intid) != nil))
    case 5, 6:
      bytes[intid] = UInt8(truncatingIfNeeded: dice.next())
      bench.configure(intid, bytes[intid]!)
      if pending.contains(intid) { bench.set(intid) }
    default:
      for intid in intids {
        bytes[intid] = UInt8(truncatingIfNeeded: dice.next())
        bench.configure(intid, bytes[intid]!)
      }
      bench.lpis.considerAll(bench.table.bytes)
    }
    let expected = naiveBest(pending, bytes)
    guard bench.lpis.best(bench.table.bytes, inTime: false)?.intid.rawValue == expected,
      bench.lpis.count == pending.count
    else {
      Issue.record("step \(step) of seed \(intidBits): expected \(expected as Any)")
      return
    }
  }
}

@Test func `a set message under way is no candidate before it arrives`() {
  var lpis = LPIPending(intidBits: 16, tracksArrival: true)
  let table = PropertyTable(lpiCount: 57344)
  defer {
    lpis.deallocate()
    table.deallocate()
  }
  for intid in 0..<2 { table[intid] = 0xa1 }
  _ = lpis.set(8192)
  lpis.setUnderWay(8192, true)
  _ = lpis.set(8193)
  lpis.considerAll(table.bytes)
  #expect(lpis.best(table.bytes, inTime: true)?.intid == 8193)
  lpis.setUnderWay(8192, false)
  lpis.consider(8192, table.configuration(of: 8192))
  #expect(lpis.best(table.bytes, inTime: true)?.intid == 8192)
  lpis.setUnderWay(8192, true)
  _ = lpis.clear(8192)
  #expect(!lpis.isUnderWay(8192), "what is cleared on its way does not arrive")
}
