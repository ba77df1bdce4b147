import GICArch
import Synchronization
import Testing

@testable import GICModel

/// Two threads write the same CWRITER: each command is executed once, and neither is answered
/// before its commands are done.
@Test(arguments: QueueWriters.allCases)
func `two threads write CWRITER`(policy: QueueWriters) {
  let stage = LitmusStage(policy, events: 32)
  let address = stage.world.base(.gits(0))
  let cwriter = Atomic<UInt64>(0)
  let early = Atomic<Int>(0)
  @Sendable func ring(_ lane: FunctionalMachine) {
    let offset = cwriter.load(ordering: .acquiring)
    let place = address + UInt64(GITS.CWRITER.offset)
    _ = lane.perform(Access(.write, size: 8, source: 0, address: place, data: offset))
    let creadr = lane.perform(
      Access(.read, size: 8, source: 0, address: address + UInt64(GITS.CREADR.offset)))
    if creadr.value != offset { early.add(1, ordering: .relaxed) }
  }
  let before = stage.world.machine.statistics()
  stage.race(
    before: { round in
      let commands = (0..<40).map { ITSCommand.int(1, EventID(rawValue: UInt32($0 % 32))) }
      cwriter.store(
        UInt64(stage.world.enqueue(commands.map { QueueEntry($0) })), ordering: .releasing)
    },
    left: { _ in ring(stage.world.machine) },
    right: { _ in ring(stage.other) })
  let after = stage.world.machine.statistics()
  #expect(after.intCommands - before.intCommands == UInt64(40 * litmusRounds))
  #expect(early.load(ordering: .relaxed) == 0)
  #expect(stage.world.isConserved)
  #expect(after.queueWaits.count == 2)
}

/// Commands that were written while nothing ran them: whoever enables the ITS is answered when they
/// have run, whichever lane had written them.
@Test(arguments: QueueWriters.allCases)
func `commands that waited for the ITS run when another lane enables it`(policy: QueueWriters) {
  let stage = LitmusStage(policy)
  let control = stage.world.base(.gits(0)) + UInt64(GITS.CTLR.offset)
  let before = stage.world.machine.statistics().intCommands
  for round in 1...3 as ClosedRange<UInt64> {
    stage.world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
    stage.world.command([.int(1, 0), .int(1, 1)])
    #expect(
      stage.world.read(.gits(0), GITS.CREADR.offset)
        != stage.world.read(.gits(0), GITS.CWRITER.offset))
    _ = stage.other.perform(Access(.write, size: 4, source: 0, address: control, data: 1))
    #expect(
      stage.world.read(.gits(0), GITS.CREADR.offset)
        == stage.world.read(.gits(0), GITS.CWRITER.offset))
    #expect(stage.world.machine.statistics().intCommands - before == 2 * round)
  }
}

/// A guest that writes any CWRITER from two CPUs, while the slots change: nothing hangs, nothing is
/// lost.
@Test(arguments: QueueWriters.allCases)
func `two threads write any CWRITER`(policy: QueueWriters) {
  let stage = LitmusStage(policy, events: 32)
  let slots = 128
  for slot in 0..<slots {
    stage.world.enqueue([QueueEntry(.int(1, EventID(rawValue: UInt32(slot % 32))))])
  }
  let place = stage.world.base(.gits(0)) + UInt64(GITS.CWRITER.offset)
  stage.race(
    left: { round in
      _ = stage.world.machine.perform(
        Access(.write, size: 8, source: 0, address: place, data: UInt64(round * 7 % slots * 32)))
    },
    right: { round in
      _ = stage.other.perform(
        Access(.write, size: 8, source: 0, address: place, data: UInt64(round * 11 % slots * 32)))
    })
  #expect(stage.world.isConserved)
  #expect(
    stage.world.read(.gits(0), GITS.CREADR.offset)
      == stage.world.read(.gits(0), GITS.CWRITER.offset))
}

/// What takes mappings away comes from both sides at once: a queue, and registers that drop what is
/// remembered. Nothing is given back twice, and MSIs go on.
@Test func `two invalidators at once`() {
  let stage = LitmusStage(events: 32)
  let control = stage.world.base(.gits(0)) + UInt64(GITS.CTLR.offset)
  let devices = stage.world.base(.gits(0)) + UInt64(GITS.BASER.offset)
  let table = stage.world.read(.gits(0), GITS.BASER.offset)
  stage.race(
    left: { _ in
      var commands = [stage.world.mapd(1, itt: 1)]
      for event in 0..<32 as Range<UInt32> {
        commands.append(.mapti(1, EventID(rawValue: event), INTID(rawValue: 8192 + event), 0))
      }
      commands += [.discard(1, 0), .mapd(1, nil), stage.world.mapd(1, itt: 1), .mapd(1, nil)]
      stage.world.command(commands)
    },
    right: { round in
      for event in 0..<8 as Range<UInt32> { stage.msi(event) }
      guard round % 2 == 0 else { return }
      for value in [0, 1] as [UInt64] {
        _ = stage.other.perform(
          Access(.write, size: 4, source: 0, address: control, data: value))
        if value == 0 {
          _ = stage.other.perform(
            Access(.write, size: 8, source: 0, address: devices, data: table))
        }
      }
    })
  #expect(stage.world.isConserved)
  #expect(!stage.world.machine.engine.its[0].translations.hasRetired)
}

/// One PE, MSIs from two threads: whatever was left in an inbox has been taken out.
@Test func `two threads send to one PE`() {
  let stage = LitmusStage(events: 32)
  var wrong = 0
  stage.race(
    before: { _ in stage.acknowledgeAll() },
    left: { _ in
      for event in 0..<32 as Range<UInt32> { stage.world.msi(1, event) }
    },
    right: { _ in
      for event in (0..<32 as Range<UInt32>).reversed() { stage.msi(event) }
    },
    after: { _ in
      if stage.world.machine.engine.pes[0].lpis.count != 32 { wrong += 1 }
      if stage.world.lines(0) != .irq { wrong += 1 }
    })
  #expect(wrong == 0)
  #expect(stage.world.isConserved)
}

/// One thread sends, the other acknowledges: every LPI that was sent comes, and the last one too.
@Test func `MSIs race their handler`() {
  let stage = LitmusStage(events: 32)
  var taken = 0
  stage.race(
    left: { _ in
      for _ in 0..<24 {
        let intid = stage.world.get(.iar1)
        guard intid != 1023 else { continue }
        taken += 1
        stage.world.set(.eoir1, intid)
      }
    },
    right: { _ in for event in 0..<16 as Range<UInt32> { stage.msi(event) } })
  stage.acknowledgeAll()
  #expect(taken > 0)
  let statistics = stage.world.machine.statistics()
  #expect(statistics.pending == 0)
  #expect(statistics.msis == statistics.delivered + statistics.merged)
  #expect(stage.world.lines(0) == [])
}

/// After a last flush the table in RAM says what is pending, whatever flushes saw before.
@Test func `MSIs race flushes of the pending tables`() {
  let stage = LitmusStage(events: 32)
  stage.race(
    left: { _ in stage.world.machine.flushPendingTables() },
    right: { round in stage.msi(UInt32(round % 32)) })
  stage.world.machine.flushPendingTables()
  for event in 0..<32 as Range<UInt32> {
    let intid = INTID(rawValue: 8192 + event)
    #expect(
      stage.world.isPendingInRAM(intid, pe: 0)
        == stage.world.machine.engine.pes[0].lpis.isPending(intid))
  }
}

/// A long queue goes on in steps; another access of the same lane comes in between, and is not held
/// up by more than a step.
@Test func `a backlog of INVALL is worked off in steps`() {
  let world = World()
  world.setUpTables(0)
  world.setUpQueue(0)
  world.bringUp(0)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  world.command(.mapc(0, 0))
  let count = 1_000
  let offset = world.enqueue(Array(repeating: QueueEntry(.invall(0)), count: count))
  let place = world.base(.gits(0)) + UInt64(GITS.CWRITER.offset)
  var steps = 1
  switch world.machine.begin(
    Access(.write, size: 8, source: 0, address: place, data: UInt64(offset)))
  {
  case .done: Issue.record("all at once")
  case .working(var work):
    var before = Int(world.read(.gits(0), GITS.CREADR.offset))
    while world.machine.resume(&work) == nil {
      steps += 1
      let creadr = Int(world.read(.gits(0), GITS.CREADR.offset))
      // One at least, and no more than a step may cost, however fast the host is.
      let done = (creadr - before) / 32
      #expect((1...QueueCost.batch / QueueCost.wholeTable).contains(done))
      before = creadr
    }
  }
  #expect(steps >= count * QueueCost.wholeTable / QueueCost.batch - 1)
  #expect(world.machine.statistics().commands["INVALL"] == UInt64(count))
}
