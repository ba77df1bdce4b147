import Foundation
import GICReport
import Testing

@testable import GICStudy

private func document(_ points: [StudyPoint], _ figure: StudyFigure) -> StudyDocument {
  var document = StudyDocument(
    study: "s", title: "A <study> & more", about: "Why?", clock: .simulated, seed: 1,
    configuration: ConfigurationDocument(name: "c", hash: "0123456789abcdef", values: []))
  document.columns = [
    .init("n", "vCPUs", .set), .init("policy", "policy", .set), .init("rate", "rate", .measured),
    .init("bound", "bound", .bound),
  ]
  (document.points, document.expected, document.figures) = (points, points.count, [figure])
  return document
}

private func point(_ n: Double, _ policy: String, _ rate: Double, half: Double) -> StudyPoint {
  StudyPoint([
    "n": .number(n), "policy": .name(policy), "rate": .number(rate), "rate_ci95": .number(half),
    "bound": .number(80),
  ])
}

private let figure = StudyFigure(
  "rate", title: "Rate & bound", caption: "It rises.", x: .init("vCPUs", .logarithmic, key: "n"),
  y: .init("per second"), series: ["policy"],
  lines: [.init("rate"), .init("bound", "bound", isBound: true)])

@Test func `a drawing has a curve a policy, its band, and one dashed bound`() {
  let points = [
    point(1, "a", 10, half: 1), point(8, "a", 60, half: 2), point(1, "b", 9, half: 1),
    point(8, "b", 50, half: 3),
  ]
  let drawing = document(points, figure).drawing(figure)
  #expect(drawing.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
  #expect(drawing.components(separatedBy: "class=\"band").count == 3)
  #expect(drawing.components(separatedBy: "<path class=\"bound").count == 2)
  #expect(drawing.contains(">a</text>") && drawing.contains(">b</text>"))
  #expect(drawing.contains(">per second</text>") && drawing.contains(">vCPUs</text>"))
  #expect(drawing.contains("Rate &amp; bound") && drawing.contains("prefers-color-scheme:dark"))
  #expect(drawing.contains("a: 8: 60 ± 2"))
}

@Test func `a page without all of its points says so first`() {
  var partial = document([point(1, "a", 10, half: 1)], figure)
  #expect(!partial.html().contains("PARTIAL"))
  partial.expected = 3
  #expect(partial.html().contains("PARTIAL: 1 of 3 points"))
  #expect(partial.drawing(figure).contains("PARTIAL"))
  #expect(partial.html().contains("A &lt;study&gt; &amp; more"))
}

@Test func `a table has what was set, measured with its interval, and bounds`() {
  let csv = document([point(1, "a,\"x\"", 10, half: 0.5)], figure).csv()
  #expect(csv == "n,policy,rate,rate_ci95,bound\n1,\"a,\"\"x\"\"\",10,0.5,80\n")
}

@Test func `a document survives its own JSON`() throws {
  let original = document([point(1, "a", 10.25, half: 0)], figure)
  let bytes = try original.json(.indented)
  #expect(try StudyDocument(json: bytes) == original)
  #expect(String(decoding: bytes, as: UTF8.self).contains("\"n\": 1,"))
}

private let parts: [(measured: Double, bound: Double, isSingle: Bool, holds: Bool)] = [
  (99, 100, true, true), (97, 100, true, false), (97, 100, false, true), (101, 100, false, false),
]
@Test(arguments: parts)
func `a check holds within 2 % of one unit's bound`(
  measured: Double, bound: Double, isSingle: Bool, holds: Bool
) {
  let check = StudyDocument.Check(
    name: "", unit: "", measured: measured, bound: bound, isSingle: isSingle)
  #expect(check.holds == holds)
}
