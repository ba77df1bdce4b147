// The one place where what is served over HTTP reads the machines.

import GICModel
import GICReport

extension Server {
  /// What all machines have counted up to now.
  func liveDocument() -> LiveDocument {
    let all = machines.values.sorted { $0.name < $1.name }.map { host in
      LiveDocument.Machine(
        name: host.name, clockHertz: host.configuration.timing.clockHertz,
        state: host.controlLoss != nil
          ? "waits for its control" : host.isQuiesced ? "quiesced" : "runs",
        clients: host.sessions.count, configuration: host.configurationHash,
        statistics: StatisticsDocument(host.statistics))
    }
    return LiveDocument(
      seconds: (ContinuousClock.now - began) / .seconds(1), clients: sessions.count,
      machines: all)
  }

  /// What browsers and collectors are shown.
  func httpSource() -> HTTPServer.Source {
    HTTPServer.Source(
      page: { Array(LivePage.markup.utf8) },
      metrics: { [unowned self] in
        Array(liveDocument().metrics(version: Server.version).utf8)
      },
      events: { [unowned self] in
        // Finite numbers and strings always encode.
        (try? liveDocument().headline.json()) ?? Array("{}".utf8)
      })
  }
}
