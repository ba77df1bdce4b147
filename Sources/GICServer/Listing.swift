// What LIST answers: the daemon's machines and clients, for people and scripts.

import FoundationEssentials
import GICModel

/// The JSON of LIST. Keys are sorted, so that equal states give equal bytes.
private struct Listing: Encodable {
  struct Machine: Encodable {
    var name: String
    var clock: String
    var cycle: UInt64
    var pes: Int
    var keep: Bool
    var quiesced: Bool
    var controlLost: Bool
    var restored: Bool
    var offline: [UInt32]
    var configuration: String
    var clients: [Int]
    var ram: [RAM]
  }
  struct RAM: Encodable {
    var address: String
    var bytes: Int
    var shared: Bool
    var client: Int
  }
  struct Client: Encodable {
    var number: Int
    var name: String
    var endpoint: String
    var machine: String?
    var role: String?
    var ports: [UInt32]
    var requests: UInt64
    var postedErrors: UInt64
    var queuedBytes: Int
  }
  var machines: [Machine]
  var clients: [Client]
}

extension Server {
  func listing() -> [UInt8] {
    let machines = machines.values.sorted { $0.name < $1.name }.map { host in
      Listing.Machine(
        name: host.name, clock: host.configuration.clock.rawValue, cycle: host.cycle,
        pes: host.peCount, keep: host.keep, quiesced: host.isQuiesced,
        controlLost: host.controlLoss != nil, restored: host.continuation.expectedRAM != nil,
        offline: host.offline.keys.sorted(),
        configuration: host.configurationHash,
        clients: host.sessions.map(\.number),
        ram: host.ram.ranges.map { range in
          Listing.RAM(
            address: hex(range.address), bytes: range.byteCount,
            shared: range.memory.descriptor != nil, client: range.owner)
        })
    }
    let clients = sessions.values.sorted { $0.number < $1.number }.map { session in
      Listing.Client(
        number: session.number, name: session.clientName, endpoint: "\(session.endpoint)",
        machine: session.host?.name, role: session.role?.description,
        ports: session.ports.map(\.number),
        requests: session.ports.reduce(session.requests + session.ringRequests) {
          $0 + $1.requests
        },
        postedErrors: session.postedErrors, queuedBytes: session.connection.queuedByteCount)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // Strings and integers always encode.
    guard let json = try? encoder.encode(Listing(machines: machines, clients: clients)) else {
      preconditionFailure("a listing holds strings and integers only")
    }
    return Array(json)
  }
}
