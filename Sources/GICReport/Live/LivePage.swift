// One page that shows a running daemon: it listens to /events and draws. It needs nothing else, and
// what machines are called reaches it as text only.

/// The page that `itsd --http` serves at `/`.
public enum LivePage {
  /// The page in UTF-8; always the same.
  public static let markup = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>itsd, live</title>
    <link rel="icon" href="data:,">
    <style>
    \(StyleSheet.text)\(style)</style>
    </head>
    <body>
    <main>
    <h1>itsd, live</h1>
    <p class="muted" id="about">Waiting for the first figures.</p>
    <p class="verdict" id="state">connecting</p>
    <nav id="machines" aria-label="machines"></nav>
    <div class="cards" id="cards"></div>
    <section id="rates"><h2>Rates</h2>
    <p class="muted">In each second of this host, for the last two minutes.</p>
    <figure id="chart"></figure></section>
    <section id="latency"><h2>Latency by stage</h2>
    <p class="muted" id="latencynote"></p><div class="scroll" id="stages"></div></section>
    <section id="load"><h2>Load by PE</h2>
    <p class="muted" id="loadnote"></p><figure id="pes"></figure></section>
    <section id="queues"><h2>Queues and units</h2>
    <p class="muted">Entries, as a mean over the simulated cycles since the last look; the busiest
    first.</p><div class="scroll" id="units"></div></section>
    <section id="errors"><h2>Errors and drops</h2><div class="scroll" id="faults"></div></section>
    <p class="muted">Figures repeat on every run; what is said to be in a second is of this host.
    <a href="/metrics">/metrics</a> is for Prometheus.</p>
    </main>
    <script>
    \(LiveScript.text)</script>
    </body>
    </html>

    """

  private static let style = """
    nav{display:flex;flex-wrap:wrap;gap:8px;margin:12px 0 0}
    nav button{font:inherit;color:var(--fg);background:var(--card);border:1px solid var(--rule);
    border-radius:999px;padding:4px 14px;cursor:pointer}
    nav button[aria-pressed=true]{border-color:var(--s0);color:var(--s0);font-weight:650}
    section[hidden]{display:none}a{color:var(--s0)}
    td .bar{display:inline-block;vertical-align:middle}
    .line0{fill:none;stroke:var(--s0);stroke-width:2}.line1{fill:none;stroke:var(--s1);
    stroke-width:2;stroke-dasharray:6 3}

    """
}
