import GICModel

/// How an epoch series is written.
public enum EpochFormat: Sendable {
  /// One line an epoch.
  case csv
  /// An object with `epoch_cycles`, `columns` and `rows`, an array an epoch.
  case json
}

/// A time series: what happened in each so many cycles, and how full queues were. An epoch in which
/// nothing happened has no row; levels stayed what they were.
struct EpochWriter {
  private struct Sum {
    /// The value times the cycles for which it was that, since the epoch began.
    var integral: UInt64 = 0
    var value: UInt64
    var max: UInt64
    var since: UInt64 = 0
  }
  private var output: TraceOutput
  private let format: EpochFormat
  private let cycles: UInt64
  private let linkCredits: Int
  /// Where the present epoch begins.
  private var start: UInt64 = 0
  private var isEmpty = true
  private var isFirst = true
  /// By place in ``Levels/levels``, without the PEs'.
  private var sums: [Sum] = []
  /// The last sum: how many PEs are being presented something.
  private var presenting: Int

  private struct Counts {
    var msis: UInt64 = 0
    var granted: UInt64 = 0
    var ends = InlineArray<7, UInt64>(repeating: 0)
    var commands: UInt64 = 0
    var latencySum: UInt64 = 0
    var latencyMax: UInt64 = 0
  }
  private var counts = Counts()
  private static let ends: [TimingEnd] = [.presented, .merged, .dropped, .taken]

  init(
    _ shape: TimingShape, _ levels: Levels, cycles: UInt64, format: EpochFormat,
    _ output: TraceOutput
  ) {
    (self.cycles, self.format, self.output) = (max(1, cycles), format, output)
    linkCredits = shape.linkCredits
    var columns = ["cycle", "msis", "granted"] + EpochWriter.ends.map(\.text)
    columns += ["commands", "latency_mean", "latency_max"]
    for level in levels.levels where level.level.owner != .pe {
      let name = shape.name(level.level, level.unit)
      columns += [name + ".mean", name + ".max"]
      sums.append(Sum(value: 0, max: 0))
    }
    presenting = sums.count
    sums.append(Sum(value: 0, max: 0))
    columns += ["pes.presenting.mean", "pes.presenting.max"]
    switch format {
    case .csv: self.output.append(contentsOf: (columns.joined(separator: ",") + "\n").utf8)
    case .json:
      let names = columns.map { "\"\($0)\"" }.joined(separator: ",")
      let head = "{\"columns\":[\(names)],\"epoch_cycles\":\(self.cycles),\"rows\":["
      self.output.append(contentsOf: head.utf8)
    }
  }

  /// What a level adds to its column: credits count when they are in use, states when they are not
  /// idle.
  private func amount(_ level: Levels.Level) -> UInt64 {
    switch level.level {
    case .credits: UInt64(max(0, linkCredits - level.value))
    case .executing, .presenting: level.value == 0 ? 0 : 1
    default: UInt64(max(0, level.value))
    }
  }

  /// Something happens at `cycle`; cycles never fall.
  @inline(__always) private mutating func move(to cycle: UInt64) {
    if cycle &- start >= cycles { turn(to: cycle) }
    isEmpty = false
  }

  private mutating func turn(to cycle: UInt64) {
    let end = start + cycles
    for place in sums.indices {
      sums[place].integral += sums[place].value * (end - sums[place].since)
    }
    if !isEmpty { row() }
    start = cycle / cycles * cycles
    isEmpty = true
    counts = Counts()
    for place in sums.indices {
      sums[place].integral = 0
      sums[place].max = sums[place].value
      sums[place].since = start
    }
  }

  mutating func arrived(at cycle: UInt64) {
    move(to: cycle)
    counts.msis += 1
  }
  mutating func granted(at cycle: UInt64) {
    move(to: cycle)
    counts.granted += 1
  }
  mutating func ended(
    _ how: TimingEnd, at cycle: UInt64, _ transaction: borrowing LiveTransaction
  ) {
    move(to: cycle)
    if transaction.kind == .command, how == .completed { counts.commands += 1 }
    guard transaction.kind == .msi else { return }
    counts.ends[Int(how.rawValue)] += 1
    guard how == .presented || how == .merged else { return }
    let latency = cycle &- transaction.start
    counts.latencySum += latency
    counts.latencyMax = max(counts.latencyMax, latency)
  }

  /// A level has a new value from `cycle` on.
  mutating func level(_ place: Int, _ level: Levels.Level, at cycle: UInt64) {
    move(to: cycle)
    let isPE = level.level.owner == .pe
    let at = isPE ? presenting : place
    sums[at].integral += sums[at].value * (cycle - sums[at].since)
    sums[at].since = cycle
    let value = amount(level)
    sums[at].value = !isPE ? value : value > 0 ? sums[at].value + 1 : sums[at].value - 1
    sums[at].max = max(sums[at].max, sums[at].value)
  }

  private mutating func row() {
    if format == .json {
      output.append(contentsOf: (isFirst ? "[" : ",[").utf8)
      isFirst = false
    }
    output.append(decimal: start)
    number(counts.msis)
    number(counts.granted)
    for end in EpochWriter.ends { number(counts.ends[Int(end.rawValue)]) }
    number(counts.commands)
    let measured =
      counts.ends[Int(TimingEnd.presented.rawValue)] + counts.ends[Int(TimingEnd.merged.rawValue)]
    mean(counts.latencySum, measured)
    number(counts.latencyMax)
    for sum in sums {
      mean(sum.integral, cycles)
      number(sum.max)
    }
    output.append(format == .csv ? UInt8(ascii: "\n") : UInt8(ascii: "]"))
  }

  private mutating func number(_ value: UInt64) {
    output.append(UInt8(ascii: ","))
    output.append(decimal: value)
  }
  /// The quotient with three digits behind the point, rounded down.
  private mutating func mean(_ sum: UInt64, _ count: UInt64) {
    output.append(UInt8(ascii: ","))
    guard count > 0 else { return output.append(decimal: 0) }
    let (high, low) = sum.multipliedFullWidth(by: 1000)
    output.append(
      thousandths: high < count ? count.dividingFullWidth((high, low)).quotient : .max)
  }

  /// The last epoch ends with the simulation.
  mutating func finish(at cycle: UInt64) throws {
    turn(to: max(cycle, start) + cycles)
    if format == .json { output.append(contentsOf: "]}\n".utf8) }
    try output.finish()
  }
}
