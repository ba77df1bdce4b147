/// Measures every level: how high it was for how long. It hears nothing of transactions, so that a
/// machine with no other tracer pays for additions only. Copies are the same storage; its owner
/// deallocates it.
struct LevelMeter: TimingTracer {
  static var isOn: Bool { false }
  static var hearsLevels: Bool { true }

  private struct Reading: BitwiseCopyable {
    var value: UInt64
    var least: UInt64
    var greatest: UInt64
    /// Each change times its cycle, modulo 2^64: what the value times all cycles is too much by.
    var moment: UInt64 = 0

    init(_ value: UInt64) { (self.value, least, greatest) = (value, value, value) }

    /// The value times the cycles for which it was that.
    func integral(until cycle: UInt64) -> UInt64 { value &* cycle &- moment }
  }
  let shape: TimingShape
  private let readings: Slab<Reading>
  /// Where the units of a level begin, by its raw value.
  private let bases: InlineArray<16, Int>

  init(_ shape: TimingShape) {
    self.shape = shape
    var start = 0
    var bases = InlineArray<16, Int>(repeating: 0)
    for level in TimingLevel.allCases {
      bases[Int(level.rawValue)] = start
      start += shape.unitCount(level)
    }
    self.bases = bases
    readings = Slab(repeating: Reading(0), count: start)
    reset()
  }

  func deallocate() { readings.deallocate() }

  func reset() {
    for level in TimingLevel.allCases {
      for unit in 0..<shape.unitCount(level) {
        readings[bases[Int(level.rawValue)] + unit] = Reading(UInt64(shape.reset(level)))
      }
    }
  }

  @inline(__always) mutating func trace(_ event: TimingEvent) {
    guard case .level(let level, let unit, let value, let cycle) = event else { return }
    // A state counts as long as it is not idle.
    let amount = UInt64(truncatingIfNeeded: level.isState && value != 0 ? 1 : value)
    let reading = readings.element(bases[Int(level.rawValue)] &+ unit)
    reading.value.moment &+= (amount &- reading.value.value) &* cycle
    reading.value.value = amount
    // Free credits are told by the least, everything else by the most.
    if level == .credits {
      if amount < reading.value.least { reading.value.least = amount }
    } else if amount > reading.value.greatest {
      reading.value.greatest = amount
    }
  }

  @inline(__always) mutating func tracePassing(_ level: TimingLevel, _ unit: Int) {
    let reading = readings.element(bases[Int(level.rawValue)] &+ unit)
    if reading.value.greatest == 0 { reading.value.greatest = 1 }
  }

  @inline(__always) mutating func traceLoan(
    _ level: TimingLevel, _ unit: Int, from: UInt64, to: UInt64, left: Int
  ) {
    let reading = readings.element(bases[Int(level.rawValue)] &+ unit)
    reading.value.moment &+= to &- from
    let left = UInt64(truncatingIfNeeded: left)
    if left < reading.value.least { reading.value.least = left }
  }

  /// What the level is now; of a state, whether it is idle.
  func value(_ level: TimingLevel, _ unit: Int) -> Int {
    Int(readings[bases[Int(level.rawValue)] + unit].value)
  }

  /// Adds what was measured up to `cycle` to a machine's statistics.
  func report(into statistics: inout MachineStatistics, at cycle: UInt64) {
    for level in TimingLevel.allCases {
      for unit in 0..<shape.unitCount(level) {
        let reading = readings[bases[Int(level.rawValue)] + unit]
        var (integral, greatest) = (reading.integral(until: cycle), reading.greatest)
        if level == .credits {
          // Measured free, told in use.
          integral = UInt64(shape.linkCredits) &* cycle &- integral
          greatest = UInt64(shape.linkCredits) &- reading.least
        }
        if level.owner == .pe {
          if statistics.pes.indices.contains(unit) {
            statistics.pes[unit].presentingCycles = integral
          }
        } else {
          statistics.queues.append(
            MachineStatistics.Queue(
              name: shape.name(level, unit), capacity: shape.capacity(level),
              occupancyCycles: integral, max: greatest))
        }
      }
    }
    addEvents(to: &statistics, at: cycle)
  }

  /// GICP's events that follow from what others have counted, and all of them in GICP's order.
  /// - Source: Arm GIC-600 TRM (100336), "GICP_EVTYPERn"; UP_ACT_LPI, ITS_MPFA and LPI_FAS:
  ///   GIC-720AE TRM (102666); the last two add up what is free in each cycle.
  private func addEvents(to statistics: inout MachineStatistics, at cycle: UInt64) {
    var freeSlots: UInt64 = 0
    for n in 0..<shape.itsCount {
      let busy = readings[bases[Int(TimingLevel.translationSlots.rawValue)] + n]
      let slots = UInt64(shape.capacity(.translationSlots) ?? 0)
      freeSlots &+= slots &* cycle &- busy.integral(until: cycle)
    }
    let lpis = statistics.pes.reduce(0) { $0 &+ $1.lpisAcknowledged }
    var freeEntries: UInt64 = 0
    for unit in 0..<shape.lpiUnitCount {
      let held = readings[bases[Int(TimingLevel.pendingEntries.rawValue)] + unit]
      let entries = UInt64(shape.capacity(.pendingEntries) ?? 0)
      freeEntries &+= entries &* cycle &- held.integral(until: cycle)
    }
    // No LPI is locked in a cache here, so every one is of normal latency.
    let normal = statistics.events.first { $0.name == "LPI" }?.count ?? 0
    let all =
      statistics.events + [
        // The GIC-600 has UP_ACTREL at this number: activates and releases.
        .init(name: "UP_ACT_LPI", gicp: 0x0b, count: lpis),
        .init(name: "NLL_LPI", gicp: 0x20, count: normal),
        .init(name: "ITS_MPFA", gicp: 0x28, count: freeSlots),
        .init(name: "LPI_FAS", gicp: 0x36, count: freeEntries),
      ]
    let numbered = all.filter { $0.gicp != nil }.sorted { ($0.gicp ?? 0) < ($1.gicp ?? 0) }
    statistics.events = numbered + all.filter { $0.gicp == nil }
  }
}

extension LevelMeter {
  func archive(_ archive: inout Archive) throws(SnapshotError) {
    let readings = readings
    try archive.field(
      "levels", count: readings.count * 5,
      read: { place in
        let reading = readings[place / 5]
        // As an integral until cycle 0.
        return [reading.value, reading.least, reading.greatest, 0 &- reading.moment, 0][place % 5]
      },
      write: { place, word in
        switch place % 5 {
        case 0: readings[place / 5].value = word
        case 1: readings[place / 5].least = word
        case 2: readings[place / 5].greatest = word
        case 3: readings[place / 5].moment = 0 &- word
        default: readings[place / 5].moment &+= readings[place / 5].value &* word
        }
      })
  }
}
