import Foundation
import GICArch
import Synchronization

@testable import GICModel

/// How often a race is run: `ITSD_LITMUS_ROUNDS`, or few.
let litmusRounds = environmentNumber("ITSD_LITMUS_ROUNDS") ?? 400

/// Two PEs, device 1 with its events, and two lanes whose threads meet before each race. Collection
/// 0 goes to PE 0, collection 1 to PE 1, event e of device 1 is LPI 8192 + e of collection 0,
/// enabled.
@safe final class LitmusStage: @unchecked Sendable {
  let world: World
  /// Of the MSIs; the world's own is the other one.
  let other: FunctionalMachine
  /// What a device has written before it sends its MSI.
  let data = Atomic<Int>(0)
  private let arrived = Atomic<Int>(0)

  init(
    _ policy: QueueWriters = .combining, profile: Profile = Profile(), events: Int = 4
  ) {
    var configuration = World.configuration()
    configuration.queueWriters = policy
    configuration.profile = profile
    world = World.booted(configuration)
    other = world.machine.makeLane()
    world.mapLPIs(Array(repeating: 0xa1, count: events))
  }

  /// Both threads go on from here together, as far as a spinning loop can tell.
  func meet(_ turn: Int) {
    arrived.add(1, ordering: .sequentiallyConsistent)
    var patience = Patience()
    while arrived.load(ordering: .sequentiallyConsistent) < 2 * turn { patience.wait() }
  }

  /// Runs `left` here and `right` on another thread, `rounds` times, each time between `before` and
  /// `after`, which are alone. When it returns, the other thread holds nothing any more.
  func race(
    rounds: Int = litmusRounds, before: (Int) -> Void = { _ in }, left: (Int) -> Void,
    right: @escaping @Sendable (Int) -> Void, after: (Int) -> Void = { _ in }
  ) {
    // A group is left when its closure is gone. A `Thread` has its closure until it ends, some time
    // after the last round: it would keep the machine beyond the end of the test.
    let over = DispatchGroup()
    DispatchQueue(label: "right").async(group: over) { [self] in
      var dice = Dice(seed: 2)
      for round in 0..<rounds {
        meet(3 * round + 1)
        Self.dawdle(&dice)
        right(round)
        meet(3 * round + 2)
        meet(3 * round + 3)
      }
    }
    defer { over.wait() }
    var dice = Dice(seed: 1)
    for round in 0..<rounds {
      before(round)
      meet(3 * round + 1)
      Self.dawdle(&dice)
      left(round)
      meet(3 * round + 2)
      after(round)
      meet(3 * round + 3)
    }
  }

  /// Some instructions more or less, so that the two meet everywhere.
  private static func dawdle(_ dice: inout Dice) {
    for _ in 0..<dice.roll(150) { _ = dice.next() }
  }

  @discardableResult
  func msi(_ event: UInt32, device: UInt32 = 1) -> MSIOutcome.Kind {
    MSIOutcome(
      packed: other.perform(
        Access(.msi, source: device, address: world.base(.gits(0)), data: UInt64(event))
      ).value
    ).kind
  }

  /// Where an LPI is pending.
  func places(_ intid: INTID) -> String {
    let found = (0..<world.machine.engine.pes.count).filter {
      world.machine.engine.pes[$0].lpis.isPending(intid)
    }
    return found.isEmpty ? "nowhere" : found.map { "PE\($0)" }.joined(separator: "+")
  }

  /// The PEs have nothing pending, and are what they were at the beginning.
  func acknowledgeAll() {
    for pe in 0..<world.machine.engine.pes.count {
      while true {
        let intid = world.get(.iar1, pe: pe)
        if intid == 1023 { break }
        world.set(.eoir1, intid, pe: pe)
      }
    }
  }
}
