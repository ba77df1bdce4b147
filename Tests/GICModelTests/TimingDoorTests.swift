import GICArch
import Testing

@testable import GICModel

private let cwriter: PhysicalAddress = 0x0808_0088
private let translater: PhysicalAddress = 0x0809_0040

private func msi(_ device: UInt32, _ event: UInt64, at cycle: UInt64) -> Access {
  Access(.msi, source: device, address: translater, data: event, cycle: cycle)
}

@Test func `an access at a cycle sees what happens at that cycle`() {
  var core = FakeCore.fake()
  let script: [[StageEvent]] = [[], []]
  core.rules.script = script
  _ = core.perform(Access(.write, source: 0, address: cwriter, data: 1, cycle: 50))
  let end = 50 + core.timing.command(reads: 0)
  for (cycle, retired) in [(end - 1, 0), (end, 1)] as [(UInt64, UInt64)] {
    let read = Access(.read, source: 0, address: cwriter + 8, cycle: cycle)
    let response = core.perform(read)
    #expect(response.value == retired)
    #expect(response.cycle == cycle)
  }
  // A write elsewhere gives the queue nothing to do, whatever it says.
  _ = core.perform(Access(.write, source: 0, address: 0x1000, data: 1, cycle: 900))
  let isIdle = core.isIdle
  #expect(isIdle)
}

@Test func `time stops for a line, at its cycle, and not for another PE's`() {
  for condition in [StopCondition.lineRaised(PEIndex(1)), .lineChange] {
    var core = FakeCore.fake(pes: 2)
    let response = core.perform(msi(1, 1, at: 100))
    #expect(MSIOutcome(packed: response.value).kind == .accepted)
    #expect(response.cycle == 100)
    let end = 100 + core.timing.coldMSI(levels: 1)
    #expect(core.advance(to: end - 1, until: condition) == end - 1)
    #expect(core.advance(to: .max, until: condition) == end)
    #expect(core.advance(to: .max, until: condition) == end)  // it still holds
    #expect(core.rules.lineChanges.map(\.cycle) == [end])
    #expect(core.advance(to: end + 500, until: .lineRaised(PEIndex(0))) == end + 500)
  }
}

@Test func `time goes to its limit, or to where nothing is under way`() {
  var core = FakeCore.fake()
  #expect(core.advance(to: 70, until: .limit) == 70)
  #expect(core.advance(to: 60, until: .limit) == 70)
  #expect(core.advance(to: .max, until: .limit) == 70)
  #expect(core.advance(to: 90, until: .idle) == 70)
  _ = core.perform(msi(1, 1, at: 70))
  let end = 70 + core.timing.coldMSI(levels: 1)
  #expect(core.advance(to: 80, until: .idle) == 80)
  #expect(core.advance(to: .max, until: .idle) == end)
  _ = core.perform(msi(1, 5, at: end))
  #expect(core.advance(to: end + 5000, until: .limit) == end + 5000)
}

@Test func `an untimed access is answered after everything under way`() {
  var core = FakeCore.fake()
  core.rules.script = [[]]
  let write = core.perform(
    Access(.write, source: 0, address: cwriter, data: 1))
  #expect(write.cycle == core.timing.command(reads: 0))
  #expect(core.rules.retired == 1)
  let msi = core.perform(msi(1, 1, at: Access.untimed))
  #expect(msi.cycle == write.cycle + core.timing.coldMSI(levels: 1))
  let acknowledge = core.perform(Access(.systemRegisterRead, source: 0))
  #expect(acknowledge.value == UInt64(FakeRules.intid(1, 1).rawValue))
  #expect(acknowledge.lines == [])
}

@Test func `after an untimed acknowledge the line is that of the next LPI`() {
  var core = FakeCore.fake()
  _ = core.perform(msi(1, 1, at: Access.untimed))
  _ = core.perform(msi(1, 2, at: Access.untimed))
  let first = core.perform(Access(.systemRegisterRead, source: 0))
  #expect(first.lines == .irq)
  let second = core.perform(
    Access(.systemRegisterRead, source: 0, cycle: core.now))
  #expect(second.value == UInt64(FakeRules.intid(1, 2).rawValue))
  #expect(second.lines == [])
}

@Test func `an access in the past is taken now, and counted`() {
  var core = FakeCore.fake()
  _ = core.advance(to: 500, until: .limit)
  let response = core.perform(msi(1, 1, at: 499))
  #expect(response.cycle == 500)
  #expect(core.counters.lateAccesses == 1)
  _ = core.perform(msi(1, 1, at: 500))
  #expect(core.counters.lateAccesses == 1)
}

@Test(arguments: [
  ("translation frame", translater, 1, true), ("the only ITS", 0, 1, true),
  ("0 beside two", 0, 2, false), ("the second", 0x080b_0040, 2, true),
  ("no frame", 0x0900_0000, 1, false), ("below", 0x0807_ffff, 1, false),
  ("just above", 0x080a_0000, 1, false),
])
func `an MSI reaches the ITS whose frame it is written to`(
  _: String, address: PhysicalAddress, itsCount: Int, reaches: Bool
) {
  var core = FakeCore.fake(its: itsCount)
  let access = Access(.msi, source: 1, address: address, data: 1, cycle: 0)
  let response = core.perform(access)
  // The fake rules answer every MSI that is handed to them with "reserved".
  #expect(response.status == (reaches ? .okay : .reserved))
  #expect(!reaches || MSIOutcome(packed: response.value).kind == .accepted)
  #expect(core.ungrantedCount == (reaches ? 1 : 0))
  if reaches { #expect(core.ungranted(its: address == 0x080b_0040 ? 1 : 0) == 1) }
}

@Test func `a write to GITS_TRANSLATER is an MSI, and an EventID too wide is none`() {
  var core = FakeCore.fake()
  for (size, data) in [(4, 0x5), (2, 0xffff_0006)] as [(UInt8, UInt64)] {
    let write = Access(
      .write, size: size, source: 1, address: translater, data: data, cycle: core.now)
    _ = core.perform(write)
    core.drain()
  }
  let pending = Set(core.rules.pending.map(\.intid))
  #expect(pending == [FakeRules.intid(1, 5), FakeRules.intid(1, 6)])
  let wide = Access(.msi, source: 1, address: translater, data: 1 << 32, cycle: core.now)
  let response = core.perform(wide)
  #expect(response.status == .reserved)
  #expect(core.ungrantedCount == 0)
}
