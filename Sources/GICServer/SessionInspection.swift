// Requests that look into a machine: values from the model, JSON from the report.

import GICArch
import GICModel
import GICReport
import GICWire

extension Session {
  /// Events in one reply, and rows of tables; what does not fit a tail is asked for again.
  private static let eventLimit = 1024
  private static let rowLimit = 4096

  /// EVENTS, EXPLAIN, TABLES and REGISTERS.
  func inspect(
    _ request: Request, _ host: MachineHost, _ reply: inout Reply
  ) throws(WireError) {
    switch request {
    case .events(let first, let limit): try giveEvents(first, limit, host, &reply)
    case .explain(let device, let event, let address):
      let story = host.machine.explain(
        DeviceID(rawValue: device), EventID(rawValue: event), at: address)
      guard let story else { throw Session.opaque(host) }
      reply.value = story.verdict == .clear || story.verdict == .delivered ? 1 : 0
      reply.tail = try Session.json(ExplanationDocument(story))
    case .tables(let address, let device, let limit):
      let tables = host.machine.tables(
        at: address, device: device.map(DeviceID.init(rawValue:)),
        limit: min(limit, Session.rowLimit))
      guard let tables else {
        let bases = host.configuration.shape.itsBases.map(hex).joined(separator: ", ")
        throw WireError(
          .enxio, "'\(host.name)' has no ITS at \(hex(address)); its ITSs are at \(bases)")
      }
      reply.value = tables.isComplete ? 1 : 0
      reply.tail = try Session.json(TablesDocument(tables))
    case .registers(let pe):
      guard let values = host.machine.registers(of: PEIndex(rawValue: pe)) else {
        throw WireError(.enxio, "'\(host.name)' has PEs 0 to \(host.peCount - 1), and no \(pe)")
      }
      reply.value = UInt64(values.count)
      reply.tail = try Session.json(RegistersDocument(values, pe: pe, cycle: host.cycle))
    default: preconditionFailure("\(request.type) does not look into a machine")
    }
  }

  /// As many events as the tail takes: the next request goes on behind them.
  private func giveEvents(
    _ first: UInt64, _ limit: Int, _ host: MachineHost, _ reply: inout Reply
  ) throws(WireError) {
    var limit = min(limit, Session.eventLimit)
    repeat {
      let batch = host.machine.events(from: first, limit: limit)
      reply.value = batch.next
      reply.tail = try Session.json(EventsDocument(batch))
      limit = batch.events.count / 2
    } while reply.tail.count > agreedTailLimit && limit > 0
  }

  private static func opaque(_ host: MachineHost) -> WireError {
    WireError(.eopnotsupp, "machine '\(host.name)' does not show its inside")
  }

  private static func json(_ document: some JSONDocument) throws(WireError) -> [UInt8] {
    do { return try document.json() } catch {
      throw WireError(.eoverflow, "the answer cannot be written as JSON: \(error)")
    }
  }
}
