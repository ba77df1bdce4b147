import GICModel
import Testing

@testable import GICReport

private let hostile = "</title><script>alert(\"1\" & '2')</script>\u{1}"

/// Pages for everything a replay may leave.
private let pages: [(name: String, document: ReplayDocument)] = {
  var functional = Sample.document(statistics: MachineStatistics(clock: .functional))
  functional.acknowledgedLPIs = []
  functional.timeline = Timeline(startNs: 0, endNs: 0, peCount: 0)
  var failed = Sample.document()
  failed.trace.name = hostile
  failed.configuration.values[0].source = hostile
  failed.host.mode = hostile
  failed.lines.record(false, hostile)
  failed.statistics.conservation.holds = false
  var empty = MachineStatistics(clock: .timed)
  empty.msiLatency = .init(total: LatencyHistogram(), stages: [])
  return [
    ("four PEs", Sample.document()), ("one PE", Sample.document(peCount: 1)),
    ("1024 PEs", Sample.document(peCount: 1024)), ("functional", functional),
    ("hostile names", failed), ("timed, nothing happened", Sample.document(statistics: empty)),
  ]
}()

@Test(arguments: pages)
func `a page is well-formed and needs nothing else`(_: String, document: ReplayDocument) throws {
  let page = document.html()
  let markup = try Markup(page)
  #expect(
    !markup.elements.contains { $0.name == "script" || $0.name == "link" || $0.name == "img" })
  #expect(!page.contains("url(") && !page.contains("@import"))
  for element in markup.elements {
    #expect(element.attributes["href"] == nil && element.attributes["src"] == nil)
  }
  #expect(document.html() == page)
}

@Test func `hostile text arrives as text`() throws {
  let document = pages[4].document
  let markup = try Markup(document.html())
  let shown = hostile.replacing("\u{1}", with: "\u{fffd}")
  #expect(markup.elements.first { $0.name == "h1" }?.text == shown)
  #expect(markup.elements.contains { $0.name == "code" && $0.text == shown })
  #expect(markup.elements.contains { $0.text.contains("differs: lines, conservation") })
}

/// Labels that stand in one row of a drawing, as the intervals they cover.
private func overlaps(_ svg: String) throws -> [String] {
  var rows: [String: [(left: Double, right: Double, text: String)]] = [:]
  for element in try Markup(svg).elements where element.name == "text" {
    let x = Double(element.attributes["x"] ?? "") ?? .nan
    let width = Double(element.text.count) * 5.5
    let left =
      switch element.attributes["text-anchor"] {
      case "middle": x - width / 2
      case "end": x - width
      default: x
      }
    rows[element.attributes["y"] ?? "", default: []].append((left, left + width, element.text))
  }
  return rows.values.flatMap { row in
    let row = row.sorted { $0.left < $1.left }
    return zip(row, row.dropFirst()).filter { $0.right > $1.left }.map { "\($0.text)|\($1.text)" }
  }
}

@Test(arguments: [370.0, 620, 960])
func `labels of a plot keep apart and inside`(width: Double) throws {
  for (name, document) in pages {
    let statistics = document.statistics
    var drawings: [String] = []
    let classes = [statistics.latencyCycles.msi, statistics.latencyCycles.command]
      .compactMap { $0 }.filter { $0.total.count > 0 }
    if !classes.isEmpty {
      let curves = classes.enumerated().map {
        LatencyPlot.Curve(name: "MSI", color: $0, distribution: $1.total)
      }
      drawings.append(LatencyPlot(curves: curves, nanosecondsPerCycle: 1.25).draw(width: width))
    }
    for latency in classes {
      drawings.append(
        StagePlot(name: "MSI", latency: latency, nanosecondsPerCycle: 1).draw(width: width))
    }
    let timeline = document.timeline
    let load = LoadPlot(
      counts: timeline.acknowledgesPerPE, totals: document.acknowledgedLPIs,
      binNs: timeline.binNs, startNs: timeline.startNs)
    drawings += [load.drawTotals(width: width), load.drawHeat(width: width)]
    let panel = TimePlot.Panel(name: "MSIs", color: 0, counts: timeline.msis)
    drawings.append(
      TimePlot(panels: [panel], binNs: timeline.binNs, startNs: timeline.startNs)
        .draw(width: width))
    for drawing in drawings {
      #expect(try overlaps(drawing) == [], "\(name)")
      for element in try Markup(drawing).elements {
        guard let x = element.attributes["x"].flatMap(Double.init) else { continue }
        #expect(x >= 0 && x <= width, "\(name): \(element)")
      }
    }
  }
}

@Test func `a label that would touch its neighbour is left out`() throws {
  var svg = SVG(width: 370, height: 100)
  let area = PlotArea(left: 40, top: 10, right: 350, bottom: 60)
  let scale = Scale(kind: .linear, domain: 0...1_000_000, start: 40, end: 350)
  svg.horizontalAxis(scale, in: area, title: "", ticks: 50)
  let drawing = svg.element(label: "")
  #expect(try overlaps(drawing) == [])
  let labels = try Markup(drawing).elements.filter { $0.attributes["class"] == "tick" }
  #expect((3...8).contains(labels.count))
}

@Test func `stages add up to the mean`() throws {
  let latency = try #require(StatisticsDocument(Sample.statistics()).latencyCycles.msi)
  let sum = latency.stages.reduce(0) { $0 + StagePlot.contribution($1, of: latency.total) }
  #expect((sum - latency.total.mean).magnitude < 1e-9)
}

private let steps: [(rough: Double, step: Double)] = [
  (1, 1), (1.01, 2), (2, 2), (3, 5), (6, 10), (0.03, 0.05), (100, 100), (0, 1), (.infinity, 1),
]

@Test(arguments: steps)
func `steps are 1, 2 or 5 times a power of ten`(rough: Double, step: Double) {
  #expect((Scale.niceStep(rough) - step).magnitude < step * 1e-9)
}

@Test func `axes put values where they belong`() {
  let linear = Scale.fromZero(to: 37, start: 0, end: 100, ticks: 4)
  #expect(linear.domain == 0...40)
  #expect(linear.ticks(4) == [0, 10, 20, 30, 40])
  #expect(linear.position(10) == 25 && linear.position(-5) == 0 && linear.position(99) == 100)
  let decades = Scale(kind: .logarithmic, domain: 1...1000, start: 300, end: 0)
  #expect((decades.position(10) - 200).magnitude < 1e-9)
  #expect(decades.ticks(5) == [1, 10, 100, 1000])
  #expect(decades.ticks(10) == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])
  let narrow = Scale(kind: .logarithmic, domain: 21...32, start: 0, end: 9)
  #expect(narrow.ticks(4) == [25, 30])
}

@Test func `heat rises with the count and 0 is empty`() {
  let shades = (0...100).map { LoadPlot.shade($0, of: 100) }
  #expect(shades[0] == 0 && shades[1] == 1 && shades[100] == 8)
  #expect(zip(shades, shades.dropFirst()).allSatisfy { $0 <= $1 })
}

@Test(arguments: [(1, 1), (64, 1), (65, 2), (1024, 16)])
func `many PEs share rows`(pes: Int, group: Int) {
  let plot = LoadPlot(
    counts: [], totals: [Int](repeating: 1, count: pes), binNs: 1, startNs: 0)
  #expect(plot.groupSize == group)
}
