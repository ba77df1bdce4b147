import GICArch
import Testing

@testable import GICModel

private let devices: UInt32 = 8
private let events: UInt32 = 32

/// Eight devices of 32 events, LPIs of several priorities; with `isCold` more event words besides
/// than are kept near.
private func mapped(isCold: Bool) -> World {
  let world = World.booted()
  for device in 1...devices {
    let bytes = (0..<Int(events)).map { (event: Int) -> UInt8 in
      let enable = event % 7 == 0 ? 0 : 1
      return UInt8(event % 4 * 8 + enable)
    }
    world.mapLPIs(bytes, pe: Int(device % 2), device: device, from: 8192 + device * 64)
  }
  let last = EventID(rawValue: 0xffff)
  for number in 1...2 as ClosedRange<UInt32> where isCold {
    let device = DeviceID(rawValue: 100 + number)
    world.command([
      world.mapd(device.rawValue, itt: Int(8 + number) * 256, bits: 16),
      .mapti(device, last, INTID(rawValue: 9000 + number), 0),
    ])
  }
  return world
}

/// A command on a random event; some must fail, and some are no commands.
private func drawn(_ dice: inout Dice) -> QueueEntry {
  let device = DeviceID(rawValue: 1 + UInt32(dice.roll(Int(devices) + 1)))
  let event = EventID(rawValue: UInt32(dice.roll(Int(events) + 1)))
  let lpi = INTID(rawValue: 8192 + device.rawValue * 64 + event.rawValue)
  let collection = ICID(rawValue: UInt16(dice.roll(3)))
  switch dice.roll(20) {
  case 0: return QueueEntry(.discard(device, event))
  case 1, 2, 3: return QueueEntry(.mapti(device, event, lpi, collection))
  case 4, 5: return QueueEntry(.movi(device, event, collection))
  case 6, 7, 8: return QueueEntry(.clear(device, event))
  case 9: return QueueEntry(.inv(device, event))
  case 10: return QueueEntry(.invall(collection))
  case 11: return QueueEntry(0xff)
  default: return QueueEntry(.int(device, event))
  }
}

/// Batches around the end of a queue of 2,048 slots, too short to look ahead, and long ones.
@Test(arguments: [1, 15, 40, 100, 1500, 2047])
func `a queue over more words than are kept near does what it does over few`(batch: Int) {
  let (hot, cold) = (mapped(isCold: false), mapped(isCold: true))
  let areCold = [hot, cold].map { $0.machine.engine.translationsAreCold(0) }
  #expect(areCold == [false, true])
  let before = [hot, cold].map { $0.machine.statistics() }
  for world in [hot, cold] {
    var dice = Dice(seed: UInt64(batch))
    for _ in 0..<4 {
      let cwriter = world.enqueue((0..<batch).map { _ in drawn(&dice) })
      world.ring()
      #expect(world.read(.gits(0), GITS.CREADR.offset) == UInt64(cwriter))
    }
    world.machine.flushPendingTables()
    #expect(world.isConserved)
  }
  let after = [hot, cold].map { $0.machine.statistics() }
  #expect(after[0].commandErrors == after[1].commandErrors)
  #expect(after[0].intCommands == after[1].intCommands && after[0].merged == after[1].merged)
  for (name, count) in after[0].commands {
    let mine = count - before[0].commands[name, default: 0]
    let its = after[1].commands[name, default: 0] - before[1].commands[name, default: 0]
    #expect(mine == its, "\(name)")
  }
  for pe in 0..<2 {
    for word in 128..<160 as Range<UInt64> {
      let address = World.pendingTable(pe) + 8 * word
      #expect(hot.load(address) == cold.load(address))
    }
    #expect(hot.get(.hppir1, pe: pe) == cold.get(.hppir1, pe: pe))
  }
}

/// Sizes that event words and collections have.
@Test(arguments: [8, 16, 32, 512, 1 << 16])
func `a block has the words of its count and no others`(count: Int) {
  let block = WordBlock(count: count)
  defer { block.deallocate() }
  #expect(block.count == count && block.name & ~WordBlock.nameMask == 0)
  // What the holder keeps in the name does not matter.
  let held = WordBlock(name: block.name | 0xffc0)
  let last = UInt32(count - 1)
  held.store(last, 7)
  #expect(block.contains(0) && held.contains(last) && block.load(last) == 7)
  for beyond in [last + 1, 2 * last + 2, 1 << 31, .max] {
    #expect(!held.contains(beyond) && held.load(beyond) == 0)
  }
  let none = WordBlock(name: 0xffc0)
  #expect(none.count == 0 && !none.contains(0) && none.load(0) == 0 && none.load(last) == 0)
}
