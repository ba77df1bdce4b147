// The one place where what is served over HTTP reads the machines.

import GICModel
import GICReport

extension Server {
  /// What all machines have counted up to now.
  func liveDocument() -> LiveDocument {
    let overview = overview()
    let all = overview.machines.map { machine in
      let (isLost, clients) = machine.lock.withLock {
        (machine.controlLoss != nil, machine.members.count)
      }
      let isQuiesced = machine.isQuiesced.load(ordering: .acquiring)
      return LiveDocument.Machine(
        name: machine.name, clockHertz: machine.configuration.timing.clockHertz,
        state: isLost ? "waits for its control" : isQuiesced ? "quiesced" : "runs",
        clients: clients, configuration: machine.configurationHash,
        // The first station's lane, on its thread; a machine without lanes is at home there.
        statistics: StatisticsDocument(machine.lane(of: 0).statistics()))
    }
    return LiveDocument(
      seconds: (ContinuousClock.now - began) / .seconds(1), clients: overview.clients,
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
