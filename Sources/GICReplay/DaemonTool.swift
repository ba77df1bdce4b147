// What `itsctl status` and `itsctl counters` do: ask a running daemon, and show what it says.

import Foundation
import GICClient
import GICReport
import SystemPackage

/// Questions to a running daemon.
public struct DaemonTool {
  public var address: String
  public var json: Bool

  /// - Parameter address: `unix:PATH` or `tcp:HOST:PORT`.
  public init(address: String, json: Bool) { (self.address, self.json) = (address, json) }

  /// What the daemon answers to LIST. Keys that are not read here may be there.
  struct Listing: Decodable {
    struct Machine: Decodable {
      var name: String
      var clock: String
      var cycle: UInt64
      var pes: Int
      var clients: [Int]
      var quiesced: Bool
      var controlLost: Bool
      /// Daemons before protocol 1.2 do not say it.
      var restored: Bool?
      var offline: [UInt32]
      var state: String {
        let rest =
          if restored == true {
            "restored, waits for its RAM and RESUME"
          } else {
            controlLost ? "waits for its control" : quiesced ? "quiesced" : "runs"
          }
        return offline.isEmpty ? rest : rest + ", \(offline.count) PEs offline"
      }
    }
    struct Client: Decodable {
      var number: Int
      var name: String
      var endpoint: String
      var machine: String?
      var role: String?
      var requests: UInt64
    }
    var machines: [Machine]
    var clients: [Client]
  }

  func connect() throws -> Client {
    try Client(connectingTo: try Endpoint(parsing: address), name: "itsctl")
  }

  /// Machines and clients.
  public func status() throws {
    let client = try connect()
    let answer = try client.list()
    try client.leave()
    guard !json else { return try write(answer + [0x0a], to: .standardOutput) }
    let listing = try JSONDecoder().decode(Listing.self, from: Data(answer))
    var text = DaemonTool.table(
      ["machine", "clock", "cycle", "PEs", "clients", "state"],
      listing.machines.map {
        [$0.name, $0.clock, "\($0.cycle)", "\($0.pes)", "\($0.clients.count)", $0.state]
      }, none: "no machines")
    text += "\n"
    text += DaemonTool.table(
      ["client", "name", "endpoint", "machine", "role", "requests"],
      listing.clients.map {
        ["\($0.number)", $0.name, $0.endpoint, $0.machine ?? "-", $0.role ?? "-", "\($0.requests)"]
      }, none: "no clients")
    try write(Array(text.utf8), to: .standardOutput)
  }

  /// Counters and latencies of one machine.
  /// - Parameter machine: its name; nil is the only one there is.
  public func counters(machine: String?) throws {
    let client = try connect()
    let attachment = try attach(client, to: machine)
    let answer = try client.statistics()
    try client.leave()
    guard !json else { return try write(answer + [0x0a], to: .standardOutput) }
    let statistics = try StatisticsDocument(json: answer)
    try write(
      Array(statistics.text(clockHertz: Double(attachment.clockHertz)).utf8),
      to: .standardOutput)
  }

  /// Attaches as one who looks only.
  /// - Parameter machine: its name; nil is the only one there is.
  func attach(_ client: Client, to machine: String?) throws -> Attachment {
    let names = try JSONDecoder().decode(Listing.self, from: Data(try client.list())).machines
      .map(\.name)
    guard !names.isEmpty else {
      throw ReplayError("\(address): there is no machine yet; a client that attaches makes one")
    }
    let list = names.joined(separator: ", ")
    if let machine, !names.contains(machine) {
      throw ReplayError("\(address): there is no machine '\(machine)'; there: \(list)")
    }
    guard let name = machine ?? (names.count == 1 ? names[0] : nil) else {
      throw ReplayError(
        "\(address): there are \(names.count) machines; name one with --machine: \(list)")
    }
    return try client.attach(machine: name, role: .monitor, wantsLines: false)
  }

  /// Whether the machine is there, and has lost its control.
  func waitsForControl(_ client: Client, _ machine: String) throws -> Bool {
    try JSONDecoder().decode(Listing.self, from: Data(try client.list())).machines
      .contains { $0.name == machine && $0.controlLost }
  }

  /// Writes an answer, as text or as JSON.
  func show(_ answer: some Encodable, _ text: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let bytes = json ? Array(try encoder.encode(answer)) + [0x0a] : Array(text.utf8)
    try write(bytes, to: .standardOutput)
  }

  /// Columns as wide as what is in them.
  static func table(_ head: [String], _ rows: [[String]], none: String) -> String {
    guard !rows.isEmpty else { return none + "\n" }
    let widths = head.indices.map { column in
      ([head] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([head] + rows).map { row in
      let line = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        .joined(separator: "  ")
      let end = line.lastIndex { $0 != " " } ?? line.startIndex
      return line[...end] + "\n"
    }.joined()
  }
}
