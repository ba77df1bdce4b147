// The express lane, which a traced machine does not have: at no moment may it show which of the two
// machines one looks at.

import GICArch
import Testing

@testable import GICModel

private final class Deaf: TimingSink {
  func take(_ events: Span<TimingEvent>) {}
  func restart() {}
}

/// Everything that a machine says at one moment.
private struct Look: Equatable {
  var cycle: UInt64
  var horizon: UInt64
  var statistics: MachineStatistics?
  var changes: [LineChange] = []
}

/// Ways of one message and then some at once, short ones and long ones.
private func randomTiming(_ random: inout SplitMix64) -> TimingParameters {
  var timing = TimingParameters()
  func cycles(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
  func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  (timing.msiAcceptCycles, timing.arbiterCycles) = (cycles(0...3), cycles(0...2))
  (timing.lookupIntervalCycles, timing.deviceLookupCycles) = (cycles(0...3), cycles(0...4))
  (timing.eventLookupCycles, timing.collectionLookupCycles) = (cycles(0...4), cycles(0...4))
  (timing.linkFormatCycles, timing.linkBeats) = (cycles(0...2), cycles(0...4))
  (timing.linkCredits, timing.linkReturnCycles) = (pick(1...16), cycles(0...20))
  (timing.linkHops, timing.lpiLookupCycles) = (cycles(0...2), cycles(0...9))
  (timing.lpiBankCycles, timing.lpiBanks) = (cycles(0...6), pick(1...3))
  (timing.propertyReadsInFlight, timing.pendingEntries) = (pick(1...4), pick(1...20))
  timing.lpiCache = .init(entries: pick(0...64), ways: 2)
  timing.memoryLatencyCycles = cycles(1...100)
  return timing
}

@Test(arguments: 1...60 as ClosedRange<UInt64>)
func `a machine with an express lane shows what one without does`(seed: UInt64) throws {
  var random = SplitMix64(state: seed)
  let configuration = LawGuest.configuration(.timed, randomTiming(&random), pes: 4)
  let lane = TimedMachine(configuration)
  let guests = [
    LawGuest(around: lane), LawGuest(around: TracedMachine(configuration, sink: Deaf())),
  ]
  var cycle = guests[0].now
  for step in 0..<200 {
    let ahead = UInt64.random(in: 0...[3, 12, 60][step / 20 % 3], using: &random)
    let (device, event) = (
      UInt32.random(in: 0..<8, using: &random), UInt32.random(in: 0..<8, using: &random)
    )
    let (what, pe) = (Int.random(in: 0..<24, using: &random), Int(event) % 4)
    cycle += ahead
    let looks = try guests.map { guest in
      switch what {
      case 0..<15: guest.msi(device, event, at: cycle)
      case 15..<18: _ = guest.acknowledge(pe, at: cycle)
      case 18:
        let intid = LawGuest.intid(device, event)
        guest.issue([.int(DeviceID(rawValue: device), EventID(rawValue: event))], at: cycle)
        guest.configure(intid, 0xa1)
      case 19: _ = guest.creadr(at: cycle)
      case 20: try guest.machine.restore(snapshot: guest.machine.snapshot())
      case 21: _ = guest.machine.advance(to: .max, until: .idle)
      default: _ = guest.machine.advance(to: cycle, until: .limit)
      }
      var look = Look(cycle: guest.now, horizon: guest.machine.horizon)
      if step % 9 == 0 { look.statistics = guest.machine.statistics() }
      guest.machine.drainLineChanges(into: &look.changes)
      return look
    }
    #expect(looks[0] == looks[1], "at step \(step)")
    cycle = max(cycle, looks[0].cycle)
  }
  guests.forEach { $0.settle() }
  #expect(guests[0].now == guests[1].now)
  #expect(guests[0].machine.statistics() == guests[1].machine.statistics())
}

@Test func `MSIs to idle PEs take the express lane`() {
  let lane = TimedMachine(LawGuest.configuration(.timed, TimingParameters(), pes: 4))
  let guest = LawGuest(around: lane)
  for round in 0..<2 {
    let start = guest.now
    for event in 0..<4 as Range<UInt32> { guest.msi(0, event, at: start + UInt64(event) * 8) }
    let onLane = lane.core.express.queue.count
    // What the first round reads the second finds.
    #expect(onLane > 0 || round == 0)
    guest.settle()
    for pe in 0..<4 { _ = guest.acknowledge(pe) }
  }
  #expect(lane.core.express.queue.isEmpty)
}
