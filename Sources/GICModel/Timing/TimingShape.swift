/// How many units a timed machine has of each kind, and which serves whom.
public struct TimingShape: Equatable, Sendable {
  public var itsCount: Int
  public var peCount: Int
  public var lpiUnitCount: Int
  /// Of each LPI unit.
  public var bankCount: Int
  public var linkCredits: Int
  private let timing: TimingParameters
  public var clockHertz: UInt64

  public init(_ configuration: MachineConfiguration) {
    itsCount = configuration.shape.itsBases.count
    peCount = configuration.shape.affinities.count
    let chips = max(1, min(configuration.timing.chips, peCount))
    lpiUnitCount = configuration.timing.lpiPerRedistributor ? max(1, peCount) : chips
    bankCount = configuration.timing.lpiBanks
    linkCredits = configuration.timing.linkCredits
    clockHertz = configuration.timing.clockHertz
    timing = configuration.timing
  }

  /// How many units have the level.
  public func unitCount(_ level: TimingLevel) -> Int {
    switch level.owner {
    case .its: itsCount
    case .bank: lpiUnitCount * bankCount
    case .lpiUnit: lpiUnitCount
    case .pe: peCount
    }
  }

  /// The LPI unit that serves a PE, and its bank for an LPI; banks are numbered through.
  public func lpiUnit(ofPE pe: Int) -> Int { pe &* lpiUnitCount / peCount }
  public func bank(ofPE pe: Int, intid: Int) -> Int {
    lpiUnit(ofPE: pe) &* bankCount &+ intid % bankCount
  }

  /// What the level is before anything has happened.
  public func reset(_ level: TimingLevel) -> Int { level == .credits ? linkCredits : 0 }

  /// What is measured of a unit's level, as results spell it: credits count when they are in use.
  public func name(_ level: TimingLevel, _ unit: Int) -> String {
    switch level {
    case .credits: return "its\(unit).credits_used"
    case .executing: return "its\(unit).command_engine"
    default: break
    }
    switch level.owner {
    case .its: return "its\(unit).\(level.name)"
    case .bank: return "lpi\(unit / bankCount).bank\(unit % bankCount)_queue"
    case .lpiUnit: return "lpi\(unit).\(level.name)"
    case .pe: return "pe\(unit).\(level.name)"
    }
  }

  /// How high what is measured can go; nil where nothing bounds it but what software does.
  public func capacity(_ level: TimingLevel) -> Int? {
    switch level {
    case .ingress: timing.msiFIFODepth
    case .fetching, .fetched: timing.commandFetchDepth
    case .translationSlots: timing.translationSlots
    case .tableWrites: timing.tableWritesInFlight
    case .credits: timing.linkCredits
    case .propertySlots: timing.propertyReadsInFlight
    case .pendingEntries: timing.pendingEntries
    case .pendingAccesses: timing.pendingAccessesInFlight
    case .executing, .presenting: 1
    case .outside, .translationQueue, .linkQueue, .bankQueue, .propertyQueue: nil
    }
  }
}
