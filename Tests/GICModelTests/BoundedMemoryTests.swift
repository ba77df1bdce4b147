import Foundation
import GICArch
import GICModel
import Testing

/// Pages of this process that are in memory, in bytes.
private func residentByteCount() -> Int {
  let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .ascii))?
    .split(separator: " ")
  return (fields.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0) * 4096
}

/// Maps, uses, moves and unmaps events of a few devices, again and again, with tables that come and
/// go: everything that makes the model allocate.
private func churn(_ world: World, _ dice: inout Dice, _ cycles: Int) {
  for cycle in 0..<cycles {
    let device = UInt32(dice.roll(32))
    let event = EventID(rawValue: UInt32(dice.roll(256)))
    let intid = INTID(rawValue: 8192 + UInt32(dice.roll(4096)))
    let id = DeviceID(rawValue: device)
    world.command([
      .mapd(id, ITT(base: World.itt(0, Int(device)), eventIDBits: 8)),
      .mapti(id, event, intid, ICID(rawValue: UInt16(dice.roll(3)))),
      .mapc(ICID(rawValue: UInt16(dice.roll(512))), 0), .int(id, event), .inv(id, 300),
      .discard(id, event), .mapd(id, dice.chance(50) ? nil : ITT(base: 0, eventIDBits: 16)),
    ])
    world.msi(device, UInt32(dice.roll(300)))
    world.get(.iar1, pe: dice.roll(2))
    if cycle % 64 == 0 {
      world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
      world.setUpTables(0)
      world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
      for on in [0, 1] as [UInt64] { world.write(.gicr(0), GICR.CTLR.offset, on, size: 4) }
      _ = world.lineChanges()
    }
  }
}

/// In a process of its own, where nothing else allocates.
@Test func `memory does not grow under commands`() async {
  await #expect(processExitsWith: .success) {
    let asked = ProcessInfo.processInfo.environment["ITSD_COMMANDS"].flatMap { Int($0) } ?? 60_000
    let cycles = min(max(asked / 10, 10_000), 1_000_000)
    for base in Profile.Base.allCases {
      var configuration = World.configuration()
      configuration.profile = Profile(base: base)
      let world = World.booted(configuration)
      var dice = Dice(seed: 9)
      churn(world, &dice, 2_000)
      let before = residentByteCount()
      churn(world, &dice, cycles)
      let grown = residentByteCount() - before
      print("\(base): \(cycles) cycles of 7 commands, \(grown >> 10) KiB more")
      // One lost allocation of the smallest kind in four cycles would be more than this.
      precondition(before > 0 && grown < max(1 << 19, cycles * 32), "grew by \(grown) bytes")
    }
  }
}
