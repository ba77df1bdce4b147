import Foundation
import GICClient
import GICConfig
import GICModel
import GICReport
import GICServer
import GICWire
import Logging
import Synchronization
import Testing

@testable import GICReplay

/// A daemon whose machines are fakes, on a thread of its own, ended with the object.
private final class FakeDaemon {
  private struct Started: Sendable {
    var stopper: Server.Stopper
    var addresses: [String]
  }
  /// `unix:...`, then `tcp:...`.
  let addresses: [String]
  private let stopper: Server.Stopper
  private let ended = DispatchSemaphore(value: 0)
  private let scratch: Scratch

  init(cpus: Int, msiLatency: UInt64, commandLatency: UInt64) throws {
    scratch = try Scratch()
    var options = ServerOptions()
    options.endpoints = [
      .unix(path: scratch.url.path + "/s"), .tcp(host: "127.0.0.1", port: 0),
    ]
    let started = Mutex<Started?>(nil)
    let box = Box(started)
    let (ready, ended, finalOptions) = (DispatchSemaphore(value: 0), ended, options)
    Thread {
      let factory = MachineFactory(
        resolve: { (yaml) throws(WireError) in
          guard let found = try? resolve([ConfigurationLayer(name: "client", text: yaml)]) else {
            throw WireError(.einval, "not a configuration")
          }
          return MachineFactory.Resolved(configuration: found.machine, hash: found.hash)
        },
        make: { configuration in
          let machine = FakeMachine(peCount: cpus)
          machine.configuration = configuration
          (machine.msiLatency, machine.commandLatency) = (msiLatency, commandLatency)
          return machine
        },
        report: { (statistics) throws(WireError) in
          (try? StatisticsDocument(statistics).json()) ?? []
        })
      var log = Logger(label: "test", factory: { StreamLogHandler.standardError(label: $0) })
      log.logLevel = .critical
      if let server = try? Server(options: finalOptions, factory: factory, log: log) {
        box.value.withLock {
          $0 = Started(
            stopper: server.stopper, addresses: server.endpoints.map(\.description))
        }
        ready.signal()
        server.run()
      } else {
        ready.signal()
      }
      ended.signal()
    }.start()
    ready.wait()
    let result = try #require(box.value.withLock { $0 })
    (stopper, addresses) = (result.stopper, result.addresses)
  }

  deinit {
    stopper.stop()
    ended.wait()
  }
}

/// Carries what cannot be copied into a thread.
private final class Box<Value: ~Copyable & Sendable>: Sendable {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}

private let work = """
  10 - msi 8 0
  10 - x 8 0 2000 0 0
  10 - line 0 0 1
  20 0 line 0 0 0
  20 0 iar 2000
  25 0 eoi 2000
  30 0 fill 40000000 20000 a2
  31 0 q 40001000 9 0 8000000000000000 0
  32 0 iw 80 8 0
  33 0 iw 88 4 20
  34 0 ir 90 4 20
  40 - msi 8 1
  40 - x 8 1 2001 1 1
  40 - line 1 0 1
  41 - msi 8 0
  41 - x 8 0 2000 0 0
  41 - line 0 0 1
  42 0 line 0 0 0
  42 0 iar 2000
  43 1 line 1 0 0
  43 1 iar 2001
  44 1 eoi 2001
  45 0 eoi 2000
  50 0 rw 0 70 8 4000078f
  51 0 mem 40000002 a3
  52 0 rr 0 8 8 0
  60 - E enabled 2002 a3
  60 - E lpis 0 2
  60 - E lpis 1 1
  """

@Test(arguments: [MachineStatistics.Clock.functional, .timed], ReplayOptions.Loop.allCases)
func `attached and in process, the documents are the same but for the host`(
  clock: MachineStatistics.Clock, loop: ReplayOptions.Loop
) throws {
  // Enough work for several batches of requests, with the same ending.
  let text = (0..<400).map { _ in work.split(separator: "\n").prefix(6).joined(separator: "\n") }
    .enumerated().map { index, block in
      block.split(separator: "\n").map { line in
        let words = line.split(separator: " ", maxSplits: 1)
        return "\(index * 100 + (Int(words[0]) ?? 0)) \(words[1])"
      }.joined(separator: "\n")
    }.joined(separator: "\n")
  let tail = work.split(separator: "\n").map { line in
    let words = line.split(separator: " ", maxSplits: 1)
    return "\(40_000 + (Int(words[0]) ?? 0)) \(words[1])".replacing("lpis 0 2", with: "lpis 0 402")
  }.joined(separator: "\n")
  let trace = try trace(text + "\n" + tail)
  let isTimed = clock == .timed
  var options = ReplayOptions()
  (options.clock, options.loop) = (clock, loop)
  let run = try ReplayRun(trace, options, base: ConfigurationLayer(name: "none", text: ""))
  let (msiLatency, commandLatency): (UInt64, UInt64) = isTimed ? (5, 70) : (0, 0)
  let here = try run.run { configuration in
    let machine = FakeMachine()
    machine.configuration = configuration
    (machine.msiLatency, machine.commandLatency) = (msiLatency, commandLatency)
    return machine
  }
  #expect(here.passed)
  #expect(here.translations.checked == (isTimed ? 0 : 403))
  #expect(here.lines.checked == (isTimed ? 0 : 806))
  // In an open loop the last two acknowledges come before their interrupts.
  #expect(here.acknowledgedLPIs == (isTimed && loop == .open ? [401, 0] : [402, 1]))
  let daemon = try FakeDaemon(
    cpus: 2, msiLatency: msiLatency, commandLatency: commandLatency)
  for address in daemon.addresses {
    var there = try run.run(attachedTo: address)
    #expect(there.host.mode == address)
    there.host = here.host
    #expect(try there.json() == here.json())
  }
}

@Test func `a daemon that is not there is named`() throws {
  let trace = try trace(work)
  let run = try ReplayRun(
    trace, ReplayOptions(), base: ConfigurationLayer(name: "none", text: ""))
  #expect {
    _ = try run.run(attachedTo: "unix:/nonexistent/s")
  } throws: { "\($0)".hasPrefix("unix:/nonexistent/s: ") && "\($0)".contains("start the daemon") }
  #expect {
    _ = try run.run(attachedTo: "nowhere")
  } throws: { "\($0)".contains("unix:PATH or tcp:HOST:PORT") }
}
