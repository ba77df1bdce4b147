import Foundation
import GICArch
import GICModel
import Testing

/// Runs a program. Returns the number of the step after which the two differ, and how.
private func run(_ program: [Step], _ shape: ProgramShape) -> (step: Int, text: String)? {
  let run = ReferenceRun(shape)
  for (index, step) in program.enumerated() {
    if let text = run.take(step) { return (index, text) }
    if index % 50 == 49, let text = run.difference() { return (index, text) }
  }
  return (run.difference() ?? run.differenceOfPendingTables()).map { (program.count, $0) }
}

/// Leaves out parts of a failing program, halves first, as long as what is left still fails. It is
/// cut where it fails, so that it is soon short.
private func shrink(_ program: [Step], _ shape: ProgramShape) -> (program: [Step], text: String) {
  // One command a step, so that a single one can go.
  var program = program.flatMap { step -> [Step] in
    guard case .commands(let n, let commands) = step else { return [step] }
    return commands.map { .commands(its: n, [$0]) }
  }
  var text = ""
  var length = program.count / 2
  while length > 0 {
    var start = 0
    while start < program.count {
      var shorter = program
      shorter.removeSubrange(start..<min(start + length, program.count))
      if let failure = run(shorter, shape) {
        program = Array(shorter.prefix(failure.step + 1))
        text = failure.text
      } else {
        start += length
      }
    }
    length /= 2
  }
  return (program, text)
}

private let environment = ProcessInfo.processInfo.environment
/// One profile, or all.
private let bases: [Profile.Base] =
  environment["ITSD_PROFILE"].flatMap { Profile.Base(rawValue: $0) }.map { [$0] }
  ?? Profile.Base.allCases
/// One seed by its number, or the first `ITSD_SEEDS`. Few and short here, where the model is not
/// optimised: `make test` runs many more of them in a package that is.
private let seeds: [UInt64] =
  environment["ITSD_SEED"].flatMap { UInt64($0) }.map { [$0] }
  ?? Array(1...max(environment["ITSD_SEEDS"].flatMap { UInt64($0) } ?? 20, 1))
private let stepCount = environment["ITSD_STEPS"].flatMap { Int($0) } ?? 200

/// A value's text without the names of modules and types, which say nothing here.
private func plain(_ value: some Any) -> String {
  "\(value)".replacing(/[A-Z]\w*\.(?:[A-Z]\w*\.)*|ITSCommand|Optional/, with: "")
}

private struct Failure {
  var base: Profile.Base
  var seed: UInt64
  var step: Int
  var text: String
}

private func program(_ base: Profile.Base, _ seed: UInt64) -> (ProgramShape, [Step]) {
  let shape = ProgramShape(seed: seed, base: base)
  var writer = ProgramWriter(shape: shape, seed: seed)
  return (shape, writer.program(stepCount))
}

/// What to tell of a seed that fails: how to repeat it, and the shortest program that fails too.
private func report(_ failure: Failure) -> String {
  let (shape, program) = program(failure.base, failure.seed)
  let short = shrink(Array(program.prefix(failure.step + 1)), shape)
  let again = "ITSD_PROFILE=\(failure.base) ITSD_SEED=\(failure.seed) ITSD_STEPS=\(stepCount)"
  let steps = short.program.map { "  \(plain($0))" }.joined(separator: "\n")
  return """
    \(failure.base), seed \(failure.seed), step \(failure.step): \(failure.text)
    again: \(again) swift test --filter 'random programs'
    shortest, \(short.program.count) steps on \(plain(shape)):
    \(steps)
    then: \(short.text.isEmpty ? failure.text : short.text)
    """
}

/// Shrinking takes many runs: of many seeds that fail, the first ones are told.
private let toldFailures = 2

@Test(arguments: bases)
private func `random programs do what the reference says`(base: Profile.Base) async {
  let failures = await withTaskGroup(of: Failure?.self) { group in
    for seed in seeds {
      group.addTask {
        let (shape, program) = program(base, seed)
        return run(program, shape).map {
          Failure(base: base, seed: seed, step: $0.step, text: $0.text)
        }
      }
    }
    var failures: [Failure] = []
    for await failure in group { failures += failure.map { [$0] } ?? [] }
    return failures.sorted { $0.seed < $1.seed }
  }
  for failure in failures.prefix(toldFailures) { Issue.record("\(report(failure))") }
  #expect(failures.isEmpty, "seeds \(failures.map(\.seed))")
  print(
    "random programs, \(base): \(seeds.count) seeds of \(stepCount) steps, \(failures.count) fail")
}
