import GICArch
import Testing

@testable import GICModel

@Test func `the state of a PE is small`() {
  let table = PropertyTable(lpiCount: 57_344)
  defer { table.deallocate() }
  let state = PEState(
    affinity: Affinity(rawValue: 0), configuration: MachineConfiguration(), tracksArrival: false,
    properties: table.bytes)
  defer { state.lpis.deallocate() }
  #expect(MemoryLayout<PEState>.stride + state.lpis.byteCount <= 17 << 10)
  #expect(table.capacity <= 64 << 10)
}

/// ITSD_CYCLES names more: `ITSD_CYCLES=1000000`.
@Test func `what is unmapped is given back`() {
  let world = World.booted()
  world.mapLPIs([0xa1])
  let cycles = environmentNumber("ITSD_CYCLES") ?? 20_000
  let words = world.machine.engine.its[0].translations.wordCount
  let commands = (0..<512 as Range<UInt32>).flatMap { number in
    [
      world.mapd(2 + number % 16, itt: 2 + Int(number % 16), bits: 8),
      ITSCommand.mapti(
        DeviceID(rawValue: 2 + number % 16), EventID(rawValue: number % 256), 8200, 0),
      .mapd(DeviceID(rawValue: 2 + number % 16), nil),
    ]
  }
  for _ in 0..<cycles / 512 { world.command(commands) }
  #expect(world.errors.isEmpty)
  #expect(world.machine.engine.its[0].translations.wordCount == words)
  #expect(!world.machine.engine.its[0].translations.hasRetired)
}
