// What takes long on the timed clock goes in steps, and comes to the same as at one go.

import GICArch
import Testing

@testable import GICModel

private let timings: [(name: String, timing: TimingParameters)] = [
  ("default", TimingParameters()),
  // All that a command does lies in one cycle.
  (
    "nothing takes time",
    {
      var timing = TimingParameters()
      (timing.commandDecodeCycles, timing.commandOperationCycles) = (0, 0)
      (timing.commandRetireCycles, timing.arbiterCycles) = (0, 0)
      (timing.deviceLookupCycles, timing.eventLookupCycles) = (0, 0)
      (timing.collectionLookupCycles, timing.lookupIntervalCycles) = (0, 0)
      (timing.memoryLatencyCycles, timing.memoryRequestCycles) = (0, 0)
      (timing.memoryBeatCycles, timing.linkFormatCycles, timing.linkBeats) = (0, 0, 0)
      (timing.linkReturnCycles, timing.lpiLookupCycles, timing.lpiBankCycles) = (0, 0, 0)
      return timing
    }()
  ),
]

/// Answers and what they left, for comparison.
private struct Outcome: Equatable {
  var values: [UInt64] = []
  var cycles: [UInt64] = []
  var lines: [LineLevels] = []
  var changes: [LineChange] = []
  var statistics: MachineStatistics?
}

/// Does an access in steps.
/// - Returns: the answer, and how many steps there were.
private func perform(_ access: Access, on machine: TimedMachine) -> (Response, steps: Int) {
  switch machine.begin(access) {
  case .done(let response): return (response, 1)
  case .working(var work):
    var steps = 1
    while true {
      steps += 1
      if let response = machine.resume(&work) { return (response, steps) }
    }
  }
}

/// A backlog of commands, some of which raise lines, an MSI and a read after it, all untimed.
private func outcome(
  _ timing: TimingParameters, count: Int, inSteps: Bool
) throws -> (Outcome, steps: [Int]) {
  let world = try TimedWorld(TimedWorld.configuration(pes: 2, timing: timing))
  world.map(devices: 0..<4, events: 8)
  var commands: [ITSCommand] = []
  for index in 0..<UInt32(count) {
    let (device, event) = (DeviceID(rawValue: index % 4), EventID(rawValue: index / 4 % 8))
    switch index % 5 {
    case 0: commands.append(.int(device, event))
    case 1: commands.append(.inv(device, event))
    case 2: commands.append(.invall(ICID(rawValue: UInt16(index % 2))))
    case 3: commands.append(.clear(device, event))
    default: commands.append(.sync(RDbase(rawValue: UInt64(index % 2))))
    }
  }
  world.put(commands)
  let its = world.itsBase(0)
  let accesses = [
    Access(
      .write, size: 8, source: 0, address: its + UInt64(GITS.CWRITER.offset),
      data: UInt64(world.cwriter)),
    Access(.msi, source: 1, address: its + 0x1_0040, data: 3),
    Access(.read, size: 8, source: 1, address: its + UInt64(GITS.CREADR.offset)),
    Access(
      .read, size: 8, source: 0, address: its + UInt64(GITS.CREADR.offset),
      cycle: world.now + 1_000_000_000),
  ]
  var (result, steps) = (Outcome(), [Int]())
  for access in accesses {
    let (response, count) =
      inSteps
      ? perform(access, on: world.machine) : (world.machine.perform(access), steps: 1)
    steps.append(count)
    result.values.append(response.value)
    result.cycles.append(response.cycle)
    result.lines.append(response.lines)
  }
  result.changes = world.takeLineChanges()
  result.statistics = world.machine.statistics()
  return (result, steps)
}

@Test(arguments: timings)
func `an untimed backlog comes to the same in steps`(_: String, timing: TimingParameters) throws {
  let count = 1_500
  let (whole, _) = try outcome(timing, count: count, inSteps: false)
  let (parts, steps) = try outcome(timing, count: count, inSteps: true)
  #expect(parts == whole)
  #expect(!whole.changes.isEmpty)
  // Each command has three events or more, and a step has so many at most.
  #expect(steps[0] >= 3 * count / StepBudget.events)
  // What has nothing to wait for is answered at once.
  #expect(steps[2...] == [1, 1])
}

/// Time that passes in steps stops where it would stop at one go.
@Test(arguments: timings, ["limit", "line", "change", "idle"])
func `time passes in steps`(_ row: (name: String, timing: TimingParameters), until: String) throws {
  var reached: [[UInt64]] = []
  for inSteps in [false, true] {
    let world = try TimedWorld(TimedWorld.configuration(pes: 2, timing: row.timing))
    world.map(devices: 0..<1, events: 2)
    let start = world.now
    var commands = Array(repeating: ITSCommand.invall(ICID(rawValue: 0)), count: 600)
    commands.insert(.int(DeviceID(rawValue: 0), EventID(rawValue: 1)), at: 500)
    world.issue(commands, at: start)
    let condition: StopCondition =
      switch until {
      case "limit": .limit
      case "line": .lineRaised(PEIndex(1))
      case "change": .lineChange
      default: .idle
      }
    let limit: UInt64 = until == "limit" ? start + 100_000_000 : .max
    var (cycle, steps) = (UInt64?.none, 0)
    while cycle == nil {
      steps += 1
      cycle =
        inSteps
        ? world.machine.advanceSome(to: limit, until: condition)
        : world.machine.advance(to: limit, until: condition)
    }
    if inSteps { #expect(steps > 1) }
    // Where it has stopped nothing more has happened than at one go, and it goes on from there.
    reached.append(
      [cycle ?? 0, UInt64(world.creadr(at: world.now)), UInt64(world.takeLineChanges().count)]
        + [world.settle(), UInt64(world.creadr(at: world.now))])
  }
  #expect(reached[0] == reached[1])
}
