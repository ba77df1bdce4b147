import GICArch
import GICModel
import Testing

/// What makes PE 0 read the configuration byte of LPI 8192 again, through event 1 of device 1.
private let readers: [(name: String, command: ITSCommand)] = [
  ("INV", .inv(1, 1)),
  ("INVALL", .invall(0)),
  ("MAPTI", .mapti(1, 1, 8192, 0)),
]

/// The LPI is pending at the last PE, disabled; PE 0 is told that the byte changed.
@Test(arguments: readers, [2, 3, 4])
private func `a byte that is read again holds for every PE with the same table`(
  reader: (name: String, command: ITSCommand), pes: Int
) {
  let world = World.booted(World.configuration(pes: pes))
  let last = pes - 1
  world.command([
    world.mapd(1, itt: 1), .mapti(1, 0, 8192, ICID(rawValue: UInt16(last))),
    .mapti(1, 1, 8192, 0),
  ])
  #expect(world.msi(1, 0).kind == .set)
  world.configure(8192, 0xa1)
  #expect(world.lines(last) == [], "nobody has read the byte")
  world.command(reader.command)
  #expect(world.lines(last) == .irq)
  #expect(world.get(.iar1, pe: last) == 8192)
  #expect(world.lines(0) == [])
}
