import GICArch

extension Engine {
  /// Carries out one command on ITS `n`. A command that throws has had no effect.
  @inline(__always)
  mutating func execute(_ command: ITSCommand, its n: ITSIndex) throws(CommandFault) {
    switch command {
    case .mapc(let collection, let target): try mapc(n, collection, target)
    case .mapd(let device, let itt): try mapd(n, device, itt)
    case .mapti(let device, let event, let intid, let collection):
      try map(n, .mapti, device, event, intid, collection)
    case .mapi(let device, let event, let collection):
      try map(n, .mapi, device, event, INTID(rawValue: event.rawValue), collection)
    case .movi(let device, let event, let collection): try movi(n, device, event, collection)
    case .movall(let from, let to): try movall(from: from, to: to)
    case .discard(let device, let event): try discard(n, device, event)
    case .clear(let device, let event): try clear(n, device, event)
    case .int(let device, let event): try int(n, device, event)
    case .inv(let device, let event): try inv(n, device, event)
    case .invall(let collection): try invall(n, collection)
    case .sync(let target): try sync(target)
    }
  }

  /// The walk that CLEAR and INV share: event, and the PE that has its LPI. Nil where the
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

  /// The walk that DISCARD, INT and MOVI share: event, then its collection's target.
  @inline(__always)
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
