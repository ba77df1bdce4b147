// How much memory a machine holds.

import CKernel
import Foundation
import GICArch
import GICModel

/// `size.state_per_pe`: what the heap grows by with each PE whose LPIs are enabled, the one table
/// of configuration bytes aside, which all share. `size.rss_1024pe`: resident memory of a process
/// that has one machine of 1,024 PEs with 57,344 LPIs each, and 10^6 mapped events; what its guest
/// has touched of its RAM is in it. `size.rss_1024pe_timed`: the same on the timed clock.
func sizeSuite() -> [Benchmark] {
  [
    Benchmark(name: "size.state_per_pe", measure: { _ in Measured(bytes: try statePerPE()) }),
    Benchmark(
      name: "size.rss_1024pe",
      measure: { _ in Measured(bytes: try residentOfLargeMachine(.functional)) }),
    Benchmark(
      name: "size.rss_1024pe_timed",
      measure: { _ in Measured(bytes: try residentOfLargeMachine(.timed)) }),
  ]
}

private func statePerPE() throws -> Double {
  func bytes(_ pes: Int) throws -> Int {
    let layout = Layout(devices: 1, pes: pes)
    let before = heap_bytes()
    let guest = try Guest(
      ModelSide(FunctionalMachine(layout.configuration(.functional)), layout), layout)
    return withExtendedLifetime(guest) { Int(heap_bytes() - before) }
  }
  return Double(try bytes(1024) - bytes(512)) / 512
}

/// In a process of its own: this one has held more.
private func residentOfLargeMachine(_ clock: MachineStatistics.Clock) throws -> Double {
  let child = Process()
  let output = Pipe()
  child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  child.arguments = ["hold-large-machine"] + (clock == .timed ? ["--timed"] : [])
  child.standardOutput = output
  try child.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  child.waitUntilExit()
  guard child.terminationStatus == 0, let bytes = Double(text.filter(\.isNumber)) else {
    throw WrongWork(description: "size.rss_1024pe: the machine could not be made")
  }
  return bytes
}

/// - Returns: resident bytes of this process with the machine in it.
func holdLargeMachine(_ clock: MachineStatistics.Clock) throws -> Int {
  let layout = Layout(devices: 31250, pes: 1024)
  let configuration = layout.configuration(clock)
  let guest =
    clock == .timed
    ? try Guest(ModelSide(TimedMachine(configuration), layout), layout)
    : try Guest(ModelSide(FunctionalMachine(configuration), layout), layout)
  return withExtendedLifetime(guest) { Host.residentBytes() }
}
