import GICArch

/// The shared part of the GIC, whose copies are the same storage: group enables and the SPIs, one
/// bit or byte an INTID, 0 through 1019. The places of INTIDs 0 through 31 stay empty: those are
/// banked in the redistributors.
struct Distributor {
  /// What has no array of its own.
  private struct Control {
    var enableGroup0 = false
    var enableGroup1 = false
    var statusr = GICD.STATUSR(raw: 0)
    var anyPETargets: (group0: PEIndex?, group1: PEIndex?) = (nil, nil)
    var turn = 0
    /// Bit n: word n has candidates.
    var candidateWords: UInt32 = 0
    var wordCount = 0
  }
  private let controls: Slab<Control>
  private let control: SlabPlace<Control>
  /// GICD_CTLR: EnableGrp0 and EnableGrp1; ARE and DS are always one.
  var enableGroup0: Bool {
    get { control.element.enableGroup0 }
    nonmutating set { control.element.enableGroup0 = newValue }
  }
  var enableGroup1: Bool {
    get { control.element.enableGroup1 }
    nonmutating set { control.element.enableGroup1 = newValue }
  }
  var statusr: GICD.STATUSR {
    get { control.element.statusr }
    nonmutating set { control.element.statusr = newValue }
  }
  /// Where SPIs for any PE go now; nil while nobody participates.
  var anyPETargets: (group0: PEIndex?, group1: PEIndex?) {
    get { control.element.anyPETargets }
    nonmutating set { control.element.anyPETargets = newValue }
  }
  /// The PE at which the search for those begins.
  var turn: Int {
    get { control.element.turn }
    nonmutating set { control.element.turn = newValue }
  }
  /// Words of 32 INTIDs that are implemented.
  var wordCount: Int { @inline(__always) get { control.element.wordCount } }
  let group: Slab<UInt32>
  let enabled: Slab<UInt32>
  let latched: Slab<UInt32>
  let level: Slab<UInt32>
  let active: Slab<UInt32>
  let edge: Slab<UInt32>
  let priority: Slab<UInt8>
  /// IROUTER of each INTID: an affinity, and bit 31 for any PE.
  let router: Slab<UInt64>

  /// - Parameter capacity: words that there may ever be.
  init(identity: MachineConfiguration.Identity, capacity: Int) {
    let words = Swift.min(capacity, 32)
    controls = Slab(count: 1) { _ in Control() }
    control = controls.place(0)
    group = Slab(repeating: 0, count: words)
    enabled = Slab(repeating: 0, count: words)
    latched = Slab(repeating: 0, count: words)
    level = Slab(repeating: 0, count: words)
    active = Slab(repeating: 0, count: words)
    edge = Slab(repeating: 0, count: words)
    priority = Slab(repeating: 0, count: words * 32)
    router = Slab(repeating: 0, count: words * 32)
    control.element.wordCount = Swift.min(identity.itLinesNumber + 1, words)
  }

  /// Says how many words of 32 INTIDs there are, before any is used.
  func setWordCount(_ count: Int) {
    control.element.wordCount = Swift.min(Swift.max(count, 1), group.count)
  }

  func deallocate() {
    controls.deallocate()
    for slab in [group, enabled, latched, level, active, edge] { slab.deallocate() }
    priority.deallocate()
    router.deallocate()
  }

  func reset() {
    let words = wordCount
    control.element = Control()
    control.element.wordCount = words
    for slab in [group, enabled, latched, level, active, edge] { slab.fill(0) }
    priority.fill(0)
    router.fill(0)
  }

  /// Words of 32 SPIs that have candidates, one bit each: most machines at most times have none.
  @inline(__always) var candidateWords: UInt32 { control.element.candidateWords }
  /// Brings ``candidateWords`` up to date, after anything about SPIs has changed.
  func noteCandidates() {
    var words: UInt32 = 0
    for word in 1..<Swift.max(wordCount, 1) where candidates(word) != 0 {
      words |= 1 &<< UInt32(word)
    }
    control.element.candidateWords = words
  }

  /// INTIDs of SPIs that exist are 32 up to this.
  var intidEnd: Int { Swift.min(wordCount * 32, 1020) }
  /// The bits of a word that are SPIs: 1020 through 1023 are special INTIDs.
  func implemented(_ word: Int) -> UInt32 { word == 31 ? 0x0fff_ffff : .max }
  func holds(_ intid: INTID) -> Bool { intid.isSPI && Int(intid.rawValue) < intidEnd }

  @inline(__always) func pending(_ word: Int) -> UInt32 {
    latched[word] | level[word] & ~edge[word]
  }
  /// Pending, enabled and not active.
  @inline(__always) func candidates(_ word: Int) -> UInt32 {
    pending(word) & enabled[word] & ~active[word]
  }
}

extension Engine {
  /// Whether SPI `intid` is for this PE.
  func isRouted(_ intid: INTID, to pe: PEIndex) -> Bool {
    let route = GICD.IROUTER(raw: distributor.router[Int(intid.rawValue)])
    guard route.anyPE else { return route.affinity == pes[pe.index].affinity }
    guard choosesAmongPEs else { return pe.rawValue == 0 }
    let isGroup1 = distributor.group[Int(intid.rawValue >> 5)][bit: Int(intid.rawValue & 31)]
    return pe == (isGroup1 ? distributor.anyPETargets.group1 : distributor.anyPETargets.group0)
  }

  /// Something about SPIs or group enables changed that any PE may see.
  mutating func distributorChanged() {
    distributor.noteCandidates()
    for index in 0..<pes.count { updateLines(PEIndex(index)) }
  }

  /// An SPI's input.
  mutating func setSPI(_ intid: INTID, level: Bool) {
    let word = Int(intid.rawValue >> 5)
    let bit = Int(intid.rawValue & 31)
    let rises = level && !distributor.level[word][bit: bit]
    distributor.level[word][bit: bit] = level
    if rises, distributor.edge[word][bit: bit] { distributor.latched[word][bit: bit] = true }
    distributorChanged()
  }

  /// A PPI's input.
  mutating func setPPI(_ intid: INTID, of pe: PEIndex, level: Bool) {
    let bit = Int(intid.rawValue)
    let rises = level && !pes[pe.index].level[bit: bit]
    pes[pe.index].level[bit: bit] = level
    if rises, pes[pe.index].edge[bit: bit] { pes[pe.index].latched[bit: bit] = true }
    updateLines(pe)
  }
}
