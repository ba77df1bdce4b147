import GICModel

/// Writes levels and unit states as a Value Change Dump, which wave viewers read. Times are
/// picoseconds, so that the waves lie beside those of an RTL simulation; a cycle of a clock whose
/// period is no whole number of them is rounded down.
/// - Source: IEEE 1364-2005, clause 18.
struct VCDWriter {
  private var output: TraceOutput
  private let clockHertz: UInt64
  /// By place in ``Levels/levels``.
  private let widths: [Int]
  private var lastTime: UInt64?

  init(_ shape: TimingShape, _ levels: Levels, configuration: String, _ output: TraceOutput) {
    self.output = output
    clockHertz = shape.clockHertz
    widths = levels.levels.map { level in
      switch level.level {
      case .presenting: 1
      case .executing: 3
      default: 16
      }
    }
    header(shape, levels, configuration)
  }

  private mutating func header(
    _ shape: TimingShape, _ levels: Levels, _ configuration: String
  ) {
    var text = """
      $version itsd $end
      $comment configuration \(configuration), GIC clock \(clockHertz) Hz $end
      $comment command_state: 0 idle, 1 decode, 2 reads, 3 operation, 4 writes, 5 SYNC waits,
       6 acknowledge, 7 retire $end
      $timescale 1 ps $end
      $scope module gic $end

      """
    for (scope, members) in VCDWriter.scopes(shape, levels) {
      text += "$scope module \(scope) $end\n"
      for place in members {
        let level = levels[place]
        let name =
          level.level.owner == .bank
          ? "bank\(level.unit % shape.bankCount)_queue" : level.level.name
        let range = widths[place] == 1 ? "" : " [\(widths[place] - 1):0]"
        text += "$var wire \(widths[place]) \(VCDWriter.code(place)) \(name)\(range) $end\n"
      }
      text += "$upscope $end\n"
    }
    text += "$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n"
    output.append(contentsOf: text.utf8)
    for (place, level) in levels.levels.enumerated() { change(place, level.value) }
    output.append(contentsOf: "$end\n".utf8)
    lastTime = 0
  }

  /// Each unit with the places of its levels.
  private static func scopes(
    _ shape: TimingShape, _ levels: Levels
  ) -> [(name: String, places: [Int])] {
    var scopes: [(name: String, places: [Int])] = []
    var known: [String: Int] = [:]
    for (place, level) in levels.levels.enumerated() {
      let name =
        switch level.level.owner {
        case .its: "its\(level.unit)"
        case .bank: "lpi\(level.unit / shape.bankCount)"
        case .lpiUnit: "lpi\(level.unit)"
        case .pe: "pe\(level.unit)"
        }
      if let at = known[name] {
        scopes[at].places.append(place)
      } else {
        known[name] = scopes.count
        scopes.append((name, [place]))
      }
    }
    return scopes
  }

  /// The short name of a signal: printable characters, the lowest digit first.
  static func code(_ place: Int) -> String {
    var text = ""
    var rest = place
    repeat {
      text.unicodeScalars.append(Unicode.Scalar(UInt8(33 + rest % 94)))
      rest = rest / 94 - 1
    } while rest >= 0
    return text
  }

  /// A level has a new value from `cycle` on; cycles never fall.
  mutating func level(_ place: Int, _ level: Levels.Level, at cycle: UInt64) {
    move(to: cycle)
    change(place, level.value)
  }

  private mutating func move(to cycle: UInt64) {
    let (high, low) = cycle.multipliedFullWidth(by: 1_000_000_000_000)
    // A cycle whose picoseconds do not fit 64 bits is later than half a year of simulated time.
    let time = high < clockHertz ? clockHertz.dividingFullWidth((high, low)).quotient : .max
    guard time != lastTime else { return }
    lastTime = time
    output.append(UInt8(ascii: "#"))
    output.append(decimal: time)
    output.append(UInt8(ascii: "\n"))
  }

  private mutating func change(_ place: Int, _ value: Int) {
    // What does not fit its signal is shown as the greatest that does.
    let shown = UInt64(min(max(value, 0), 1 << widths[place] - 1))
    if widths[place] == 1 {
      output.append(UInt8(ascii: "0") + UInt8(shown))
    } else {
      output.append(UInt8(ascii: "b"))
      let digits = max(1, UInt64.bitWidth - shown.leadingZeroBitCount)
      for bit in stride(from: digits - 1, through: 0, by: -1) {
        output.append(UInt8(ascii: "0") + UInt8(shown >> UInt64(bit) & 1))
      }
      output.append(UInt8(ascii: " "))
    }
    var rest = place
    repeat {
      output.append(UInt8(33 + rest % 94))
      rest = rest / 94 - 1
    } while rest >= 0
    output.append(UInt8(ascii: "\n"))
  }

  /// Ends with the last cycle, so that the waves are as long as the simulation.
  mutating func finish(at cycle: UInt64) throws {
    move(to: cycle)
    try output.finish()
  }
}
