import Foundation

/// A Swift file of the project.
struct SourceFile: Sendable {
  /// From the project's folder, such as `Sources/GICArch/Bits.swift`.
  let path: String
  let lines: [String]

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The folder below `Sources` or `Tests`: the module's name.
  var module: String { String(path.split(separator: "/")[1]) }
  /// Lines that end with a line feed.
  var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }

  /// Modules that the file imports, submodules by their first name, with the line of each.
  var imports: [(module: String, line: Int)] {
    lines.enumerated().compactMap { index, line in
      let words = line.split(separator: " ")
      guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
        words[..<at].allSatisfy({ $0.hasPrefix("@") || SourceFile.levels.contains(String($0)) })
      else { return nil }
      // `import struct Foundation.Data` names a declaration.
      let name = SourceFile.kinds.contains(String(words[at + 1])) ? words.last! : words[at + 1]
      return (String(name.split(separator: ".")[0]), index + 1)
    }
  }
  private static let levels: Set = ["public", "package", "internal", "fileprivate", "private"]
  private static let kinds: Set = [
    "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
  ]

  /// Functions, initialisers and the like, with the lines they take from the declaration to the
  /// closing brace. The formatter has laid the file out, so a body ends where a brace closes at the
  /// declaration's own indent.
  var functions: [(name: String, line: Int, length: Int)] {
    lines.enumerated().compactMap { index, line in
      let text = line.drop { $0 == " " }
      let indent = line.count - text.count
      guard !text.hasPrefix("//"), let name = SourceFile.declaredFunction(String(text)) else {
        return nil
      }
      let closing = String(repeating: " ", count: indent) + "}"
      for end in index..<lines.count {
        if end > index, lines[end] == closing { return (name, index + 1, end - index + 1) }
        if end == index,
          SourceFile.isWhole(line, before: end + 1 < lines.count ? lines[end + 1] : "")
        {
          return (name, index + 1, 1)
        }
      }
      return nil
    }
  }

  /// Whether a declaration ends with its line: it has its body there, or none.
  private static func isWhole(_ line: String, before next: String) -> Bool {
    let isOpen = ["{", "(", ",", "<"].contains { line.hasSuffix($0) }
    let text = next.drop { $0 == " " }
    let goesOn =
      next.count - text.count > line.prefix { $0 == " " }.count || text.hasPrefix("{")
      || text.hasPrefix("where ")
    return !isOpen && (text.isEmpty || !goesOn)
  }

  /// The first words of a function's declaration; nil if the line declares none.
  private static func declaredFunction(_ text: String) -> String? {
    let head = text.prefix { $0 != "(" && $0 != "{" && $0 != "<" && $0 != "?" }
    let words = head.split(separator: " ").filter { !$0.hasPrefix("@") }
    guard
      let at = words.firstIndex(where: { ["func", "init", "deinit", "subscript"].contains($0) }),
      words[..<at].allSatisfy({ modifiers.contains(String($0)) })
    else { return nil }
    return words[at...].joined(separator: " ")
  }
  private static let modifiers: Set = [
    "public", "package", "internal", "fileprivate", "private", "open", "static", "class", "final",
    "mutating", "nonmutating", "consuming", "borrowing", "override", "convenience", "required",
    "nonisolated", "isolated", "unsafe",
  ]
}

/// The project's sources on disk, found from where this file lies.
enum SourceTree {
  static let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
    url.deletingLastPathComponent()
  }

  /// Every Swift file below a folder of the project, by path.
  static func files(below folder: String) -> [SourceFile] {
    let base = root.appendingPathComponent(folder)
    let names =
      FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".swift") && !$0.contains(".build/") }.sorted().compactMap {
      guard let data = FileManager.default.contents(atPath: base.appendingPathComponent($0).path)
      else { return nil }
      return SourceFile(path: "\(folder)/\($0)", text: String(decoding: data, as: UTF8.self))
    }
  }

  static let sources = files(below: "Sources")
  static let tests = files(below: "Tests")
  static let bench = files(below: "Bench/Sources")
  static let all = sources + tests + bench
}
