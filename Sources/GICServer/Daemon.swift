// The whole daemon, from what its command line said to its end.

import GICConfig
import GICModel
import GICReport
import GICWire
import Logging
import UVLoop

public typealias Endpoint = UVLoop.Endpoint

/// What `itsd` was started with.
public struct DaemonOptions {
  public var server = ServerOptions()
  /// Presets by name or files by path, lowest first.
  public var configurations: [String] = []
  /// Laid over the files, under what a client brings; nil leaves it to them.
  public var clock: MachineStatistics.Clock?
  public var logLevel = Logger.Level.info
  public init() {}
}

/// Runs a daemon until a signal ends it. To be called once, from the main thread.
/// - Parameters:
///   - make: makes a machine of a configuration.
///   - ready: called once clients can connect, with where, and where browsers can.
/// - Throws: ``UVError`` where it cannot listen, `ConfigurationError` for its own configuration.
public func runDaemon(
  _ options: DaemonOptions,
  make: @escaping @Sendable (MachineConfiguration) throws(WireError) -> any Machine,
  ready: ([Endpoint], Endpoint?) -> Void
) throws {
  var log = Logger(label: "itsd", factory: { StreamLogHandler.standardError(label: $0) })
  log.logLevel = options.logLevel
  var layers: [ConfigurationLayer] = []
  for name in options.configurations { layers.append(try Presets.load(name)) }
  if let clock = options.clock {
    layers.append(ConfigurationLayer(name: "--clock", text: "clock: \(clock.rawValue)\n"))
  }
  // A mistake in the daemon's own files is its operator's, and shows before any client comes.
  _ = try resolve(layers)
  raiseDescriptorLimit()
  let server = try Server(
    options: options.server, factory: MachineFactory(layers: layers, make: make), log: log)
  try server.restoreMachines()
  ready(server.endpoints, server.httpEndpoint)
  server.run()
}

extension MachineFactory {
  /// Machines whose configuration is `layers`, with the client's YAML on top.
  public init(
    layers: [ConfigurationLayer],
    make: @escaping @Sendable (MachineConfiguration) throws(WireError) -> any Machine
  ) {
    self.init(
      resolve: { yaml throws(WireError) in
        do throws(ConfigurationError) {
          let own = yaml.isEmpty ? [] : [ConfigurationLayer(name: "ATTACH", text: yaml)]
          let resolved = try GICConfig.resolve(layers + own)
          return Resolved(
            configuration: resolved.machine, hash: resolved.hash, text: resolved.yaml)
        } catch { throw WireError(.einval, error.description) }
      },
      make: make,
      report: { statistics throws(WireError) in
        do { return try StatisticsDocument(statistics).json() } catch {
          throw WireError(.eoverflow, "the statistics cannot be written as JSON: \(error)")
        }
      })
  }
}
