// What can be chosen about a study, and what was.

import GICConfig
import GICReport

/// One flag of a study.
struct Parameter: Sendable {
  enum Kind: Equatable, Sendable {
    case integers(ClosedRange<Int>)
    case reals(ClosedRange<Double>)
    case names([String])
    /// A file's path or an address; empty is none.
    case text
  }
  let key: String
  let about: String
  let unit: String
  let kind: Kind
  /// Whether several values make an axis: more points, each of which is its own.
  let isAxis: Bool
  /// As it would be written after the flag.
  let usual: String
  let quick: String

  /// An axis: one value or several, with commas between them.
  static func axis(
    _ key: String, _ about: String, unit: String = "", _ kind: Kind, _ usual: String,
    quick: String? = nil
  ) -> Parameter {
    Parameter(
      key: key, about: about, unit: unit, kind: kind, isAxis: true, usual: usual,
      quick: quick ?? usual)
  }
  /// One value for all points.
  static func value(
    _ key: String, _ about: String, unit: String = "", _ kind: Kind, _ usual: String,
    quick: String? = nil
  ) -> Parameter {
    Parameter(
      key: key, about: about, unit: unit, kind: kind, isAxis: false, usual: usual,
      quick: quick ?? usual)
  }

  /// What it may be, in words.
  var expected: String {
    let one: String
    switch kind {
    case .integers(let range): one = "integers from \(range.lowerBound) through \(range.upperBound)"
    case .reals(let range): one = "numbers from \(range.lowerBound) through \(range.upperBound)"
    case .names(let names): one = "of " + names.joined(separator: ", ")
    case .text: return "a text"
    }
    return isAxis ? "\(one), with commas between them" : "one \(one)".replacingPlural
  }

  /// - Throws: ``StudyError`` for what it cannot be.
  func parse(_ text: String) throws(StudyError) -> [StudyValue] {
    if kind == .text { return [.name(text)] }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.drop { $0 == " " }
    }
    guard isAxis || parts.count == 1 else { throw unfit(text) }
    var values: [StudyValue] = []
    for part in parts {
      let value = try parse(one: String(part), of: text)
      // Twice the same point is one point.
      if !values.contains(value) { values.append(value) }
    }
    return values
  }

  private func parse(one part: String, of text: String) throws(StudyError) -> StudyValue {
    switch kind {
    case .integers(let range):
      guard let number = Int(part), range.contains(number) else { throw unfit(text) }
      return .number(Double(number))
    case .reals(let range):
      guard let number = Double(part), range.contains(number) else { throw unfit(text) }
      return .number(number)
    case .names(let names):
      guard names.contains(part) else {
        throw StudyError(
          "--\(key) \(text): no \(part.isEmpty ? "empty name" : part); nearest: "
            + "\(nearest(to: part, among: names)); expected \(expected)")
      }
      return .name(part)
    case .text: return .name(part)
    }
  }

  private func unfit(_ text: String) -> StudyError {
    StudyError("--\(key) \(text): expected \(expected)")
  }
}

extension String {
  /// `one integers from` as `one integer from`.
  fileprivate var replacingPlural: String {
    for (many, one) in [("integers", "integer"), ("numbers", "number")] {
      if let range = firstRange(of: many) { return replacingCharacters(in: range, with: one) }
    }
    return self
  }
  private func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}

/// The name that is fewest edits away.
func nearest(to typed: String, among names: [String]) -> String {
  // An unknown name may be as long as its author likes; only its beginning can decide.
  let typed = Array(typed.unicodeScalars.prefix(100))
  return names.min {
    editDistance(typed, Array($0.unicodeScalars)) < editDistance(typed, Array($1.unicodeScalars))
  } ?? ""
}

/// The values of all parameters of a study.
struct Chosen: Sendable {
  private(set) var values: [String: [StudyValue]]
  /// In the order of the study's parameters.
  private(set) var texts: [(key: String, text: String)]
  private let axes: Set<String>

  /// - Throws: ``StudyError`` for a parameter that the study has not, and for what one cannot be.
  init(_ study: Study, flags: [(key: String, text: String)], isQuick: Bool) throws(StudyError) {
    let keys = study.parameters.map(\.key)
    for flag in flags where !keys.contains(flag.key) {
      throw StudyError(
        "\(study.name) has no parameter --\(flag.key); nearest: "
          + "--\(nearest(to: flag.key, among: keys)); all: "
          + keys.map { "--" + $0 }.joined(separator: " "))
    }
    values = [:]
    texts = []
    axes = Set(study.parameters.filter(\.isAxis).map(\.key))
    for parameter in study.parameters {
      let given = flags.last { $0.key == parameter.key }?.text
      let text = given ?? (isQuick ? parameter.quick : parameter.usual)
      let parsed = try parameter.parse(text)
      values[parameter.key] = parsed
      texts.append((parameter.key, parsed.map(\.description).joined(separator: ",")))
    }
  }

  /// What holds for all points: part of each point's identity.
  var common: [(key: String, text: String)] { texts.filter { !axes.contains($0.key) } }

  func all(_ key: String) -> [StudyValue] { values[key] ?? [] }
  func integers(_ key: String) -> [Int] { all(key).compactMap(\.integer) }
  func reals(_ key: String) -> [Double] { all(key).compactMap(\.real) }
  func names(_ key: String) -> [String] { all(key).map(\.description) }
  func integer(_ key: String) -> Int { integers(key).first ?? 0 }
  func real(_ key: String) -> Double { reals(key).first ?? 0 }
  func name(_ key: String) -> String { names(key).first ?? "" }
}

extension StudyValue {
  var integer: Int? { real.flatMap { Int(exactly: $0) } }
  var real: Double? {
    if case .number(let number) = self { return number }
    return nil
  }
}

extension StudyPoint {
  func integer(_ key: String) -> Int { values[key]?.integer ?? 0 }
  func real(_ key: String) -> Double { values[key]?.real ?? 0 }
  func name(_ key: String) -> String { values[key]?.description ?? "" }
}
