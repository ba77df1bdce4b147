import Foundation
import GICArch
import GICClient
import GICModel
import GICReport
import GICWire
import Synchronization
import UVLoop

extension Study {
  /// What clients of a running daemon wait for.
  static let hostClients = Study(
    name: "host-clients", title: "Clients of a running itsd",
    about: "What do clients lose when more of them ask one daemon at once, over sockets and over "
      + "rings? Each is a PE of one machine, and reads GITS_TYPER again and again, waiting for "
      + "each answer.",
    clock: .host,
    parameters: [
      .value("attach", "the daemon: unix:PATH, or tcp:HOST:PORT for sockets alone", .text, ""),
      .axis(
        "clients", "clients, each on a thread of its own", .integers(1...64), "1,2,4,8,16",
        quick: "1,2,4"),
      .axis("transport", "what carries the requests", .names(["socket", "ring"]), "socket,ring"),
      .value(
        "milliseconds", "measured time of a point", .integers(10...600_000), "1000",
        quick: "200"),
    ],
    columns: [
      .init("clients", "clients", .set), .init("transport", "transport", .set),
      .init("requests_per_second", "requests", unit: "1/s", .measured),
      .init("wait_mean", "round trip, mean", unit: "ns", .measured),
      .init("wait_p50", "round trip, median", unit: "ns", .measured),
      .init("wait_p99", "round trip, p99", unit: "ns", .measured),
      .init("wait_p999", "round trip, p99.9", unit: "ns", .measured),
      .init("wait_max", "round trip, longest", unit: "ns", .measured),
      .init("jain", "Jain's index of requests", .measured),
      .init("processors", "processors of this host", .measured),
    ],
    plan: { (chosen) throws(StudyError) in
      let address = chosen.name("attach")
      guard !address.isEmpty else {
        throw StudyError("host-clients needs --attach ADDRESS of a running itsd")
      }
      guard !address.hasPrefix("tcp:") || !chosen.names("transport").contains("ring") else {
        throw StudyError("--transport ring with --attach \(address): rings need a Unix socket")
      }
      return combinations(chosen, ["transport", "clients"])
    },
    measure: measureClients,
    figures: { _ in
      let x = StudyFigure.Axis("clients", .logarithmic, key: "clients")
      return [
        StudyFigure(
          "throughput", title: "Requests a second by clients (host time)",
          caption: "The daemon has one thread; clients have one each.", x: x,
          y: .init("requests per second", .logarithmic), series: ["transport"],
          lines: [.init("requests_per_second")]),
        StudyFigure(
          "round-trip", title: "Round trip of a request (host time)",
          caption: "Half of them take at most the median, one in a hundred more than p99.", x: x,
          y: .init("ns", .logarithmic), series: ["transport"],
          lines: [.init("wait_p50", "p50"), .init("wait_p99", "p99")]),
      ]
    },
    conclude: { document in
      for transport in ["socket", "ring"] {
        document.note(best: "requests_per_second", transport) { $0.name("transport") == transport }
      }
    })

  private static func measureClients(
    _ point: inout StudyPoint, _ context: StudyContext
  ) throws(StudyError) {
    let results = try ClientCrowd(point, context).run(
      milliseconds: context.chosen.integer("milliseconds"))
    var all = LatencyHistogram()
    for wait in results.waits { all.add(wait) }
    point.set("requests_per_second", Double(all.count) / results.seconds)
    point.setSpread("wait", all)
    point.set("jain", jainIndex(results.waits.map { Double($0.count) }))
    point.set("processors", ProcessInfo.processInfo.activeProcessorCount)
  }
}

/// Clients that ask one machine of a daemon.
private final class ClientCrowd: Sendable {
  private struct State {
    var waits: [LatencyHistogram] = []
    var error: StudyError?
    var ready = 0
  }
  private let address: String
  private let name: String
  private let count: Int
  private let usesRing: Bool
  private let isOver = Atomic<Bool>(false)
  private let mayGo = Atomic<Bool>(false)
  private let state = Mutex(State())
  private let done = DispatchSemaphore(value: 0)

  init(_ point: StudyPoint, _ context: StudyContext) throws(StudyError) {
    address = context.chosen.name("attach")
    (count, usesRing) = (point.integer("clients"), point.name("transport") == "ring")
    name = "study-\(getpid())-\(point.name("transport"))-\(count)"
  }

  func run(milliseconds: Int) throws(StudyError) -> (waits: [LatencyHistogram], seconds: Double) {
    let control: Client
    do throws(ClientError) {
      control = try connect()
      try control.attach(machine: name, configuration: "machine: {pes: \(count)}\n")
    } catch { throw StudyError("\(address): \(error)") }
    defer { try? control.leave() }
    for number in 0..<count {
      Thread { [self] in
        serve(UInt32(number))
        done.signal()
      }.start()
    }
    while state.withLock({ $0.ready < count && $0.error == nil }) {
      Thread.sleep(forTimeInterval: 0.001)
    }
    let start = ContinuousClock.now
    mayGo.store(true, ordering: .releasing)
    Thread.sleep(forTimeInterval: Double(milliseconds) / 1_000)
    isOver.store(true, ordering: .releasing)
    for _ in 0..<count { done.wait() }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if let error = state.withLock({ $0.error }) { throw error }
    return (state.withLock { $0.waits }, seconds)
  }

  private func connect() throws(ClientError) -> Client {
    let endpoint: Endpoint
    do throws(UVError) { endpoint = try Endpoint(parsing: address) } catch {
      throw ClientError(errno: UInt32(error.errno), text: error.description)
    }
    return try Client(connectingTo: endpoint, name: "study")
  }

  private func serve(_ number: UInt32) {
    do throws(ClientError) {
      let client = try connect()
      try client.attach(machine: name, role: .pe(number), wantsLines: false)
      let port = usesRing ? try client.openPort(number) : nil
      state.withLock { $0.ready += 1 }
      while !mayGo.load(ordering: .acquiring), !isOver.load(ordering: .acquiring) { sched_yield() }
      let request = Request.mmioRead(
        address: 0x0808_0000 + UInt64(GITS.TYPER.offset), size: 8, pe: number)
      var waits = LatencyHistogram()
      while !isOver.load(ordering: .relaxed) {
        let start = ContinuousClock.now
        if let port { _ = try port.call(request) } else { _ = try client.call(request) }
        waits.record(UInt64(max((ContinuousClock.now - start) / .nanoseconds(1), 0)))
      }
      state.withLock { $0.waits.append(waits) }
      try client.leave()
    } catch {
      state.withLock { $0.error = $0.error ?? StudyError("\(address), client \(number): \(error)") }
    }
  }
}
