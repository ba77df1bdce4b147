// A timed run that is interrupted by snapshots goes on bit for bit: the same cycles, answers, lines
// and counts as one that is not.

import GICArch
import Testing

@testable import GICModel

/// Small caches, few credits and long memory, so that at any cycle something waits for everything.
private func configuration(_ dice: inout Dice, _ base: Profile.Base) -> MachineConfiguration {
  var timing = TimingParameters()
  if dice.chance(70) {
    timing.deviceCache = .init(entries: 2, ways: 1)
    timing.eventCache = .init(entries: 4, ways: 2)
    timing.lpiCache = .init(entries: 4, ways: 2)
    timing.linkCredits = 1 + dice.roll(3)
    timing.translationSlots = 1 + dice.roll(3)
    timing.msiFIFODepth = 1 + dice.roll(4)
    timing.memoryLatencyCycles = UInt64(20 + dice.roll(400))
  }
  var configuration = TimedWorld.configuration(pes: 3, its: 2, timing: timing)
  configuration.profile = Profile(base: base)
  return configuration
}

private func prepared(_ configuration: MachineConfiguration) throws -> TimedWorld {
  let world = try TimedWorld(configuration)
  for n in 0..<2 {
    var commands: [ITSCommand] = (0..<3).map { mapc(UInt16($0), UInt64($0)) }
    for device in UInt32(1)..<4 {
      commands.append(.mapd(DeviceID(rawValue: device), TimedWorld.itt(device, its: n)))
      for event in UInt32(0)..<6 {
        let lpi = TimedWorld.intid(device, event)
        world.store(lpi, 0xa1 &- UInt8(event * 8))
        commands.append(mapti(device, event, lpi.rawValue, UInt16(event % 3)))
      }
    }
    world.issue(commands, its: n)
    world.settle()
  }
  return world
}

/// - Parameter interrupts: whether the machine is snapshot, reset and restored before a step.
/// - Returns: everything that was seen.
private func story(
  _ world: TimedWorld, seed: UInt64, steps: Int, interrupts: (Int) -> Bool
) throws -> [String] {
  var dice = Dice(seed: seed)
  var seen: [String] = []
  for step in 0..<steps {
    if interrupts(step) {
      let bytes = try world.machine.snapshot()
      world.machine.reset()
      try world.machine.restore(snapshot: bytes)
      #expect(try world.machine.snapshot() == bytes)
    }
    let pe = dice.roll(3)
    let (n, later) = (dice.roll(2), world.now + UInt64(dice.roll(30)))
    switch dice.roll(12) {
    case 0...4: world.msi(UInt32(1 + dice.roll(3)), UInt64(dice.roll(7)), its: n, at: later)
    case 5: seen.append("\(world.acknowledge(pe: pe, at: later))")
    case 6, 7: seen.append("\(world.machine.advance(to: later, until: .limit))")
    case 8: world.set(.pmr, UInt64(dice.roll(2) * 0xf0), pe: pe)
    case 9: seen.append("\(world.creadr(n, at: later))")
    default:
      let event = EventID(rawValue: UInt32(dice.roll(6)))
      let device = DeviceID(rawValue: UInt32(1 + dice.roll(3)))
      let collection = ICID(rawValue: UInt16(dice.roll(3)))
      let commands: [ITSCommand] = [
        .int(device, event), .inv(device, event), .clear(device, event), .invall(collection),
        .movi(device, event, collection), .sync(RDbase(rawValue: UInt64(pe))), .int(9, 9),
        .movall(from: RDbase(rawValue: UInt64(pe)), to: 0), .discard(device, event),
        .mapti(device, event, TimedWorld.intid(device.rawValue, event.rawValue), collection),
      ]
      world.issue((0...dice.roll(3)).map { _ in commands[dice.roll(commands.count)] }, its: n)
    }
    seen += world.takeLineChanges().map { "\($0.pe.index) \($0.levels) \($0.sequence) \($0.cycle)" }
  }
  seen.append("\(world.settle())")
  seen += world.takeLineChanges().map { "\($0)" }
  return seen
}

/// The field in which the snapshots of two machines differ first; nil if in none.
private func difference(_ a: TimedMachine, _ b: TimedMachine) throws(SnapshotError) -> String? {
  let (first, second) = (try a.snapshot(), try b.snapshot())
  guard let place = zip(first, second).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
    return first.count == second.count ? nil : "the length"
  }
  // The last name before it.
  let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
  var end = place
  while end > 0, !(letters.contains(first[end - 1]) && letters.contains(first[end - 2])) {
    end -= 1
  }
  var start = end
  while start > 0, letters.contains(first[start - 1]) || first[start - 1] == UInt8(ascii: "_") {
    start -= 1
  }
  return "byte \(place), after " + String(decoding: first[start..<end], as: UTF8.self)
}

@Test(arguments: [Profile.Base.architecture, .kvm])
func `a timed run that is interrupted anywhere is the same run`(base: Profile.Base) throws {
  for seed in UInt64(1)...4 {
    var dice = Dice(seed: seed)
    let configuration = configuration(&dice, base)
    let (plain, broken) = (try prepared(configuration), try prepared(configuration))
    let first = try story(plain, seed: seed, steps: 200) { _ in false }
    let second = try story(broken, seed: seed, steps: 200) { ($0 &+ Int(seed)) % 11 == 0 }
    let odd = zip(first, second).first { $0 != $1 }
    #expect(odd == nil && first.count == second.count, "seed \(seed)")
    #expect(plain.machine.statistics() == broken.machine.statistics(), "seed \(seed)")
    #expect(try difference(plain.machine, broken.machine) == nil, "seed \(seed)")
  }
}

@Test func `a new machine goes on from a timed snapshot at every cycle`() throws {
  var dice = Dice(seed: 5)
  let configuration = configuration(&dice, .architecture)
  let world = try prepared(configuration)
  for event in UInt64(0)..<6 { world.msi(1, event, at: world.now + event) }
  world.issue([.inv(1, 0), .int(2, 1), .sync(1), .movi(1, 2, 0)], its: 1)
  let end = world.now + 900
  while world.now < end {
    let bytes = try world.machine.snapshot()
    let other = try world.another()
    try other.restore(snapshot: bytes)
    let (here, there) = (
      world.machine.advance(to: world.now + 97, until: .limit),
      other.advance(to: other.cycle + 97, until: .limit)
    )
    #expect(here == there)
    var changes: [LineChange] = []
    other.drainLineChanges(into: &changes)
    #expect(world.takeLineChanges() == changes)
    #expect(try difference(world.machine, other) == nil)
  }
}

@Test func `a timed snapshot goes into a timed machine only, and no flipped bit passes`() throws {
  var dice = Dice(seed: 9)
  let configuration = configuration(&dice, .architecture)
  let world = try prepared(configuration)
  for event in UInt64(0)..<6 { world.msi(1, event, at: world.now + event) }
  let bytes = try world.machine.snapshot()
  var functional = configuration
  functional.clock = .functional
  let other = FunctionalMachine(functional)
  #expect(throws: SnapshotError.self) { try other.restore(snapshot: bytes) }
  for _ in 0..<60 {
    var bad = bytes
    bad[dice.roll(bytes.count)] ^= 1 << UInt8(dice.roll(8))
    #expect(throws: SnapshotError.self) { try world.machine.restore(snapshot: bad) }
  }
  try world.machine.restore(snapshot: bytes)
  #expect(try world.machine.snapshot() == bytes)
}

@Test func `a histogram whose numbers do not fit together is refused, whatever the checksum`()
  throws
{
  var dice = Dice(seed: 9)
  let world = try prepared(configuration(&dice, .architecture))
  for event in UInt64(0)..<6 { world.msi(1, event, at: world.now + event) }
  world.settle()
  var bytes = try world.machine.snapshot()
  let name = Array("summaries".utf8)
  let found = (0..<bytes.count - 64).first { Array(bytes[$0..<$0 + name.count]) == name }
  // Behind the name: the kind, how many words, a run of no zeros, and the count of all.
  let count = try #require(found) + name.count + 1 + 24
  #expect(bytes.littleEndian(at: count) == 6)
  bytes[count] = 5
  bytes = Array(bytes.dropLast(8))
  bytes.appendLittleEndian(CRC64.checksum(bytes))
  #expect(throws: SnapshotError.field("buckets of msi_latency")) {
    try world.machine.restore(snapshot: bytes)
  }
}
