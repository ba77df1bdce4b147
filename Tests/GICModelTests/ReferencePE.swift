import GICArch
import GICModel

/// An SGI, PPI or SPI.
struct ReferenceInterrupt {
  var enabled = false
  var isGroup1 = false
  var priority: UInt8 = 0
  var latched = false
  var level = false
  var active = false
  var isEdge = false
  /// An SPI's GICD_IROUTER.
  var route: UInt64 = 0
  var isPending: Bool { latched || (level && !isEdge) }

  mutating func drive(_ high: Bool) {
    if high, !level, isEdge { latched = true }
    level = high
  }
  mutating func acknowledge() {
    active = true
    latched = false
  }
}

/// One PE: redistributor and CPU interface.
struct ReferencePE {
  let affinity: Affinity
  let priorityBits: Int
  var privates: [ReferenceInterrupt]
  var lpisEnabled = false
  var properties = PropertyBase()
  /// Which of RAM's pending tables, and PENDBASER.PTZ.
  var pendingTable = 0
  var tableIsZero = false
  /// What PROPBASER and PENDBASER read.
  var lpiBasers: [UInt64] = [0, 0]
  /// LPIs of the architecture's redistributor.
  var pending: Set<UInt32> = []

  var pmr: UInt8 = 0
  var bpr0: Int
  var bpr1: Int
  var eoiMode = false
  var cbpr = false
  var igrpen0 = false
  var igrpen1 = false
  /// GICR_WAKER.ProcessorSleep, GICR_CTLR.DPG0 and DPG1NS.
  var isAsleep = true
  var isDeselected0 = false
  var isDeselected1 = false
  /// Group priorities that are active.
  var active0: Set<UInt8> = []
  var active1: Set<UInt8> = []
  var lines: LineLevels = []

  init(affinity: Affinity, priorityBits: Int) {
    (self.affinity, self.priorityBits) = (affinity, priorityBits)
    privates = (0..<32).map { intid in
      var interrupt = ReferenceInterrupt()
      interrupt.isEdge = intid < 16
      return interrupt
    }
    bpr0 = max(7 - priorityBits, 0)
    bpr1 = bpr0 + 1
  }

  /// GICR_CTLR's EnableLPIs, DPG0 and DPG1NS.
  var control: UInt64 {
    (lpisEnabled ? 1 : 0) | (isDeselected0 ? 1 << 24 : 0) | (isDeselected1 ? 1 << 25 : 0)
  }

  /// Whether it takes SPIs for any PE.
  func participates(group1: Bool) -> Bool {
    guard !isAsleep else { return false }
    return group1 ? igrpen1 && !isDeselected1 : igrpen0 && !isDeselected0
  }

  func has(_ intid: UInt32) -> Bool {
    intid >= 8192 && UInt64(intid) < 1 << UInt64(properties.idBits)
  }

  /// The value of a group priority's bits: [7:n+1] for a binary point n of Group 0, [7:n] of Group
  /// 1.
  func groupPriority(_ priority: UInt8, group1: Bool) -> UInt8 {
    let dropped = group1 && !cbpr ? bpr1 : bpr0 + 1
    return dropped > 7 ? 0 : (priority >> UInt8(dropped)) << UInt8(dropped)
  }
  var runningPriority: UInt8 { active0.union(active1).min() ?? 0xff }

  /// Levels of preemption are at most 128: one bit of an AP register each, from the top.
  var bitsPerLevel: Int { max(8 - priorityBits, 1) }
  func activePriorities(group1: Bool, word: Int) -> UInt64 {
    (group1 ? active1 : active0).reduce(0) { sum, priority in
      let bit = Int(priority) >> bitsPerLevel
      return bit / 32 == word ? sum | 1 << UInt64(bit % 32) : sum
    }
  }
}

/// What a PE may be shown.
struct ReferenceCandidate {
  var intid: UInt32
  var priority: UInt8
  var isGroup1: Bool
}

extension ReferenceMachine {
  func highest(_ pe: Int) -> ReferenceCandidate? {
    let state = pes[pe]
    var all: [ReferenceCandidate] = []
    func weigh(_ intid: UInt32, _ it: ReferenceInterrupt) {
      guard it.enabled, !it.active, it.isPending else { return }
      all.append(
        ReferenceCandidate(intid: intid, priority: it.priority, isGroup1: it.isGroup1))
    }
    for intid in 0..<32 { weigh(UInt32(intid), state.privates[intid]) }
    for (intid, spi) in spis where spi.isPending && target(of: spi) == pe {
      weigh(intid, spi)
    }
    all += pendingLPIs(pe).filter { $0.byte & 1 == 1 }.map {
      ReferenceCandidate(intid: $0.intid, priority: $0.byte & 0xfc, isGroup1: true)
    }
    return
      all.filter { $0.isGroup1 ? group1 && state.igrpen1 : group0 && state.igrpen0 }
      .min { ($0.priority, $0.intid) < ($1.priority, $1.intid) }
  }

  var anyPE: UInt64 { 1 << 31 }
  /// KVM has no SPIs for any PE.
  var choosesAmongPEs: Bool { configuration.identity.oneOfNSupported && !isKVM }

  /// The PE that an SPI is for: the one it names, or the first that participates behind the one
  /// that took such an SPI last.
  private func target(of spi: ReferenceInterrupt) -> Int? {
    guard spi.route & anyPE != 0 else {
      return pes.firstIndex { $0.affinity.mpidr == spi.route }
    }
    let order = Array(pes.indices.dropFirst(turn)) + Array(pes.indices.prefix(turn))
    return order.first { pes[$0].participates(group1: spi.isGroup1) }
  }

  /// The pending LPIs of a PE that takes LPIs, with their configuration bytes.
  private func pendingLPIs(_ pe: Int) -> [(intid: UInt32, byte: UInt8)] {
    guard pes[pe].lpisEnabled else { return [] }
    if isKVM {
      return lpis.filter { $0.value.pending && $0.value.target == pe }
        .map { ($0.key, $0.value.byte) }
    }
    let known = known[pes[pe].properties] ?? [:]
    return pes[pe].pending.map { ($0, known[$0] ?? 0) }
  }

  /// The highest pending interrupt, if it may interrupt what runs.
  func deliverable(_ pe: Int) -> ReferenceCandidate? {
    guard let best = highest(pe), best.priority < pes[pe].pmr else { return nil }
    let running = pes[pe].runningPriority
    let group = pes[pe].groupPriority(best.priority, group1: best.isGroup1)
    return running == 0xff || group < running ? best : nil
  }

  mutating func updateLines() {
    for pe in pes.indices {
      pes[pe].lines = deliverable(pe).map { $0.isGroup1 ? .irq : .fiq } ?? []
    }
  }

  mutating func acknowledge(_ pe: Int, group1: Bool) -> UInt64 {
    guard let best = deliverable(pe), best.isGroup1 == group1 else { return 1023 }
    let group = pes[pe].groupPriority(best.priority, group1: group1)
    if group1 { pes[pe].active1.insert(group) } else { pes[pe].active0.insert(group) }
    switch best.intid {
    case 0..<32: pes[pe].privates[Int(best.intid)].acknowledge()
    case 32..<1020:
      spis[best.intid]?.acknowledge()
      if spis[best.intid]!.route & anyPE != 0 { turn = (pe + 1) % pes.count }
    default:
      pes[pe].pending.remove(best.intid)
      lpis[best.intid]?.pending = false
      delivered += 1
    }
    return UInt64(best.intid)
  }

  private func exists(_ intid: UInt32) -> Bool {
    intid < 32 || spis[intid] != nil || (intid >= 8192 && intid < 65536)
  }

  mutating func endOfInterrupt(_ intid: UInt32, _ pe: Int, group1: Bool) {
    guard exists(intid) else { return }
    if group1 {
      if let highest = pes[pe].active1.min() { pes[pe].active1.remove(highest) }
    } else if let highest = pes[pe].active0.min() {
      pes[pe].active0.remove(highest)
    }
    if !pes[pe].eoiMode { deactivate(intid, pe) }
  }

  mutating func deactivate(_ intid: UInt32, _ pe: Int) {
    if intid < 32 {
      pes[pe].privates[Int(intid)].active = false
    } else {
      spis[intid]?.active = false
    }
  }

  /// An SGI to the PEs listed (of one cluster, Aff0 16 x range + bit), or to all others. KVM lets
  /// ICC_SGI1R_EL1 make SGIs of Group 0, too.
  mutating func sendSGI(
    _ intid: Int, from source: Int, group1: Bool, cluster: UInt32, list: [UInt8]?
  ) {
    for pe in pes.indices {
      let isGroup1 = pes[pe].privates[intid].isGroup1
      guard isGroup1 == group1 || (isKVM && group1) else { continue }
      let affinity = pes[pe].affinity
      let isNamed = list.map { affinity.cluster == cluster && $0.contains(affinity.aff0) }
      if isNamed ?? (pe != source) { pes[pe].privates[intid].latched = true }
    }
  }
}
