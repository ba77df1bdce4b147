/// A port to memory: one request every `requestCycles`, each answered `latency` cycles after it was
/// issued. Requests are issued in the order in which they are made. How many may be outstanding is
/// the business of whoever holds the slots (table reads, property reads, fetches, writes).
struct MemoryPort: BitwiseCopyable {
  let latency: UInt64
  let requestCycles: UInt64
  /// The first cycle at which the next request can be issued.
  private var free: UInt64 = 0

  init(latency: UInt64, requestCycles: UInt64) {
    (self.latency, self.requestCycles) = (latency, requestCycles)
  }

  /// Makes a request at `cycle`.
  /// - Returns: the cycle of its answer.
  mutating func request(at cycle: UInt64) -> UInt64 {
    let issue = max(cycle, free)
    free = issue &+ requestCycles
    return issue &+ latency
  }
}
