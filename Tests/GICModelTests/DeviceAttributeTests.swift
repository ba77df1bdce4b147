// Device attributes: which exist, what they answer, and in which order things are checked.

import GICArch
import Testing

@testable import GICModel

/// A machine whose frames attributes place, with nothing placed.
private func unplaced(
  pes: Int = 4, numbers: [UInt16] = [], _ change: (inout MachineConfiguration) -> Void = { _ in }
) -> World {
  var configuration = SavingProfile.kvm.configuration(pes: pes)
  configuration.shape.frames = .attributes
  configuration.identity.iidr = 0x4b00_043b
  configuration.identity.distributorIIDR = 0x4b00_343b
  configuration.identity.commonLPIAffinity = 0
  configuration.identity.processorNumbers = numbers.map { ProcessorNumber(rawValue: $0) }
  change(&configuration)
  return World(configuration)
}

private let end: UInt64 = 1 << 52

/// One attribute that is set, and what comes of it.
private struct Placement: Sendable {
  var device = DeviceName.vgic
  var attribute: DeviceAttribute
  var value: UInt64?
  var errno: DeviceErrno?
  init(
    _ attribute: DeviceAttribute, _ value: UInt64?, _ errno: DeviceErrno? = nil,
    of device: DeviceName = .vgic
  ) {
    (self.device, self.attribute, self.value, self.errno) = (device, attribute, value, errno)
  }
  init(region count: Int, _ base: UInt64, flags: Int = 0, _ index: Int, _ errno: DeviceErrno? = nil)
  {
    attribute = DeviceAttribute(.redistributorRegion)
    value =
      RedistributorRegion(count: count, base: base, flags: flags, index: index).raw | base & 0xf000
    self.errno = errno
  }
}
private let distributor = DeviceAttribute(.distributor)
private let redistributors = DeviceAttribute(.redistributors)
private let itsAddress = DeviceAttribute(DeviceAddress.its)

/// Values as KVM's `vgic_init` selftest has them.
private struct Sequence: Sendable, CustomTestStringConvertible {
  var name: String
  var steps: [Placement]
  init(_ name: String, _ steps: [Placement]) { (self.name, self.steps) = (name, steps) }
  var testDescription: String { name }
}
private let sequences: [Sequence] = [
  Sequence(
    "distributor and redistributors",
    [
      Placement(distributor, 0x1000, .einval), Placement(redistributors, 0x1000, .einval),
      Placement(distributor, end, .e2big), Placement(redistributors, end, .e2big),
      Placement(redistributors, end - 0x1_0000, .e2big), Placement(distributor, nil, .efault),
      Placement(redistributors, 0), Placement(redistributors, 0xe_0000, .eexist),
      Placement(region: 4, 0x10_0000, 0, .einval),
      // An overlap is found when a vCPU runs.
      Placement(distributor, 0x4_0000), Placement(distributor, 0x4_0000, .eexist),
    ]
  ),
  Sequence(
    "regions of redistributors",
    [
      Placement(region: 2, 0x20_0000, flags: 2, 0, .einval),
      Placement(region: 0, 0x20_0000, 0, .einval),
      Placement(region: 2, 0x20_0000, 1, .einval), Placement(region: 2, 0x20_1000, 0, .einval),
      Placement(region: 2, 0x20_0000, 0), Placement(region: 2, 0x20_0000, 0, .einval),
      Placement(region: 1, 0x21_0000, 1, .einval), Placement(region: 1, 0x24_0000, 2, .einval),
      Placement(region: 1, 0x24_0000, 1), Placement(region: 2, end - 0x3_0000, 2, .e2big),
      Placement(redistributors, 0x26_0000, .einval),
    ]
  ),
  Sequence(
    "111: an ITS",
    [
      Placement(itsAddress, 0x40_1000, .einval, of: .its(0)),
      Placement(itsAddress, end, .e2big, of: .its(0)),
      Placement(itsAddress, end - 0x1_0000, .e2big, of: .its(0)),
      Placement(itsAddress, nil, .efault, of: .its(0)),
      Placement(distributor, 0x40_0000, .enodev, of: .its(0)),
      Placement(itsAddress, 0x40_0000, of: .its(0)),
      Placement(itsAddress, 0x30_0000, .eexist, of: .its(0)),
      Placement(itsAddress, 0x40_1000, .eexist, of: .its(0)),
      Placement(itsAddress, 0x50_0000, .enodev, of: .its(1)),
      Placement(itsAddress, 0x50_0000, .enodev, of: .its(-1)),
      Placement(itsAddress, 0x50_0000, .enxio),
    ]
  ),
  Sequence(
    "the number of interrupts",
    [
      Placement(DeviceAttribute(.interruptCount), 32, .einval),
      Placement(DeviceAttribute(.interruptCount), 65, .einval),
      Placement(DeviceAttribute(.interruptCount), 1024, .einval),
      Placement(DeviceAttribute(.interruptCount), nil, .efault),
      Placement(DeviceAttribute(.interruptCount), 96),
      Placement(DeviceAttribute(.interruptCount), 128, .ebusy),
      Placement(DeviceAttribute(.initialize), nil), Placement(DeviceAttribute(.initialize), nil),
    ]
  ),
]

@Test(arguments: sequences)
private func `addresses are taken and refused as KVM does`(sequence: Sequence) {
  let world = unplaced()
  for (index, step) in sequence.steps.enumerated() {
    #expect(world.set(step.device, step.attribute, step.value) == step.errno, "step \(index)")
  }
}

@Test func `a region is read back by its index`() throws {
  let world = unplaced()
  for step in [Placement(region: 2, 0x20_0000, 0), Placement(region: 1, 0x24_0000, 1)] {
    #expect(world.set(.vgic, step.attribute, step.value) == nil)
  }
  func region(_ index: UInt64?) throws(DeviceError) -> UInt64 {
    try world.machine.attribute(
      DeviceAttribute(.redistributorRegion), of: .vgic, value: index)
  }
  #expect(try region(0) == RedistributorRegion(count: 2, base: 0x20_0000, index: 0).raw)
  #expect(try region(1) == RedistributorRegion(count: 1, base: 0x24_0000, index: 1).raw)
  #expect(throws: DeviceError(.enoent, "there is no redistributor region 2")) { try region(2) }
  #expect(throws: DeviceError.self) { try region(nil) }
  #expect(world.get(.vgic, redistributors) == 0x20_0000)
}

@Test func `frames answer where attributes have put them, and nowhere before`() throws {
  let world = unplaced(pes: 2)
  func status(_ address: UInt64) -> BusStatus {
    world.machine.perform(Access(.read, source: 0, address: address)).status
  }
  let places: [UInt64] = [0x10_0000, 0x20_0000, 0x22_0000, 0x40_0000]
  #expect(places.allSatisfy { status($0) == .decodeError })
  let shape = world.machine.configuration.shape
  #expect(status(shape.itsBases[0]) == .decodeError && status(shape.gicdBase) == .decodeError)
  #expect(world.msi(1, 1).kind == .noITS)
  #expect(world.set(.vgic, distributor, 0x10_0000) == nil)
  #expect(world.set(.vgic, redistributors, 0x20_0000) == nil)
  #expect(world.set(.its(0), itsAddress, 0x40_0000) == nil)
  #expect(places.allSatisfy { status($0) == .okay })
  #expect(status(0x24_0000) == .decodeError && status(0x42_0000) == .decodeError)
  let msi = world.machine.perform(Access(.msi, source: 1, address: 0x41_0040, data: 1))
  #expect(MSIOutcome(packed: msi.value).kind == .itsDisabled)
  world.machine.reset()
  #expect(places.allSatisfy { status($0) == .okay }, "a reset moves no frame")
}

private final class Deaf: TimingSink {
  func take(_ events: Span<TimingEvent>) {}
  func restart() {}
}

@Test(arguments: [false, true])
func `with time, too, an ITS is nowhere until an attribute places it`(traced: Bool) throws {
  var configuration = MachineConfiguration()
  (configuration.clock, configuration.shape.frames) = (.timed, .attributes)
  let machine: any Machine =
    traced ? TracedMachine(configuration, sink: Deaf()) : TimedMachine(configuration)
  func msi(_ base: UInt64) -> MSIOutcome.Kind {
    let access = Access(.msi, source: 1, address: base + 0x1_0040, data: 1, cycle: machine.cycle)
    return MSIOutcome(packed: machine.perform(access).value).kind
  }
  let configured = configuration.shape.itsBases[0]
  #expect(msi(configured) == .noITS)
  try machine.setAttribute(itsAddress, of: .its(0), to: 0x40_0000)
  #expect(msi(0x40_0000) == .accepted && msi(configured) == .noITS)
  #expect(throws: DeviceError.self) {
    try machine.setAttribute(itsAddress, of: .its(0), to: 0x50_0000)
  }
}

@Test func `vCPUs run once everything is placed, apart from each other and initialised`() throws {
  let world = unplaced()
  func runs() -> DeviceErrno? {
    do throws(DeviceError) { try world.machine.setVCPUsRun(true) } catch { return error.errno }
    return nil
  }
  #expect(runs() == .enxio)
  #expect(world.set(.vgic, redistributors, 0) == nil)
  #expect(runs() == .enxio)
  #expect(world.set(.vgic, distributor, 0x4_0000) == nil)
  #expect(runs() == .einval)
  let other = unplaced()
  _ = other.set(.vgic, redistributors, 0)
  _ = other.set(.vgic, distributor, 0x8_0000)
  #expect(throws: DeviceError(.ebusy, "the GIC is not initialised")) {
    try other.machine.setVCPUsRun(true)
  }
  _ = other.set(.vgic, DeviceAttribute(.initialize))
  try other.machine.setVCPUsRun(true)
  #expect(other.set(.vgic, DeviceAttribute(.savePendingTables)) == .ebusy)
}

/// The low word of GICR_TYPER by vCPU, as KVM's `vgic_init` selftest has them; here there is an
/// ITS, so PLPIS (bit 0) is set.
private struct Typers: Sendable, CustomTestStringConvertible {
  var name: String
  var numbers: [UInt16]
  var regions: [Placement]
  var typers: [UInt64]
  init(_ name: String, _ numbers: [UInt16], _ regions: [Placement], _ typers: [UInt64]) {
    (self.name, self.numbers, self.regions, self.typers) = (name, numbers, regions, typers)
  }
  var testDescription: String { name }
}
private let typers: [Typers] = [
  Typers("no redistributors yet", [0, 3, 1, 2], [], [0x000, 0x300, 0x100, 0x200]),
  Typers(
    "a region for two", [0, 3, 1, 2], [Placement(region: 2, 0x20_0000, 0)],
    [0x000, 0x310, 0x100, 0x200]
  ),
  Typers(
    "a second region with room to spare", [0, 3, 1, 2],
    [Placement(region: 2, 0x20_0000, 0), Placement(region: 10, 0x30_0000, 1)],
    [0x000, 0x310, 0x100, 0x210]
  ),
  Typers(
    "one range", [0, 3, 5, 4, 1, 2], [Placement(redistributors, 0x1_0000)],
    [0x000, 0x300, 0x500, 0x400, 0x100, 0x210]
  ),
  Typers(
    "three full regions, two of them contiguous", [0, 3, 5, 4, 1, 2],
    [
      Placement(region: 2, 0x10_0000, 0), Placement(region: 2, 0x24_0000, 1),
      Placement(region: 2, 0x20_0000, 2),
    ], [0x000, 0x310, 0x500, 0x410, 0x100, 0x200]
  ),
]
@Test(arguments: typers)
private func `81: the last redistributor of a region says so`(row: Typers) {
  let world = unplaced(pes: row.numbers.count, numbers: row.numbers)
  #expect(world.set(.vgic, DeviceAttribute(.initialize)) == nil)
  for step in row.regions { #expect(world.set(.vgic, step.attribute, step.value) == nil) }
  for (index, value) in row.typers.enumerated() {
    let attribute = DeviceAttribute(
      .redistributorRegisters, Affinity(rawValue: UInt32(index)), UInt64(GICR.TYPER.offset))
    #expect(world.get(.vgic, attribute) == value | 1, "PE \(index)")
  }
}

// MARK: Registers

/// What has, get and set of an attribute answer, of an ITS or the GICv3.
private struct Answer: Sendable, CustomTestStringConvertible {
  var name: String
  var device: DeviceName
  var attribute: DeviceAttribute
  var has: DeviceErrno?
  var get: DeviceErrno?
  init(
    _ name: String, _ device: DeviceName, _ attribute: DeviceAttribute, _ has: DeviceErrno?,
    _ get: DeviceErrno?
  ) {
    (self.name, self.device, self.attribute) = (name, device, attribute)
    (self.has, self.get) = (has, get)
  }
  var testDescription: String { name }
}
private let answers: [Answer] = [
  Answer("112: a half of CBASER", .its(0), its(0x84), .einval, .einval),
  Answer("112: no register", .its(0), its(0x98), .enxio, .enxio),
  Answer("the upper half of TYPER", .its(0), its(0x0c), .einval, .einval),
  Answer("IIDR", .its(0), its(0x04), nil, nil),
  Answer("an odd offset", .its(0), its(0x02), .einval, .einval),
  Answer("behind the table registers", .its(0), its(0x140), .enxio, .enxio),
  Answer("the last table register", .its(0), its(0x138), nil, nil),
  Answer("the last identification register", .its(0), its(0xfffc), nil, nil),
  Answer("an identification register, odd", .its(0), its(0xfffe), .einval, .einval),
  Answer("the translation frame", .its(0), its(0x1_0040), .enxio, .enxio),
  Answer("an offset of 64 bits", .its(0), its(.max & ~7), .enxio, .enxio),
  Answer("an unknown group", .its(0), DeviceAttribute(group: 99, attr: 0), .enxio, .enxio),
  Answer("an unknown address", .its(0), DeviceAttribute(.address, 9), .enxio, .enodev),
  Answer(
    "an unknown group of the GICv3", .vgic, DeviceAttribute(group: 2, attr: 0), .enxio, .enxio),
  Answer("GICD_CTLR", .vgic, DeviceAttribute(.distributorRegisters, 0), nil, nil),
  Answer("GICD_STATUSR", .vgic, DeviceAttribute(.distributorRegisters, 0x10), nil, nil),
  Answer("GICD, not aligned", .vgic, DeviceAttribute(.distributorRegisters, 2), .enxio, .enxio),
  Answer("GICD, a hole", .vgic, DeviceAttribute(.distributorRegisters, 0x30), .enxio, .enxio),
  Answer("GICD, a PE that is not", .vgic, at(9, .distributorRegisters, 0), nil, nil),
  Answer("GICR_CTLR", .vgic, at(1, .redistributorRegisters, 0), nil, nil),
  Answer("GICR_TYPER, upper half", .vgic, at(1, .redistributorRegisters, 12), nil, nil),
  Answer("GICR_ISPENDR0", .vgic, at(1, .redistributorRegisters, 0x1_0200), nil, nil),
  Answer("GICR, not aligned", .vgic, at(1, .redistributorRegisters, 1), .enxio, .enxio),
  Answer(
    "GICR, beyond its frames", .vgic, at(1, .redistributorRegisters, 0x2_0000), .enxio, .enxio),
  Answer("GICR of no PE", .vgic, at(9, .redistributorRegisters, 0), .einval, .einval),
  Answer("ICC_PMR_EL1", .vgic, at(1, .systemRegisters, 0xc230), nil, nil),
  Answer("ICC_IAR1_EL1 holds nothing", .vgic, at(1, .systemRegisters, 0xc660), .enxio, .enxio),
  Answer("ICC of no PE", .vgic, at(9, .systemRegisters, 0xc230), .einval, .einval),
  Answer("ICC_AP1R1_EL1 with 5 bits", .vgic, at(0, .systemRegisters, 0xc649), nil, .einval),
  Answer("lines of PPIs", .vgic, at(1, .levelInfo, 0), nil, nil),
  Answer("lines from INTID 33 on", .vgic, at(1, .levelInfo, 33), nil, .einval),
  Answer("another kind of line info", .vgic, at(1, .levelInfo, 1 << 10), .enxio, .einval),
  Answer("lines of no PE", .vgic, at(9, .levelInfo, 0), nil, .einval),
]

private func its(_ offset: UInt64) -> DeviceAttribute { DeviceAttribute(.itsRegisters, offset) }
private func at(_ pe: UInt32, _ group: DeviceGroup, _ attr: UInt64) -> DeviceAttribute {
  DeviceAttribute(group, Affinity(rawValue: pe), attr)
}

@Test(arguments: answers)
private func `112: an attribute is there, or says what is wrong`(answer: Answer) {
  let world = World(SavingProfile.kvm.configuration())
  #expect(world.has(answer.device, answer.attribute) == answer.has)
  do throws(DeviceError) {
    _ = try world.machine.attribute(answer.attribute, of: answer.device)
    #expect(answer.get == nil)
  } catch { #expect(answer.get == error.errno) }
}

@Test func `112: alignment, running vCPUs, address, register: in this order`() throws {
  let world = unplaced()
  #expect(world.set(.its(0), its(0x84), 0) == .einval)
  #expect(world.set(.its(0), its(0x80), 0) == .enxio)
  #expect(world.set(.its(0), its(0x98), nil) == .efault)
  let ready = World(SavingProfile.kvm.configuration())
  try ready.machine.setVCPUsRun(true)
  #expect(ready.set(.its(0), its(0x84), 0) == .einval)
  #expect(ready.set(.its(0), its(0x98), 0) == .ebusy)
  #expect(ready.set(.its(0), DeviceAttribute(.control, 77)) == .ebusy)
  #expect(ready.set(.vgic, at(9, .redistributorRegisters, 0), 0) == .einval)
  #expect(ready.set(.vgic, at(0, .redistributorRegisters, 1), nil) == .efault)
  #expect(ready.set(.vgic, at(0, .redistributorRegisters, 1), 0) == .ebusy)
  #expect(ready.set(.vgic, at(0, .levelInfo, 33), 0) == .ebusy)
  try ready.machine.setVCPUsRun(false)
  #expect(ready.set(.its(0), DeviceAttribute(.control, 77)) == .enxio)
  #expect(ready.set(.vgic, DeviceAttribute(.saveTables)) == .enxio)
}

@Test func `before the initialisation only what names the implementation can be read`() {
  let world = unplaced()
  let control = DeviceAttribute(.distributorRegisters, 0)
  #expect(world.set(.vgic, control, 0) == .ebusy)
  #expect(world.set(.vgic, at(0, .redistributorRegisters, 0), 0) == .ebusy)
  #expect(world.set(.vgic, at(0, .systemRegisters, 0xc230), 0) == .ebusy)
  #expect(world.get(.vgic, DeviceAttribute(.distributorRegisters, 8)) == 0x4b00_343b)
  #expect(world.get(.vgic, DeviceAttribute(.interruptCount)) == 32)
  #expect(world.set(.vgic, DeviceAttribute(.initialize)) == nil)
  #expect(world.set(.vgic, control, 0) == nil)
  #expect(world.get(.vgic, DeviceAttribute(.interruptCount)) == 256)
}
