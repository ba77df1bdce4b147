// What `itsctl events`, `explain`, `tables`, `registers` and `decode` do.

import Foundation
import GICArch
import GICClient
import GICReport
import SystemPackage

extension DaemonTool {
  /// Rejected commands and dropped MSIs.
  /// - Parameters:
  ///   - machine: its name; nil is the only one there is.
  ///   - first: the sequence number to begin with.
  ///   - follows: goes on until the connection or the process ends.
  public func events(machine: String?, from first: UInt64, follows: Bool) throws {
    let client = try connect()
    _ = try attach(client, to: machine)
    guard follows else {
      let document = try allEvents(client, from: first)
      try client.leave()
      return try show(document, document.events.isEmpty ? "no events\n" : document.text())
    }
    var next = first
    while true {
      let document = try EventsDocument(json: try client.events(from: next).tail)
      if json {
        // One event a line: a program reads it as it comes.
        for event in document.events {
          try write(try event.json() + [0x0a], to: .standardOutput)
        }
      } else {
        try write(Array(document.text().utf8), to: .standardOutput)
      }
      if document.next == next { Thread.sleep(forTimeInterval: 0.2) }
      next = document.next
    }
  }

  private func allEvents(_ client: Client, from first: UInt64) throws -> EventsDocument {
    var document = try EventsDocument(json: try client.events(from: first).tail)
    while true {
      let more = try EventsDocument(json: try client.events(from: document.next).tail)
      guard !more.events.isEmpty else { return document }
      document.events += more.events
      document.next = more.next
    }
  }

  /// The way of an MSI.
  /// - Parameter its: which ITS, from 0; nil is the only one.
  /// - Returns: whether nothing holds the MSI.
  public func explain(
    machine: String?, its: Int?, device: UInt32, event: UInt32
  ) throws -> Bool {
    let client = try connect()
    let address = try address(ofITS: its, in: try attach(client, to: machine))
    let reply = try client.explain(device: device, event: event, address: address)
    try client.leave()
    let document = try ExplanationDocument(json: reply.tail)
    try show(document, document.text(colored: isatty(1) != 0))
    return reply.value == 1
  }

  /// The tables of an ITS.
  /// - Parameter device: only this one.
  public func tables(machine: String?, its: Int?, device: UInt32?) throws {
    let client = try connect()
    let address = try address(ofITS: its, in: try attach(client, to: machine))
    let reply = try client.tables(address: address, device: device)
    try client.leave()
    let document = try TablesDocument(json: reply.tail)
    try show(document, document.text())
  }

  /// The registers of the distributor, of one PE and of the ITSs.
  /// - Parameter all: elements of arrays that are 0 too.
  public func registers(machine: String?, pe: UInt32, all: Bool) throws {
    let client = try connect()
    _ = try attach(client, to: machine)
    let reply = try client.registers(pe: pe)
    try client.leave()
    let document = try RegistersDocument(json: reply.tail)
    try show(document, document.text(all: all))
  }

  private func address(ofITS its: Int?, in attachment: Attachment) throws -> UInt64 {
    let count = attachment.itsBases.count
    guard let its else {
      guard count == 1 else {
        throw ReplayError("the machine has \(count) ITSs: choose one with --its 0 to \(count - 1)")
      }
      return attachment.itsBases[0]
    }
    guard attachment.itsBases.indices.contains(its) else {
      throw ReplayError("the machine has \(count) ITSs, from 0: there is no ITS \(its)")
    }
    return attachment.itsBases[its]
  }

  private func show(_ document: some JSONDocument, _ text: String) throws {
    try write(json ? try document.json(.indented) : Array(text.utf8), to: .standardOutput)
  }
}

/// Decodes a command's doublewords, with no daemon, and writes what they mean.
/// - Returns: whether a GICv3 command has this opcode.
public func decodeCommand(_ words: [UInt64], json: Bool) throws -> Bool {
  let padded = words + Array(repeating: 0, count: max(4 - words.count, 0))
  let document = CommandDocument(QueueEntry(padded[0], padded[1], padded[2], padded[3]))
  try write(
    json ? try document.json(.indented) : Array(document.text().utf8), to: .standardOutput)
  return document.command != nil
}
