// The command queue: the only room that moves CREADR. A command is granted (executed) first and
// retired later; between the two CREADR stands still.

import GICArch

extension Engine {
  /// How many commands of ITS `n` have not been granted and may run: none while it is disabled,
  /// stalled or has no valid queue.
  @inline(__always) func waitingCommands(_ n: ITSIndex) -> Int {
    guard its[n].enabled, !its[n].stalled, its[n].cbaser.valid else { return 0 }
    guard its[n].cwriter < its[n].cbaser.byteCount else { return 0 }
    let distance = its[n].cwriter - its[n].granted
    return (distance >= 0 ? distance : distance + its[n].cbaser.byteCount) / QueueEntry.byteCount
  }

  func isStalled(_ n: ITSIndex) -> Bool { its[n].stalled }

  /// Grant of the next command of ITS `n`: fetches, decodes and executes it. CREADR does not move.
  /// A reserved opcode and a slot that cannot be read are skipped or hold the queue, as a rejected
  /// command does.
  /// - Returns: what it was; nil for a reserved opcode or a slot that could not be read.
  mutating func executeCommand(_ n: ITSIndex) -> ITSCommand? {
    let slot = its[n].granted
    let entry = memory.loadEntry(its[n].cbaser.physicalAddress &+ UInt64(slot))
    its[n].granted = nextSlot(n, slot)
    defer { reclaim(n) }
    guard let entry else {
      counts.unreachableSlots &+= 1
      logSlot(.slotUnreachable, its: n, slot: slot, nil)
      if profile.commandErrors == .stall || profile.commandFetchFaults == .stall {
        stall(n, at: slot)
      }
      return nil
    }
    _ = executeLater(entry, its: n, slot: slot)
    return ITSCommand(decoding: entry)
  }

  /// Executes what was fetched from `slot`, and counts it.
  /// - Returns: what it has cost; 0 if the queue stops at it.
  @inline(never)
  mutating func executeLater(_ entry: QueueEntry, its n: ITSIndex, slot: Int) -> Int {
    guard let opcode = ITSCommand.Opcode(rawValue: entry.opcode) else {
      return unknown(entry, its: n, slot: slot) ? QueueCost.one : 0
    }
    do throws(CommandFault) {
      try execute(opcode, entry, its: n)
      counts.complete(entry)
      return QueueCost.of(opcode)
    } catch {
      return reject(error, its: n, slot: slot, entry) ? QueueCost.one : 0
    }
  }

  @inline(never)
  private mutating func unknown(_ entry: QueueEntry, its n: ITSIndex, slot: Int) -> Bool {
    counts.unknownCommands &+= 1
    logSlot(.unknownCommand, its: n, slot: slot, entry)
    guard profile.commandErrors == .stall else { return true }
    stall(n, at: slot)
    return false
  }

  /// A rejected command has had no effect. It is skipped, or it holds the queue, as the profile
  /// says.
  /// - Returns: whether the queue goes on.
  @inline(never)
  private mutating func reject(
    _ fault: CommandFault, its n: ITSIndex, slot: Int, _ packet: QueueEntry
  ) -> Bool {
    if let command = ITSCommand(decoding: packet) {
      logRejected(command, fault, its: n, slot: slot, packet)
    }
    var policy = profile.commandErrors
    switch fault {
    case .rejected(let error):
      counts.reject(error)
      observer.observe(.rejected(error))
    case .unreachable:
      counts.unreachableEntries &+= 1
      if policy == .skip { policy = profile.tableFaults }
    }
    guard policy == .stall else { return true }
    stall(n, at: slot)
    return false
  }

  /// What lies at `slot` holds the queue until CWRITER.Retry.
  private mutating func stall(_ n: ITSIndex, at slot: Int) {
    its[n].stalled = true
    its[n].showsStall = true
    its[n].granted = slot
  }

  /// The oldest granted command is complete: CREADR moves over it.
  mutating func retireCommand(_ n: ITSIndex) {
    guard its[n].creadr != its[n].granted else { return }
    its[n].creadr = nextSlot(n, its[n].creadr)
  }

  @inline(__always) private func nextSlot(_ n: ITSIndex, _ slot: Int) -> Int {
    let next = slot &+ QueueEntry.byteCount
    return next >= its[n].cbaser.byteCount ? 0 : next
  }

  /// Gives back what the owner of ITS `n` has taken away.
  @inline(__always) mutating func reclaim(_ n: ITSIndex) {
    guard its[n].translations.hasRetired else { return }
    awaitReaders()
    its[n].translations.reclaim()
  }

  /// CWRITER.Retry: the held command runs again.
  mutating func retry(_ n: ITSIndex) {
    guard its[n].stalled else { return }
    its[n].stalled = false
    its[n].showsStall = profile.stallEnds == .anyWrite
    its[n].granted = its[n].creadr
  }
}

/// Why a command had no effect.
enum CommandFault: Error {
  case rejected(CommandError)
  /// Its table entry lies outside guest RAM, for which the architecture has no number.
  case unreachable

  /// The command's own number for a fault of the walk.
  @inline(never) init(_ opcode: ITSCommand.Opcode, walk fault: WalkFault) {
    let reason: CommandError.Reason
    switch fault {
    case .deviceOOR: reason = .deviceOOR
    case .deviceUnmapped: reason = .deviceUnmapped
    case .eventOOR: reason = .eventOOR
    case .eventUnmapped: reason = .interruptUnmapped
    case .collectionUnmapped: reason = .collectionUnmapped
    case .unreachable:
      self = .unreachable
      return
    }
    self.init(opcode, reason)
  }
  @inline(never) init(_ opcode: ITSCommand.Opcode, _ reason: CommandError.Reason) {
    guard let error = CommandError(opcode, reason) else {
      self = .unreachable
      return
    }
    self = .rejected(error)
  }
}
