import GICArch
import Synchronization

/// Everything that belongs to one PE: its redistributor, its private interrupts, its CPU interface
/// and its lines. One owner at a time (``PEDoor``); whether and which LPIs it takes changes only
/// while nobody else works on the machine, and any thread may ask for the lines.
struct PEState: ~Copyable {
  let affinity: Affinity

  // Redistributor, LPIs
  var lpisEnabled = false {
    didSet { plainCount = lpisEnabled && isPlain ? lpiLimit &- INTID.firstLPI.rawValue : 0 }
  }
  /// Whether an LPI that becomes pending changes nothing but what is here.
  private let isPlain: Bool
  /// LPIs below ``lpiLimit`` while they are enabled and that is so, else 0.
  private var plainCount: UInt32 = 0
  var propbaser: UInt64
  var pendbaser: UInt64
  var waker = UInt64(GICR.WAKER.reset)
  /// GICR_CTLR's DPG0 and DPG1NS: no SPI of that group that is for any PE is for this one.
  var isDeselected = (group0: false, group1: false)
  var statusr = GICR.STATUSR(raw: 0)
  var partidr: UInt64 = 0
  var lpis: LPIPending
  /// Which of the machine's property tables it uses; meaningful while LPIs are enabled.
  private(set) var propertyTable = 0
  /// What is remembered of that table, and where it lies.
  private(set) var properties: LPIBytes
  private(set) var propertyAddress: PhysicalAddress = 0
  /// INTIDs of LPIs are below this, as PROPBASER.IDbits said when LPIs were enabled.
  var lpiLimit: UInt32 = 0
  /// The LPI that the CPU interface is shown.
  private(set) var shown = Candidate.none

  // SGIs and PPIs: bit n is INTID n
  var group: UInt32 = 0
  var enabled: UInt32 = 0
  var latched: UInt32 = 0
  var level: UInt32 = 0
  var active: UInt32 = 0
  /// 1: edge. SGIs always are.
  var edge: UInt32 = 0xffff
  var priority = InlineArray<32, UInt8>(repeating: 0)

  // CPU interface
  var pmr: UInt8 = 0
  var bpr0: UInt8
  var bpr1: UInt8
  var eoiMode = false
  var cbpr = false
  var igrpen0 = false
  var igrpen1 = false
  /// Active priorities of Group 0 and Group 1: bit n is the n-th group priority.
  var apr0 = InlineArray<4, UInt32>(repeating: 0)
  var apr1 = InlineArray<4, UInt32>(repeating: 0)

  // Lines
  /// Sequence [39:8], levels [7:0].
  private let published = Atomic<UInt64>(0)

  // Counts
  var counts = MachineStatistics.PE()
  /// Pending LPIs that a clear of EnableLPIs left in the table in RAM.
  var parked: UInt64 = 0

  let door = PEDoor()

  /// - Parameter properties: the table that it uses until LPIs are enabled.
  init(
    affinity: Affinity, configuration: MachineConfiguration, tracksArrival: Bool,
    properties: LPIBytes
  ) {
    self.affinity = affinity
    self.properties = properties
    isPlain = !Facts(configuration).settingIsLong
    lpis = LPIPending(
      intidBits: configuration.identity.intidBits, tracksArrival: tracksArrival)
    let resetBaser =
      configuration.profile.lpiBaserWrites == .sanitised ? TableAttributes.resetLPIBaser : 0
    (propbaser, pendbaser) = (resetBaser, resetBaser)
    bpr0 = configuration.minimumBPR0
    bpr1 = configuration.minimumBPR0 + 1
  }

  mutating func use(_ table: PropertyTable, _ place: Int) {
    (propertyTable, properties, propertyAddress) = (place, table.bytes, table.address)
  }

  /// Whether the PE takes the LPI, and that changes nothing but what is here.
  @inline(always) func takesPlainly(_ intid: INTID) -> Bool {
    // What is no LPI is far beyond the last one.
    intid.rawValue &- INTID.firstLPI.rawValue < plainCount
  }

  /// The LPI that the CPU interface is shown, and its priority.
  var offered: INTID? { shown.isNone ? nil : shown.intid }
  var offeredPriority: UInt8 { shown.priority }
  @inline(always) func shows(_ intid: INTID) -> Bool { shown.intid == intid }
  @inline(always) mutating func show(_ intid: INTID, _ priority: UInt8) {
    shown = Candidate(intid: intid, priority: priority, isGroup0: false)
  }
  @inline(always) mutating func showNothing() { shown = .none }
  /// Shows an LPI if it goes before the one that is shown.
  /// - Returns: whether it does.
  @inline(always) mutating func showIfFirst(_ intid: INTID, _ priority: UInt8) -> Bool {
    let candidate = Candidate(intid: intid, priority: priority, isGroup0: false)
    guard candidate.precedes(shown) else { return false }
    shown = candidate
    return true
  }

  @inline(__always) var lines: LineLevels {
    LineLevels(rawValue: UInt8(truncatingIfNeeded: published.load(ordering: .acquiring)))
  }
  /// Rises with each change of the lines.
  var lineSequence: UInt32 {
    UInt32(truncatingIfNeeded: published.load(ordering: .acquiring) &>> 8)
  }
  /// Both, as they belong together.
  var lineState: (levels: LineLevels, sequence: UInt32) {
    let word = published.load(ordering: .acquiring)
    return (
      LineLevels(rawValue: UInt8(truncatingIfNeeded: word)), UInt32(truncatingIfNeeded: word &>> 8)
    )
  }
  func publish(_ lines: LineLevels, sequence: UInt32) {
    published.store(UInt64(sequence) &<< 8 | UInt64(lines.rawValue), ordering: .releasing)
  }

  /// Whether any priority is active.
  @inline(__always) var isActive: Bool {
    apr0[0] | apr0[1] | apr0[2] | apr0[3] | apr1[0] | apr1[1] | apr1[2] | apr1[3] != 0
  }

  /// Pending SGIs and PPIs: latched, or level-sensitive and high.
  @inline(__always) var pending: UInt32 { latched | level & ~edge }
}

extension MachineConfiguration {
  /// INTIDs are below this.
  var intidLimit: UInt32 { 1 &<< UInt32(identity.intidBits) }
  /// Least binary point that the implemented priority bits allow.
  var minimumBPR0: UInt8 { UInt8(Swift.max(7 - identity.priorityBits, 0)) }
}
