// The page's looks: light and dark by the reader's preference, wide and narrow by the window.

enum StyleSheet {
  static let text = colors(light, scheme: nil) + colors(dark, scheme: "dark") + rules + palette

  /// Sixteen colours for stages that stay apart for colour-blind readers by alternating lightness.
  private static let stages = [
    "#2f6db3", "#e0873a", "#3f9a6b", "#b8518f", "#7d6bc4", "#c9a227", "#3aa3b5", "#a8503c",
    "#6f8f2f", "#d37fa6", "#5b6b7a", "#8fb3dd", "#1f4e79", "#f2b880", "#7fc8a0", "#7a3b69",
  ]
  static var stageCount: Int { stages.count }

  private static let light = [
    "bg": "#f6f7f9", "card": "#ffffff", "fg": "#1b2430", "muted": "#5a6675", "rule": "#dde2e8",
    "grid": "#e6eaef", "s0": "#2563a8", "s1": "#c25a12", "good": "#1a7f4b", "bad": "#b3261e",
    "empty": "#eef1f5", "inside": "#ffffff",
  ]
  private static let dark = [
    "bg": "#12161c", "card": "#1b212a", "fg": "#e4e9ef", "muted": "#9aa7b5", "rule": "#323b47",
    "grid": "#2a323d", "s0": "#6caae8", "s1": "#f0a060", "good": "#5fce94", "bad": "#ff8a80",
    "empty": "#232b35", "inside": "#ffffff",
  ]

  private static func colors(_ colors: [String: String], scheme: String?) -> String {
    let variables = colors.sorted { $0.key < $1.key }.map { "--\($0.key):\($0.value)" }
      .joined(separator: ";")
    let rule = ":root{\(variables)}\n"
    return scheme.map { "@media (prefers-color-scheme:\($0)){\(rule)}\n" } ?? rule
  }

  /// Series, stages, and eight shades of heat in two colours.
  private static let palette: String = {
    var rules = ""
    for index in 0...1 {
      rules += ".s\(index){fill:var(--s\(index))}.l\(index){stroke:var(--s\(index))}"
      rules += ".t\(index){fill:var(--s\(index))}\n"
    }
    for (index, color) in stages.enumerated() {
      rules += ".c\(index){fill:\(color)}.k\(index){stroke:\(color)}\n"
    }
    for shade in 1...8 {
      let part = Format.fixed(0.12 + 0.11 * Double(shade), 2)
      rules += ".h\(shade){fill:var(--s0);fill-opacity:\(part)}"
      rules += ".g\(shade){fill:var(--s1);fill-opacity:\(part)}\n"
    }
    return rules
  }()

  private static let rules = """
    *{box-sizing:border-box}
    html{color-scheme:light dark}
    body{margin:0;background:var(--bg);color:var(--fg);
    font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
    main{max-width:1040px;margin:0 auto;padding:24px 20px 48px}
    h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
    h2{font-size:1.15rem;margin:0 0 4px}
    p{margin:4px 0 12px;max-width:75ch}
    .muted,figcaption{color:var(--muted)}
    section{background:var(--card);border:1px solid var(--rule);border-radius:10px;
    padding:18px 20px;margin:16px 0}
    .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px;
    margin:18px 0}
    .cards>div{background:var(--card);border:1px solid var(--rule);border-radius:10px;
    padding:12px 14px}
    .cards small{font-size:.85rem;font-weight:500;color:var(--muted)}
    .cards b{display:block;white-space:nowrap;font-size:1.35rem;font-weight:650;line-height:1.3;
    font-variant-numeric:tabular-nums}
    .cards span{display:block;color:var(--muted);font-size:.85rem}
    .verdict{display:inline-block;font-weight:650;padding:2px 12px;border-radius:999px;
    border:1.5px solid currentColor;margin:6px 0}
    .good{color:var(--good)}.bad{color:var(--bad)}
    .note{border-left:4px solid var(--s1);padding:2px 0 2px 14px;margin:14px 0}
    figure{margin:12px 0 0}
    svg{display:block;width:100%;height:auto;overflow:visible;
    font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
    svg.narrow,svg.middle{display:none}
    .scroll{overflow-x:auto}
    table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
    table.slim{width:auto;min-width:min(420px,100%)}
    .pair{display:flex;flex-wrap:wrap;gap:16px 48px;align-items:flex-start}
    .pair table.slim{min-width:0}
    th,td{padding:5px 12px 5px 0;text-align:left;border-bottom:1px solid var(--rule);
    vertical-align:top}
    th{color:var(--muted);font-weight:600;white-space:nowrap}
    td.n,th.n{text-align:right;white-space:nowrap}
    tr.sum td{font-weight:650}
    tr:last-child td{border-bottom:0}
    code{font:.92em ui-monospace,SFMono-Regular,"DejaVu Sans Mono",monospace}
    td:first-child{white-space:nowrap}
    td.long{min-width:220px;white-space:normal}
    table.manyheads th{white-space:normal;vertical-align:bottom;min-width:64px}
    ul{margin:4px 0 12px;padding-left:20px}
    summary{cursor:pointer;font-weight:600}
    .key{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:7px}
    svg.bar{width:120px;height:10px;margin-top:6px;border-radius:2px}
    text{fill:var(--fg)}
    text.tick,text.axis{fill:var(--muted);font-variant-numeric:tabular-nums}
    text.heading{font-size:14px;font-weight:600}
    text.inside{fill:var(--inside);font-weight:600;paint-order:stroke;stroke:rgba(0,0,0,.45);
    stroke-width:2px}
    text.mark{font-weight:600}
    text.t0{fill:var(--s0)}text.t1{fill:var(--s1)}
    .grid{stroke:var(--grid)}.frame{stroke:var(--muted)}
    .curve{fill:none;stroke-width:2;stroke-linejoin:round}
    .dot{stroke:var(--card);stroke-width:1.5}
    .theory{stroke:var(--s0)}.simulated{fill:var(--s1)}text.strong{fill:var(--fg)}
    .d1{stroke-dasharray:9 4}.d2{stroke-dasharray:2 4}.d3{stroke-dasharray:9 4 2 4}
    .area{fill-opacity:.85}
    .part{stroke:var(--card);stroke-width:1}
    .empty{fill:var(--empty)}
    @media (max-width:640px){main{padding:16px 12px 32px}section{padding:14px 12px}
    }
    @media (max-width:920px){svg.wide{display:none}svg.middle{display:block}}
    @media (max-width:600px){svg.middle{display:none}svg.narrow{display:block}}
    @media print{body{background:#fff}section{break-inside:avoid}}

    """
}
