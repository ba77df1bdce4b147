import GICModel

/// The tracks of a unit: a slice that begins before the last one on a track has ended needs another
/// track, a lane, of the same name; the viewer draws them as one.
struct PerfettoLanes {
  private struct Lane: BitwiseCopyable {
    var uuid: UInt64
    /// Where its last slice ends.
    var end: UInt64
    /// The place of the next lane of the same track; 0 if there is none.
    var next: UInt32 = 0
  }
  private static var none: Lane { Lane(uuid: 0, end: .max) }
  /// The first lane of each track, and behind them the further ones.
  private var lanes: TraceStore<Lane>
  private var count: Int

  /// - Parameter trackCount: tracks are numbered from 0; none has a lane yet.
  init(trackCount: Int) {
    lanes = TraceStore(repeating: PerfettoLanes.none, count: trackCount)
    count = trackCount
  }

  /// The first lane of a track that is free for a slice; nil if there is none.
  @inline(__always) func take(_ track: Int, from start: UInt64, to end: UInt64) -> UInt64? {
    var place = track
    repeat {
      if lanes[place].end <= start, lanes[place].uuid != 0 {
        lanes[place].end = end
        return lanes[place].uuid
      }
      place = Int(lanes[place].next)
    } while place != 0
    return nil
  }

  /// A track has one more lane.
  mutating func add(_ uuid: UInt64, to track: Int, until end: UInt64) {
    guard lanes[track].uuid != 0 else {
      (lanes[track].uuid, lanes[track].end) = (uuid, end)
      return
    }
    if count == lanes.count { lanes.grow(to: count * 2, filler: PerfettoLanes.none) }
    var last = track
    while lanes[last].next != 0 { last = Int(lanes[last].next) }
    lanes[last].next = UInt32(count)
    lanes[count] = Lane(uuid: uuid, end: end)
    count += 1
  }
}

/// The kinds of tracks with slices. The raw value is a track's place among its kin.
enum PerfettoTrack: UInt8, CaseIterable {
  // Of an ITS.
  case outside, ingress, commandQueue, commandFetch, arbiter, commandEngine
  case deviceCache, eventCache, collectionCache, tableMemory, linkQueue, link
  // Of the LPI unit.
  case bank, propertyMemory
  // Of a PE.
  case pending, pendingMemory, select, downstream, cpuInterface

  var name: String {
    switch self {
    case .outside: "outside the FIFO"
    case .ingress: "MSI ingress"
    case .commandQueue: "command queue"
    case .commandFetch: "command fetch"
    case .arbiter: "arbiter"
    case .commandEngine: "command engine"
    case .deviceCache: "device cache"
    case .eventCache: "event cache"
    case .collectionCache: "collection cache"
    case .tableMemory: "table memory"
    case .linkQueue: "link queue"
    case .link: "LPI link"
    case .bank: "bank"
    case .propertyMemory: "property memory"
    case .pending: "pending LPIs"
    case .pendingMemory: "pending table"
    case .select: "HPPI select"
    case .downstream: "downstream"
    case .cpuInterface: "CPU interface"
    }
  }

  /// Where a stage of an MSI, or of a message, is spent.
  init(_ stage: MSIStage) {
    switch stage {
    case .ingressWait: self = .outside
    case .accept: self = .ingress
    case .arbitration: self = .arbiter
    case .deviceLookup: self = .deviceCache
    case .eventLookup: self = .eventCache
    case .collectionLookup: self = .collectionCache
    case .tableMemory: self = .tableMemory
    case .creditWait: self = .linkQueue
    case .link: self = .link
    case .lpiLookup: self = .bank
    case .propertyMemory: self = .propertyMemory
    case .hppiWait: self = .pending
    case .pendingMemory: self = .pendingMemory
    case .hppiSelect: self = .select
    case .downstream: self = .downstream
    case .acceptance: self = .cpuInterface
    }
  }

  init(_ stage: CommandStage) {
    switch stage {
    case .queueWait: self = .commandQueue
    case .fetch: self = .commandFetch
    case .arbitration: self = .arbiter
    case .decode, .tableMemory, .operation, .link, .lpiUnit, .acknowledge, .stall, .retire:
      self = .commandEngine
    }
  }
}

/// A process of the viewer: an ITS, the LPI unit or a PE.
enum PerfettoProcess: Hashable {
  case its(Int)
  case lpiUnit(Int)
  case pe(Int)

  var pid: UInt32 {
    switch self {
    case .its(let n): UInt32(1 + n)
    case .lpiUnit(let n): UInt32(10_000 + n)
    case .pe(let n): UInt32(20_000 + n)
    }
  }
  var name: String {
    switch self {
    case .its(let n): "ITS \(n)"
    case .lpiUnit(let n): "LPI unit \(n)"
    case .pe(let n): "PE \(n)"
    }
  }
}
