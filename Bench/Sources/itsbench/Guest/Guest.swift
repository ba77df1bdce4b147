// The least that a kernel does before MSIs can come, and what it then puts into its queue.

import GICArch

/// A driver with a side that does its work.
final class Guest {
  let side: any Side
  let layout: Layout
  private var cwriter: UInt64 = 0
  /// What ``time(_:)`` has taken of another process' processor, and for how many commands.
  private(set) var processor = (seconds: 0.0, commands: 0)

  /// Enables everything and maps all collections, devices and events.
  init(_ side: any Side, _ layout: Layout) throws {
    (self.side, self.layout) = (side, layout)
    try side.enable(layout)
    issue((0..<layout.pes).map { QueueEntry(layout.mapc($0)) })
    // In parts: the commands of many events need not all be there at once.
    for part in stride(from: 0, to: layout.devices, by: 1024) {
      let devices = part..<min(part + 1024, layout.devices)
      issue(devices.map { QueueEntry(layout.mapd($0)) })
      let events =
        devices.lowerBound * Layout.eventsPerDevice..<devices.upperBound * Layout.eventsPerDevice
      issue(events.map { QueueEntry(layout.mapti($0)) })
    }
  }

  /// One whose side is enabled already; nothing is mapped.
  init(over side: any Side, _ layout: Layout) { (self.side, self.layout) = (side, layout) }

  /// Puts commands into the queue, at most ``Layout/batch``.
  /// - Returns: what CWRITER must become so that they run.
  func load(_ entries: some Collection<QueueEntry>) -> UInt64 {
    precondition(entries.count <= Layout.batch)
    var place = cwriter
    for entry in entries {
      side.ram.store(entry, at: layout.queue + place)
      place = (place + UInt64(QueueEntry.byteCount)) % Layout.queueByteCount
    }
    cwriter = place
    return place
  }

  /// Has any number of commands carried out.
  func issue(_ entries: [QueueEntry]) {
    for part in stride(from: 0, to: entries.count, by: Layout.batch) {
      side.runQueue(to: load(entries[part..<min(part + Layout.batch, entries.count)]))
    }
    side.settle()
  }

  /// - Returns: the seconds that the pass took, without what comes before and after it.
  func time(_ pass: EncodedPass) throws -> Double {
    if let property = pass.property {
      side.ram.fill(layout.properties, Layout.lpis, with: property)
    }
    let target = load(pass.timed)
    let before = side.processorSeconds
    let seconds = Clock.time { side.runQueue(to: target) }
    if let before, let after = side.processorSeconds {
      processor = (processor.seconds + after - before, processor.commands + pass.timed.count)
    }
    guard side.creadr == target else {
      throw WrongWork(description: "CREADR is \(side.creadr), not \(target)")
    }
    side.settle()
    issue(pass.undo)
    return seconds
  }

  /// Where the other's tables, pending bits, CREADR or choice of an LPI differ from ours; nil
  /// where nothing does.
  /// - Parameter tables: whether the ITS tables are compared too, which need the same layout.
  func difference(from other: Guest, tables: Bool) -> String? {
    side.flush()
    other.side.flush()
    guard side.creadr == other.side.creadr else {
      return "CREADR \(side.creadr) and \(other.side.creadr)"
    }
    let start = tables ? RAM.address : layout.pendingTable(0)
    let end = tables ? layout.itt(layout.devices) : layout.pendingTable(layout.pes)
    if let place = side.ram.difference(from: other.side.ram, start, Int(end - start)) {
      return "RAM at 0x" + String(place, radix: 16)
    }
    for pe in 0..<layout.pes {
      guard let mine = side.highestPending(pe), let its = other.side.highestPending(pe)
      else { continue }
      if mine != its { return "highest-priority pending LPI of PE \(pe): \(mine) and \(its)" }
    }
    return nil
  }
}

/// What is done in one pass, as the queue has it.
struct EncodedPass {
  var timed: [QueueEntry]
  /// Puts things back; not timed.
  var undo: [QueueEntry]
  /// What every configuration byte in RAM becomes before it.
  var property: UInt8?
}

/// Host time.
enum Clock {
  /// Everything that is timed, and counted by callgrind, runs below this function. Not inlined, so
  /// that callgrind can be told its name.
  @inline(never) static func measuredRun(_ body: () -> Void) { body() }

  /// - Returns: seconds.
  static func time(_ body: () -> Void) -> Double {
    let start = ContinuousClock.now
    measuredRun(body)
    return (ContinuousClock.now - start) / .seconds(1)
  }
}
