// Two machines of one daemon: the same addresses, the same numbers, and nothing in common.

import GICArch
import GICConfig
import GICModel
import GICReplay
import Testing

@testable import GICConformance

private let ramBase: PhysicalAddress = 0x4000_0000

private func world(_ daemon: TestDaemon) throws -> World {
  let configuration = try resolve([
    ConfigurationLayer(name: "shape", text: World.shape)
  ])
  let target = try AttachedTarget(
    daemon.address, configuration, ramBase: ramBase, ramByteCount: World.ramByteCount,
    for: "isolation")
  return World(target, configuration.machine, ramBase: ramBase)
}

@Test func `two machines know nothing of each other`() throws {
  let daemon = try TestDaemon()
  var (one, two) = (try world(daemon), try world(daemon))
  try one.start()
  try one.mapDevice(2)
  try one.run(.mapti(2, 1, 8200, 1))
  // The other one is as after power-on, its RAM too.
  try two.expect(.its(GITS.CTLR.self), 0x8000_0000)
  try two.expect(.baser(0), 0, mask: 1 << 63)
  try two.expectRAM(two.layout.device(2), 0)
  try two.expectMSI(2, 1, .itsDisabled)
  // The same device, event and LPI; another PE.
  try two.start()
  try two.mapDevice(2)
  try two.run(.mapti(2, 1, 8200, 3))
  try one.expectMSI(2, 1, .set)
  #expect(one.lines.map { $0.contains(.irq) } == [false, true, false, false])
  try two.expectNothing(at: 1)
  try two.expectNothing(at: 3)
  try two.expectDelivery(2, 1, 8200, at: 3)
  try one.expectTaken(8200, by: 1)
  // Commands, errors and counters are each machine's own.
  try two.run(.mapc(1, 77))
  try two.expectErrors(.mapcTargetOOR)
  try one.expectErrors()
  try one.expect(.its(GITS.CREADR.self), 6 * 32)
  try two.expect(.its(GITS.CREADR.self), 7 * 32)
  // So is a reset.
  try two.target.reset()
  try two.expect(.its(GITS.CTLR.self), 0x8000_0000)
  try one.expectDelivery(2, 1, 8200, at: 1)
}

@Test func `a machine that goes away leaves the other as it is`() throws {
  let daemon = try TestDaemon()
  var one = try world(daemon)
  try one.start()
  try one.mapDevice(2)
  try one.run(.mapti(2, 1, 8200, 1))
  try one.mask(1)
  try one.expectMSI(2, 1, .set)
  do {
    var two = try world(daemon)
    try two.start()
    try two.mapDevice(2)
    try two.run((0..<64).map { .mapti(2, $0, 8200 + $0, 0) })
    try two.expectMSI(2, 1, .set)
  }
  try one.unmask(1)
  try one.expectTaken(8200, by: 1)
  try one.expectDelivery(2, 1, 8200, at: 1)
  try one.expectErrors()
}
