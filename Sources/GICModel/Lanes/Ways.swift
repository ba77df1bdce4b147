// How an access goes its way on a machine with several lanes: beside others, or alone.

import GICArch

/// What an access needs beside the lane that it comes on.
enum Way {
  /// Nobody: what it touches is atomic, or changes only while somebody works alone.
  case beside
  /// The PE that it is about.
  case owningPE(PEIndex)
  /// The ITS: it may read tables in RAM, and remember them.
  case owningITS(ITSIndex)
  /// An MSI: nobody, unless what it needs is not remembered.
  case message(DeviceID, EventID, ITSIndex)
  case alone
}

extension Engine {
  /// Nothing is looked at here but what never changes.
  func way(of access: Access) -> Way {
    guard facts.runsBeside else { return .alone }
    switch access.operation {
    case .msi, .translate:
      let n = itsIndex(of: access.address)
      guard n >= 0, access.data >> 32 == 0 else { return .beside }
      guard access.operation == .msi else { return .owningITS(n) }
      return .message(
        DeviceID(rawValue: access.source), EventID(rawValue: UInt32(access.data)), n)
    case .read:
      guard case .redistributor(let pe, _)? = frame(at: access.address) else { return .beside }
      return .owningPE(pe)
    case .write: return wayOfWrite(access)
    case .systemRegisterRead, .systemRegisterWrite: return wayOfSystemRegister(access)
    case .inputLine:
      let isPPI = access.address < 32 && INTID(rawValue: UInt32(access.address)).isPPI
      return isPPI && Int(access.source) < pes.count
        ? .owningPE(PEIndex(rawValue: access.source)) : .alone
    }
  }

  private func wayOfWrite(_ access: Access) -> Way {
    guard case .its(let n, let offset)? = frame(at: access.address) else { return .alone }
    // CWRITER without Retry changes nothing else.
    if offset == GITS.CWRITER.offset, access.size >= 4, !GITS.CWRITER(raw: access.data).retry {
      return .beside
    }
    guard offset == GITS.TRANSLATER.offsetFromControlFrame, access.size == 4 || access.size == 2,
      profile.translaterStores == .signal
    else { return .alone }
    let event = UInt32(truncatingIfNeeded: access.size == 2 ? access.data & 0xffff : access.data)
    return .message(DeviceID(rawValue: access.source), EventID(rawValue: event), n)
  }

  private func wayOfSystemRegister(_ access: Access) -> Way {
    guard Int(access.source) < pes.count, access.address <= UInt64(UInt32.max)
    else { return .beside }
    switch SystemRegister(rawValue: UInt32(access.address)) {
    // SGIs change other PEs, and SPIs may: also a PE that begins or ends to take part in them.
    case .sgi0r, .sgi1r, .asgi1r, .igrpen0, .igrpen1: return .alone
    case .eoir0, .eoir1, .dir:
      let intid = INTID(rawValue: UInt32(access.data[23, 0]))
      return intid.isSPI ? .alone : .owningPE(PEIndex(rawValue: access.source))
    default: return .owningPE(PEIndex(rawValue: access.source))
    }
  }
}

// Doing it.
extension Engine where Observer == NoTiming {
  /// An access on a machine with several lanes. Commands that it brings are not executed yet.
  mutating func accessBeside(_ access: Access) -> Response {
    switch way(of: access) {
    case .message(let device, let event, let n):
      enter(Self.isReading)
      let outcome = signalKnown(device, event, its: n)
      leave()
      guard let outcome else { return accessOwning(n, access) }
      return access.operation == .msi
        ? Response(value: outcome.packed) : Response(lines: lines(of: access.source))
    case .owningPE(let pe):
      enter(Self.isInside)
      // An SPI that is acknowledged changes what other PEs are shown.
      guard distributor.candidateWords == 0 else {
        leave()
        return accessAlone(access)
      }
      own(pe)
      let response = self.access(access)
      release(pe)
      leave()
      return response
    case .owningITS(let n): return accessOwning(n, access)
    case .beside:
      enter(Self.isInside)
      let response = self.access(access)
      leave()
      return response
    case .alone: return accessAlone(access)
    }
  }

  private mutating func accessAlone(_ access: Access) -> Response {
    enterAlone()
    let response = self.access(access)
    leaveAlone()
    return response
  }

  @inline(never)
  private mutating func accessOwning(_ n: ITSIndex, _ access: Access) -> Response {
    enter(Self.isInside)
    its[n].queue.owner.lock()
    let response = self.access(access)
    reclaim(n)
    its[n].queue.owner.unlock()
    leave()
    return response
  }

  /// What waits at a PE, seen beside other lanes.
  mutating func pendingBeside(_ pe: PEIndex) -> PendingInterrupt? {
    enter(Self.isInside)
    defer { leave() }
    own(pe)
    defer { release(pe) }
    return pending(of: pe)
  }

  /// An MSI whose device, event and collection are remembered. Stores nothing on the way there.
  /// - Returns: nil for one that must go the long way; nothing has happened then.
  @inline(__always)
  mutating func signalKnown(
    _ device: DeviceID, _ event: EventID, its n: ITSIndex
  ) -> MSIOutcome? {
    let its = its.place(n)
    guard its.element.enabled, let (word, pe) = recall(its, device, event) else { return nil }
    counts.msis &+= 1
    let (intid, collection) = (TranslationCache.intid(word), TranslationCache.collection(word))
    let kind = setRecalled(intid, at: pe)
    if kind.isDrop {
      logDropped(kind, its: n, device, event: UInt64(event.rawValue), intid: intid, target: pe)
    }
    return MSIOutcome(kind, intid: intid, collection: collection, pe: home(of: intid, else: pe))
  }

  /// Executes commands of ITS `n` for a while, unless somebody else does.
  /// - Returns: whether somebody else does.
  mutating func runBeside(_ n: ITSIndex, until number: UInt64) -> Bool {
    guard hasLanes else {
      _ = runSome(n, cost: QueueCost.batch)
      return false
    }
    guard facts.runsBeside else {
      enterAlone()
      _ = runSome(n, cost: QueueCost.batch)
      leaveAlone()
      return false
    }
    enter(Self.isInside)
    defer { leave() }
    guard !its[n].queue.isFinished(number) else { return false }
    guard its[n].queue.owner.tryLock() else { return true }
    _ = runSome(n, cost: QueueCost.batch)
    its[n].queue.owner.unlock()
    return false
  }
}
