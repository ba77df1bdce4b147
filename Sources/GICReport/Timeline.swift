/// What happened when, in equal bins of the trace's time.
public struct Timeline: Codable, Equatable, Sendable {
  /// Width of a bin, and the time at which bin 0 begins, in ns of the trace's clock.
  public var binNs: UInt64
  public var startNs: UInt64
  /// MSIs and commands in each bin. All arrays have the same length.
  public var msis: [Int]
  public var commands: [Int]
  /// LPIs acknowledged: one array a PE, in the order of the redistributor frames.
  public var acknowledgesPerPE: [[Int]]

  /// An empty timeline from `startNs` through `endNs`, in at most `maximumBins` bins whose width is
  /// 1, 2 or 5 times a power of ten.
  public init(startNs: UInt64, endNs: UInt64, peCount: Int, maximumBins: Int = 240) {
    precondition(maximumBins > 0)
    let span = endNs > startNs ? endNs - startNs : 0
    var width: UInt64 = 1
    var step = 0
    while span / width >= UInt64(maximumBins) {
      width = step % 3 == 1 ? width / 2 * 5 : width * 2  // 1, 2, 5, 10, 20, 50 ...
      step += 1
    }
    let bins = Int(span / width) + 1
    (self.startNs, binNs) = (startNs, width)
    msis = [Int](repeating: 0, count: bins)
    commands = msis
    acknowledgesPerPE = [[Int]](repeating: msis, count: peCount)
  }

  /// The bin that holds `ns`; times outside belong to the first or the last.
  public func bin(at ns: UInt64) -> Int {
    guard ns > startNs else { return 0 }
    return Int(min((ns - startNs) / binNs, UInt64(max(msis.count, 1) - 1)))
  }
  public mutating func countMSI(at ns: UInt64) { msis[bin(at: ns)] += 1 }
  public mutating func countCommand(at ns: UInt64) { commands[bin(at: ns)] += 1 }
  /// - Parameter pe: position among the redistributor frames; one that the timeline lacks is
  ///   ignored.
  public mutating func countAcknowledge(by pe: Int, at ns: UInt64) {
    guard acknowledgesPerPE.indices.contains(pe) else { return }
    acknowledgesPerPE[pe][bin(at: ns)] += 1
  }

  enum CodingKeys: String, CodingKey {
    case msis, commands
    case binNs = "bin_ns"
    case startNs = "start_ns"
    case acknowledgesPerPE = "acknowledges_per_pe"
  }
}
