// The JSON form of a replay. Conservation, the headline of the latencies and the per-PE counts
// stand at the top, where scripts look for them; reading takes them from `statistics`.

extension ReplayDocument {
  enum CodingKeys: String, CodingKey {
    case trace, clock, loop, configuration, translations, acknowledges, lines, merged, pending
    case statistics, timeline, host, conservation
    case creadrReads = "creadr_reads"
    case endState = "end_state"
    case registerReads = "register_reads"
    case acknowledgedLPIs = "acknowledged_lpis"
    case latencyCycles = "latency_cycles"
    case perPE = "per_pe"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    trace = try values.decode(Trace.self, forKey: .trace)
    clock = try values.decode(String.self, forKey: .clock)
    loop = try values.decode(String.self, forKey: .loop)
    configuration = try values.decode(ConfigurationDocument.self, forKey: .configuration)
    translations = try values.decode(Check.self, forKey: .translations)
    creadrReads = try values.decode(Check.self, forKey: .creadrReads)
    acknowledges = try values.decode(Check.self, forKey: .acknowledges)
    lines = try values.decode(Check.self, forKey: .lines)
    endState = try values.decode(Check.self, forKey: .endState)
    registerReads = try values.decode(Check.self, forKey: .registerReads)
    merged = try values.decode(UInt64.self, forKey: .merged)
    pending = try values.decode([PendingLPI].self, forKey: .pending)
    acknowledgedLPIs = try values.decode([Int].self, forKey: .acknowledgedLPIs)
    statistics = try values.decode(StatisticsDocument.self, forKey: .statistics)
    timeline = try values.decode(Timeline.self, forKey: .timeline)
    host = try values.decode(Host.self, forKey: .host)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(trace, forKey: .trace)
    try values.encode(clock, forKey: .clock)
    try values.encode(loop, forKey: .loop)
    try values.encode(configuration, forKey: .configuration)
    try values.encode(translations, forKey: .translations)
    try values.encode(creadrReads, forKey: .creadrReads)
    try values.encode(acknowledges, forKey: .acknowledges)
    try values.encode(lines, forKey: .lines)
    try values.encode(endState, forKey: .endState)
    try values.encode(registerReads, forKey: .registerReads)
    try values.encode(merged, forKey: .merged)
    try values.encode(pending, forKey: .pending)
    try values.encode(acknowledgedLPIs, forKey: .acknowledgedLPIs)
    try values.encode(statistics.conservation, forKey: .conservation)
    try values.encode(statistics.latencyCycles.headline, forKey: .latencyCycles)
    try values.encode(statistics.perPE, forKey: .perPE)
    try values.encode(statistics, forKey: .statistics)
    try values.encode(timeline, forKey: .timeline)
    try values.encode(host, forKey: .host)
  }
}
