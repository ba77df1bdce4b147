// What `itsctl fit` does once its arguments are parsed.

import Foundation
import GICConfig
import GICReport
import Glibc
import SystemPackage

/// Fits the timing model to readings of a GIC's counters.
public struct FitTool {
  /// A CSV file.
  public var counters: String
  /// A preset's name or a file's path: where the fit begins, and what it leaves alone.
  public var configuration: String
  /// What may be turned; empty: what nobody published, memory's latency and the caches' sizes.
  public var keys: [String]
  public var json: Bool
  /// Where to write the fitted values as a configuration; nil is nowhere.
  public var layer: String?

  public init(
    counters: String, configuration: String, keys: [String], json: Bool, layer: String?
  ) {
    (self.counters, self.configuration, self.keys) = (counters, configuration, keys)
    (self.json, self.layer) = (json, layer)
  }

  /// - Throws: ``CounterFileError``, `ConfigurationError` or ``ReplayError``.
  public func run() throws {
    guard let data = FileManager.default.contents(atPath: counters) else {
      throw CounterFileError(
        file: counters, line: nil, problem: "cannot be read: name a CSV file that is there")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw CounterFileError(
        file: counters, line: nil, problem: "is no UTF-8 text: save the sheet as CSV in UTF-8")
    }
    let readings = try CounterReadings(text: text, file: counters)
    var fit = try CounterFit(readings, base: try Presets.load(configuration), keys: keys)
    let isTerminal = isatty(2) != 0
    fit.progress = { tried in
      guard isTerminal else { return }
      try? write(Array("\r\(tried) sets of values tried".utf8), to: .standardError)
    }
    let document = fit.run()
    if isTerminal { try? write(Array("\r\u{1b}[K".utf8), to: .standardError) }
    try write(
      json ? try document.json(.indented) : Array(document.text().utf8), to: .standardOutput)
    if let layer { try save(Array(document.layer().utf8), to: layer) }
  }
}
