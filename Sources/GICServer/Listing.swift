// What LIST answers: the daemon's machines and clients, for people and scripts.

import FoundationEssentials
import GICModel
import GICWire
import Synchronization
import UVLoop

/// What others may know of a session. Its station counts, anybody looks; the rest belongs to
/// whoever has the server's lock.
final class SessionRecord: @unchecked Sendable {
  /// Counts up from 1 over the daemon's life.
  let number: Int
  let endpoint: Endpoint
  let requests = Tally()
  let postedErrors = Tally()
  /// Bytes that waited for the client when it was last sent something.
  let queuedBytes = Tally()
  // Under the server's lock:
  var name = ""
  /// Where it is served, once that is decided.
  var station: Int?
  var machine: String?
  var role: Role?
  var ports: [UInt32] = []

  init(_ number: Int, at endpoint: Endpoint) { (self.number, self.endpoint) = (number, endpoint) }
}

/// A number that one thread writes and others look at.
final class Tally: Sendable {
  private let word = Atomic<UInt64>(0)
  @inline(__always) var value: UInt64 {
    get { word.load(ordering: .relaxed) }
    set { word.store(newValue, ordering: .relaxed) }
  }
}

/// The JSON of LIST. Keys are sorted, so that equal states give equal bytes.
struct Listing: Encodable {
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

    init(_ machine: SharedMachine) {
      name = machine.name
      clock = machine.configuration.clock.rawValue
      cycle = machine.shownCycle.load(ordering: .relaxed)
      pes = machine.peCount
      keep = machine.keep
      quiesced = machine.isQuiesced.load(ordering: .acquiring)
      controlLost = machine.controlLoss != nil
      restored = machine.continuation.expectedRAM != nil
      offline = machine.offline.keys.sorted()
      configuration = machine.configurationHash
      clients = machine.members.map(\.number)
      ram = machine.ram.ranges.map { range in
        RAM(
          address: hex(range.address), bytes: range.byteCount,
          shared: range.memory.descriptor != nil, client: range.owner)
      }
    }
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
    /// Which thread serves it, from 0.
    var thread: Int
    var ports: [UInt32]
    var requests: UInt64
    var postedErrors: UInt64
    var queuedBytes: UInt64

    init(_ record: SessionRecord) {
      number = record.number
      name = record.name
      endpoint = "\(record.endpoint)"
      machine = record.machine
      role = record.role?.description
      thread = record.station ?? 0
      ports = record.ports
      requests = record.requests.value
      postedErrors = record.postedErrors.value
      queuedBytes = record.queuedBytes.value
    }
  }
  var machines: [Machine]
  var clients: [Client]

  /// Called under the server's lock.
  static func json(
    machines: some Sequence<SharedMachine>, clients: some Sequence<SessionRecord>
  ) -> [UInt8] {
    let listing = Listing(
      machines: machines.sorted { $0.name < $1.name }.map { machine in
        machine.lock.withLock { Machine(machine) }
      },
      clients: clients.sorted { $0.number < $1.number }.map(Client.init))
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // Strings and integers always encode.
    guard let json = try? encoder.encode(listing) else {
      preconditionFailure("a listing holds strings and integers only")
    }
    return Array(json)
  }
}
