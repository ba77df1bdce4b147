import Testing

/// What holds in every file. A rule says where a file breaks it, and how; its rows of bad text show
/// that it would see that.
struct Rule: CustomTestStringConvertible, Sendable {
  var name: String
  var breaches: @Sendable (SourceFile) -> [String]
  /// The least text that breaks the rule.
  var bad: String
  var testDescription: String { name }
}

/// Marks of unfinished work, put together here so that this file does not hold them.
private let marks = ["TO" + "DO", "FIX" + "ME"]

private let rules: [Rule] = [
  Rule(
    name: "a line has at most 100 columns",
    breaches: { file in
      file.lines.enumerated().filter { $0.element.count > 100 }.map { "line \($0.offset + 1)" }
    }, bad: String(repeating: "a", count: 101)),
  Rule(
    name: "a file has at most 400 lines",
    breaches: { $0.lineCount > 400 ? ["\($0.lineCount) lines"] : [] },
    bad: String(repeating: "\n", count: 401)),
  Rule(
    name: "a function has at most 70 lines",
    breaches: { file in
      file.functions.filter { $0.length > 70 }.map { "\($0.name), line \($0.line): \($0.length)" }
    }, bad: "  func f() {\n" + String(repeating: "    g()\n", count: 69) + "  }\n"),
  Rule(
    name: "no unfinished work",
    breaches: { file in
      file.lines.enumerated().filter { line in marks.contains { line.element.contains($0) } }
        .map { "line \($0.offset + 1)" }
    }, bad: "// \(marks[0]): later"),
  Rule(
    name: "no trailing blanks, no tabs",
    breaches: { file in
      file.lines.enumerated().filter { $0.element.hasSuffix(" ") || $0.element.contains("\t") }
        .map { "line \($0.offset + 1)" }
    }, bad: "let a = 1 "),
]

@Test(arguments: rules)
func `every file keeps the rule`(rule: Rule) {
  #expect(SourceTree.sources.count > 100 && SourceTree.tests.count > 30)
  for file in SourceTree.all {
    let breaches = rule.breaches(file)
    #expect(breaches.isEmpty, "\(file.path): \(breaches.joined(separator: "; "))")
  }
}

@Test(arguments: rules)
func `a rule sees what breaks it`(rule: Rule) {
  #expect(!rule.breaches(SourceFile(path: "Sources/GICArch/Bad.swift", text: rule.bad)).isEmpty)
}

@Test func `a source file opens with its purpose or its imports`() {
  for file in SourceTree.sources {
    let first = file.lines.first ?? ""
    let opens = ["//", "import ", "@testable import ", "public import ", "internal import "]
    #expect(opens.contains { first.hasPrefix($0) }, "\(file.path): \(first)")
  }
}

private let lengths: [(name: String, text: String, lengths: [Int])] = [
  ("one line", "func f() { g() }", [1]),
  ("a body", "func f() {\n  g()\n}", [3]),
  ("arguments on lines of their own", "func f(\n  a: Int\n) -> Int {\n  a\n}", [5]),
  ("a requirement", "protocol P {\n  func f()\n  func g()\n}", [1, 1]),
  ("an inner function counts in both", "func f() {\n  func g() {\n    h()\n  }\n}", [5, 3]),
  ("modifiers and attributes", "  @inlinable public init?(a: Int) {\n    b()\n  }", [3]),
  ("a call is no function", "  func_table.run {\n    b()\n  }\n  self.init(a)", []),
]
@Test(arguments: lengths)
func `a function's lines are counted`(_: String, text: String, lengths: [Int]) {
  let file = SourceFile(path: "Sources/GICArch/Made.swift", text: text)
  #expect(file.functions.map(\.length) == lengths)
}
