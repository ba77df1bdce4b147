import GICArch
import GICConfig
import GICModel
import Testing

@testable import GICReplay

/// The same every time.
struct Dice {
  var state: UInt64
  mutating func roll(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return Int((z ^ z >> 31) >> 1) % bound
  }
}

private func points(_ count: Int, below bound: Int, seed: UInt64) -> Set<Int> {
  var dice = Dice(state: seed)
  var points: Set<Int> = []
  while points.count < count { points.insert(dice.roll(bound)) }
  return points
}

private let configurations = ["kvm", "qemu-virt"]

/// 50 random points with each: the tables saved as KVM saves them, and tables in RAM.
@Test(arguments: configurations)
func `a Linux boot that is saved and restored at random points is the same boot`(
  preset: String
) throws {
  guard let path = TraceFiles.path("linux-smp1") else {
    try Test.cancel("linux-smp1.trace.xz is neither in Tests/Traces nor in ../shared/traces")
  }
  let configs = TraceFiles.tests.deletingLastPathComponent().appendingPathComponent("Configs").path
  let trace = try Trace(contentsOf: path)
  let run = try ReplayRun(
    trace, ReplayOptions(), base: try Presets.load(preset, among: [configs]))
  var machine: MovingMachine?
  let document = try run.run {
    let made = MovingMachine(
      $0, before: points(50, below: trace.events.count / 2, seed: 7),
      move: MovingMachine.byAttributes)
    machine = made
    return made
  }
  #expect(machine?.failure == nil)
  #expect(machine?.moves == 50)
  for (kind, check) in document.checks {
    #expect(check.mismatched == 0, "\(kind): \(check.examples)")
    #expect(check.checked > 0, "\(kind)")
  }
  #expect(document.acknowledgedLPIs == [5011])
  #expect(document.statistics.conservation.holds)
}
