import GICModel
import Testing

@testable import GICReport

@Test func `a validation is a line a law, a page that is well formed, and JSON`() throws {
  let laws = [TimingLaws.all[1](.short), TimingLaws.all[4](.short)]
  var document = ValidationDocument(
    laws: laws, baseline: TimingFigures(TimingParameters(), count: 100),
    sensitivity: [
      .init(
        key: "timing.link_beats", unit: "beats", value: "4", changed: "8",
        percent: [15.4, 0, 0, -40, 0, 0], flips: ["<other>"])
    ], configuration: "gic600", hash: "0123")
  #expect(document.passed)
  #expect(try ValidationDocument(json: try document.json()) == document)
  #expect(laws[0].line(colored: false).hasPrefix("law 2: A transaction alone"))
  #expect(laws[0].line(colored: false).contains("holds, 304 of 304"))
  #expect(document.sensitivityText().contains("+15.4 %"))
  let page = document.html()
  let markup = try Markup(page)
  // One drawing for each of three widths: theory is a line, simulation dots.
  #expect(markup.elements.filter { $0.name == "svg" }.count == 3)
  #expect(page.contains("class=\"curve theory d0\"") && page.contains("class=\"dot simulated\""))
  #expect(page.contains("every law holds") && page.contains("&lt;other&gt;"))
  document.laws[1].rows[0].holds = false
  #expect(!document.passed)
  #expect(document.html().contains("not every law holds"))
  #expect(document.laws[1].line(colored: false).contains("FAILS"))
}
