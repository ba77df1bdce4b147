import GICArch

extension Engine {
  /// Carries out the command in `entry` on ITS `n`. One that throws has had no effect.
  @inline(never)
  mutating func execute(
    _ opcode: ITSCommand.Opcode, _ entry: QueueEntry, its n: ITSIndex
  ) throws(CommandFault) {
    switch opcode {
    case .mapc: try mapc(n, entry.collection, entry.valid ? entry.target : nil)
    case .mapd: try mapd(n, entry.device, entry.itt)
    case .mapti: try map(n, .mapti, entry.device, entry.event, entry.intid, entry.collection)
    case .mapi:
      let intid = INTID(rawValue: entry.event.rawValue)
      try map(n, .mapi, entry.device, entry.event, intid, entry.collection)
    case .movi: try movi(n, entry.device, entry.event, entry.collection)
    case .movall: try movall(from: entry.target, to: entry.secondTarget)
    case .discard: try discard(n, entry.device, entry.event)
    case .clear: try clear(n, entry.device, entry.event)
    case .int: try int(n, entry.device, entry.event)
    case .inv: try inv(n, entry.device, entry.event)
    case .invall: try invall(n, entry.collection)
    case .sync: try sync(entry.target)
    }
  }

  /// The walk that CLEAR, DISCARD and INV share: event, and the PE that has its LPI. Nil where the
  /// collection is not mapped, the profile does not mind, and nobody has the LPI.
  mutating func holder(
    _ n: ITSIndex, _ opcode: ITSCommand.Opcode, _ device: DeviceID, _ event: EventID,
    unmapped: Profile.UnmappedCollection
  ) throws(CommandFault) -> (intid: INTID, pe: PEIndex?) {
    do throws(WalkFault) {
      let route = try walkEvent(n, device, event)
      do throws(WalkFault) {
        return (route.intid, home(of: route.intid, else: try walkTarget(n, route)))
      } catch {
        guard case .collectionUnmapped = error, unmapped == .works else { throw error }
        return (route.intid, sharedHome(of: route.intid))
      }
    } catch {
      throw CommandFault(opcode, walk: error)
    }
  }

  /// The walk that INT and MOVI share: event, then its collection's target.
  mutating func route(
    _ n: ITSIndex, _ opcode: ITSCommand.Opcode, _ device: DeviceID, _ event: EventID
  ) throws(CommandFault) -> (route: Route, pe: PEIndex) {
    do throws(WalkFault) {
      let route = try walkEvent(n, device, event)
      return (route, try walkTarget(n, route))
    } catch {
      throw CommandFault(opcode, walk: error)
    }
  }
}

extension Engine where Observer == NoTiming {
  /// Carries out a command all of whose entries are remembered, or lie where nothing needs to be
  /// looked up: what most do.
  /// - Returns: false for any other; nothing has happened then.
  @inline(always)
  mutating func executeRecalled(_ entry: QueueEntry, _ view: QueueView) -> Bool {
    switch ITSCommand.Opcode(rawValue: entry.opcode) {
    case .mapc: mapcRecalled(view, entry.collection, entry.valid ? entry.target : nil)
    case .mapd: mapdRecalled(view, entry.device, entry.itt)
    case .mapti: mapRecalled(view, entry.device, entry.event, entry.intid, entry.collection)
    case .mapi:
      mapRecalled(
        view, entry.device, entry.event, INTID(rawValue: entry.event.rawValue), entry.collection)
    case .movi: moviRecalled(view, entry.device, entry.event, entry.collection)
    case .discard: discardRecalled(view, entry.device, entry.event)
    case .clear: clearRecalled(view, entry.device, entry.event)
    case .int: intRecalled(view, entry.device, entry.event)
    case .inv: invRecalled(view, entry.device, entry.event)
    case .sync: syncRecalled(entry.target)
    case .movall, .invall, nil: false
    }
  }
}
