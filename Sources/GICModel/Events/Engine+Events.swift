// Who writes the event log: the ends of the failing paths. What succeeds does not come here.

import GICArch

extension Engine {
  /// The walk ends at this entry. Kept until the command or MSI that failed is logged.
  @inline(never)
  mutating func decided(
    by kind: TableEntry.Kind, at address: PhysicalAddress, _ raw: UInt64?
  ) {
    lastEntry = TableEntry(kind, address: address, raw: raw)
  }

  /// As ``decided(by:at:_:)``, for a device that may be remembered: what counts is what is
  /// remembered.
  @inline(never)
  mutating func decided(by device: DeviceID, _ known: TranslationCache.Device, its n: ITSIndex) {
    lastEntry = deviceEntry(n, device).map { entry in
      var entry = entry
      entry.cached = EntryLayout.word(known)
      return entry
    }
  }

  /// Takes the note of the walk that has just failed.
  private mutating func takeLastEntry() -> TableEntry? {
    defer { lastEntry = nil }
    return lastEntry
  }

  private func append(_ event: LoggedEvent) {
    if hasLanes { world[0].logLock.lock() }
    log[0].append(event)
    if hasLanes { world[0].logLock.unlock() }
  }

  @inline(never)
  mutating func logDropped(
    _ kind: MSIOutcome.Kind, its n: ITSIndex, _ device: DeviceID, event: UInt64,
    intid: INTID? = nil, target: PEIndex? = nil
  ) {
    var logged = LoggedEvent(.dropped(kind), its: n >= 0 && n < its.count ? n : nil)
    (logged.cycle, logged.device, logged.event) = (stamp, device, event)
    logged.intid = intid
    logged.target = target.map { processorNumber(of: $0) }
    let entry = takeLastEntry()
    if kind.isDecidedByEntry { logged.entry = entry }
    append(logged)
  }

  @inline(never)
  mutating func logRejected(
    _ command: ITSCommand, _ fault: CommandFault, its n: ITSIndex, slot: Int, _ packet: QueueEntry
  ) {
    let note = takeLastEntry()
    var logged: LoggedEvent
    switch fault {
    case .rejected(let error):
      logged = LoggedEvent(.rejected(error), its: n)
      switch error.reason {
      case .targetOOR, .ittSizeOOR, .collectionOOR, .intidOOR: break
      case .eventOOR: logged.entry = note ?? command.device.flatMap { deviceEntry(n, $0) }
      case .deviceOOR, .deviceUnmapped, .interruptUnmapped, .collectionUnmapped, .iteInvalid:
        logged.entry = note
      }
    case .unreachable:
      logged = LoggedEvent(.entryUnreachable, its: n)
      logged.entry = note ?? entryWritten(by: command, its: n)
    }
    (logged.cycle, logged.slot, logged.packet) = (stamp, slot, packet)
    append(logged)
  }

  @inline(never)
  mutating func logSlot(
    _ kind: LoggedEvent.Kind, its n: ITSIndex, slot: Int, _ packet: QueueEntry?
  ) {
    var logged = LoggedEvent(kind, its: n)
    (logged.cycle, logged.slot, logged.packet) = (stamp, slot, packet)
    append(logged)
  }

  /// The entry that a command could not write.
  private func entryWritten(by command: ITSCommand, its n: ITSIndex) -> TableEntry? {
    switch command {
    case .mapd(let device, _): deviceEntry(n, device)
    case .mapc(let collection, _): collectionEntry(n, collection)
    case .mapti(let device, let event, _, _), .mapi(let device, let event, _),
      .movi(let device, let event, _), .discard(let device, let event):
      its[n].translations.device(checked: device, configuration.identity).map {
        translationEntry($0.itt, event)
      }
    default: nil
    }
  }
}

extension MSIOutcome.Kind {
  /// Whether a table entry says so, not a register.
  fileprivate var isDecidedByEntry: Bool {
    switch self {
    case .deviceOOR, .deviceUnmapped, .eventOOR, .eventUnmapped, .collectionUnmapped, .memoryFault:
      true
    default: false
    }
  }
}

extension ITSCommand {
  /// The device that it names, if it names one.
  fileprivate var device: DeviceID? {
    switch self {
    case .mapd(let device, _), .mapti(let device, _, _, _), .mapi(let device, _, _),
      .movi(let device, _, _), .discard(let device, _), .clear(let device, _),
      .int(let device, _), .inv(let device, _):
      device
    default: nil
    }
  }
}
