/// Keeps accounts of transactions and of queues, apart from those that the units keep themselves.
struct AccountTracer: TimingTracer {
  static var isOn: Bool { true }

  /// A level's cycles times what it was, and where it stands.
  private struct Integral {
    var value = 0
    var since: UInt64 = 0
    var sum: UInt64 = 0
  }
  struct Account {
    var kind: Transaction.Kind
    var start: UInt64
    var reached: UInt64
    var entered: UInt64
    var sum: UInt64 = 0
  }
  private var integrals: [Int: Integral] = [:]
  private var open: [UInt64: Account] = [:]
  /// Cycles in each stage, of all transactions that are no SYNC.
  private(set) var stages = [UInt64](repeating: 0, count: MSIStage.allCases.count)
  /// MSIs' cycles from their entry into the ingress FIFO to their grant.
  private(set) var ingressCycles: UInt64 = 0
  private(set) var began: [UInt64] = Array(repeating: 0, count: 12)
  private(set) var ended: [UInt64] = Array(repeating: 0, count: TimingEnd.allCases.count)
  /// Transactions whose stages are not the whole of their time, without gap or overlap.
  private(set) var broken = 0
  /// By MSI, in the order of arrival: when it ended.
  private(set) var ends: [UInt64: UInt64] = [:]
  private(set) var messagesTaken: UInt64 = 0

  mutating func trace(_ event: TimingEvent) {
    switch event {
    case .began(let serial, let kind, _, _, _, _, let cycle):
      open[serial] = Account(kind: kind, start: cycle, reached: cycle, entered: cycle)
      began[Int(kind.rawValue)] += 1
    case .granted(let serial, let cycle):
      if let account = open[serial], account.kind == .msi {
        ingressCycles += cycle - account.entered
      }
    case .routed, .decoded: break
    case .spent(let serial, let stage, let start, let end): spend(serial, stage, start, end)
    case .ended(let serial, let how, let cycle):
      ended[Int(how.rawValue)] += 1
      guard let account = open.removeValue(forKey: serial) else {
        broken += 1
        return
      }
      if account.sum != account.reached - account.start { broken += 1 }
      // What is told of a message ends with its last stage; that of an MSI is its end.
      if account.kind == .msi, how != .taken, account.reached != cycle { broken += 1 }
      if account.kind == .command, how == .completed, account.reached != cycle { broken += 1 }
      if account.kind == .msi { ends[serial] = cycle }
    case .level(let level, let unit, let value, let cycle):
      let key = Int(level.rawValue) << 16 | unit
      var integral = integrals[key] ?? Integral()
      integral.sum += UInt64(integral.value) * (cycle - integral.since)
      (integral.value, integral.since) = (value, cycle)
      integrals[key] = integral
    }
  }

  private mutating func spend(
    _ serial: UInt64, _ stage: TimingStage, _ start: UInt64, _ end: UInt64
  ) {
    guard var account = open[serial] else {
      broken += 1
      return
    }
    if start != account.reached || end < start { broken += 1 }
    account.reached = end
    account.sum += end - start
    if case .msi(let stage) = stage {
      stages[stage.rawValue] += end - start
      if stage == .ingressWait { account.entered = end }
      if stage == .lpiLookup { messagesTaken += 1 }
    }
    open[serial] = account
  }

  /// Transactions that have not ended.
  var openCount: Int { open.count }

  /// The time integral of a level, of all its units; each must be back at 0.
  func integral(_ level: TimingLevel) -> UInt64 {
    integrals.filter { $0.key >> 16 == Int(level.rawValue) }.reduce(0) { $0 + $1.value.sum }
  }
}

typealias AccountedCore = TimedCore<TheoryRules, AccountTracer>

extension TimedCore where Rules == TheoryRules {
  /// Random MSIs of many devices, and every command in turn, with bursts and pauses; then all ends.
  mutating func randomTraffic(seed: UInt64, count: Int, syncs: Bool) {
    var random = SeededGenerator(seed: seed)
    let scripts = TheoryRules.scripts(syncs: syncs)
    for step in 0..<count {
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        submit(
          UInt32.random(in: 0..<40, using: &random), UInt32.random(in: 0..<60, using: &random))
      }
      if step % 8 == 0 {
        // One script at a time: what was written is granted first.
        finish()
        rules.script = scripts[step / 8 % scripts.count]
        write(Int.random(in: 1...5, using: &random))
      }
      let pause = UInt64.random(in: 0...120, using: &random)
      run(to: now + pause)
      acknowledgeShown()
    }
    finish()
  }
}
