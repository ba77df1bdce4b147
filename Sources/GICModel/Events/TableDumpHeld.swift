// The tables of an ITS that holds them itself.

import GICArch

extension Engine {
  /// What the ITS has mapped; only `device` of its devices, if one is named.
  func dumpHeld(
    _ n: ITSIndex, _ device: DeviceID?, _ dump: inout TableDump, _ budget: inout DumpBudget
  ) {
    dump.isHeld = true
    for index in 0..<1 << configuration.identity.collectionIDBits {
      let collection = ICID(rawValue: UInt16(truncatingIfNeeded: index))
      guard budget.look() else {
        dump.isComplete = false
        return
      }
      guard let pe = its[n].collections.target(collection) else { continue }
      let target = target(of: pe)
      dump.collections.append(
        TableDump.Collection(
          collection: collection, target: target, pe: processorNumber(of: pe),
          entry: heldEntry(.collection, EntryLayout.Format.encode(CTE(target: target)))))
      budget.rows -= 1
    }
    if let device {
      dumpHeldDevice(n, device, &dump, &budget)
      return
    }
    var id: UInt64 = 0
    let reach = UInt64(1) << UInt64(configuration.identity.deviceIDBits)
    while id < reach, let next = its[n].translations.firstDevice(from: id) {
      guard budget.look() else {
        dump.isComplete = false
        return
      }
      dumpHeldDevice(n, next, &dump, &budget)
      id = UInt64(next.rawValue) + 1
    }
  }

  private func dumpHeldDevice(
    _ n: ITSIndex, _ device: DeviceID, _ dump: inout TableDump, _ budget: inout DumpBudget
  ) {
    guard let known = its[n].translations.device(checked: device, configuration.identity)
    else { return }
    var row = TableDump.Device(
      device: device, itt: EntryLayout.itt(known),
      entry: heldEntry(.device, EntryLayout.word(known)))
    budget.rows -= 1
    for index in 0..<UInt32(known.words.count) {
      guard budget.look() else {
        dump.isComplete = false
        break
      }
      let word = known.words.load(index)
      guard word != 0 else { continue }
      let intid = TranslationCache.intid(word)
      row.events.append(
        TableDump.Event(
          event: EventID(rawValue: index), intid: intid,
          collection: TranslationCache.collection(word), delivered: counts.deliveries[intid],
          entry: heldEntry(.translation, EntryLayout.word(word))))
      budget.rows -= 1
    }
    dump.devices.append(row)
  }
}
