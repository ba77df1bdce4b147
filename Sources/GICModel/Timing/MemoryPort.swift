/// A port to memory: one request after the other, each answered `latency` cycles after it was
/// issued. A request keeps the port for `memoryRequestCycles`, or for its beats if they take
/// longer. Requests are issued in the order in which they are made. How many may be outstanding is
/// the business of whoever holds the slots (table reads, property reads, fetches, writes).
struct MemoryPort: BitwiseCopyable {
  /// What is read or written.
  /// - Source: Arm 101206, 3.3: 256-bit commands, 64-bit DTE, 32-bit ITE, 16-bit CTE; Arm 100336,
  ///   table 2-4: 256-bit accesses to pending tables, 8-bit properties.
  enum Request: Int, CaseIterable {
    case command, deviceEntry, eventEntry, collectionEntry, pendingTable, property

    var byteCount: Int {
      switch self {
      case .command, .pendingTable: 32
      case .deviceEntry: 8
      case .eventEntry: 4
      case .collectionEntry: 2
      case .property: 1
      }
    }
  }
  let latency: UInt64
  /// Cycles that a request keeps the port, by ``Request``.
  private var occupation = InlineArray<6, UInt64>(repeating: 0)
  /// Requests made, by ``Request``.
  private(set) var counts = InlineArray<6, UInt64>(repeating: 0)
  /// The first cycle at which the next request can be issued.
  private var free: UInt64 = 0

  init(_ timing: TimingParameters) {
    latency = timing.memoryLatencyCycles
    let bus = max(1, timing.memoryBusBytes)
    for request in Request.allCases {
      let beats = UInt64((request.byteCount + bus - 1) / bus)
      occupation[request.rawValue] = max(
        timing.memoryRequestCycles, beats * timing.memoryBeatCycles)
    }
  }

  /// Makes a request at `cycle`.
  /// - Returns: the cycle of its answer.
  @inline(__always) mutating func request(_ request: Request, at cycle: UInt64) -> UInt64 {
    let issue = max(cycle, free)
    free = issue &+ occupation[request.rawValue]
    counts[request.rawValue] &+= 1
    return issue &+ latency
  }

  /// Cycles that its requests have kept it, all together.
  var busyCycles: UInt64 {
    Request.allCases.reduce(0) { $0 &+ counts[$1.rawValue] &* occupation[$1.rawValue] }
  }
}

extension MemoryPort.Request {
  /// As results spell it.
  var name: String {
    switch self {
    case .command: "commands"
    case .deviceEntry: "device_entries"
    case .eventEntry: "event_entries"
    case .collectionEntry: "collection_entries"
    case .pendingTable: "pending_tables"
    case .property: "properties"
    }
  }
}

extension TimedCore where Rules: ~Copyable {
  /// What has crossed the memory ports, and how busy they were.
  func reportPorts(into statistics: inout MachineStatistics) {
    var counts = InlineArray<6, UInt64>(repeating: 0)
    func add(_ port: MemoryPort, _ name: String) {
      for request in MemoryPort.Request.allCases {
        counts[request.rawValue] &+= port.counts[request.rawValue]
      }
      statistics.queues.append(
        MachineStatistics.Queue(
          name: name, capacity: 1, occupancyCycles: port.busyCycles,
          max: port.busyCycles == 0 ? 0 : 1))
    }
    for n in 0..<its.count { add(its[n].port, "its\(n).memory_port") }
    for unit in 0..<lpis.count { add(lpis[unit].port, "lpi\(unit).memory_port") }
    statistics.traffic = MemoryPort.Request.allCases.map {
      MachineStatistics.Traffic(
        name: $0.name, requests: counts[$0.rawValue],
        bytes: counts[$0.rawValue] &* UInt64($0.byteCount))
    }
  }
}
