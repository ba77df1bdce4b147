// The rules that the traces need, written as plainly as possible: dictionaries and sets, nothing
// cached, no time. It shares no code with the model, so that a replay is tested by itself, and can
// tell which of the two is wrong when they differ.

import GICArch

@testable import GICModel
@testable import GICReplay

final class ReferenceMachine: Machine {
  let configuration: MachineConfiguration
  var cycle: UInt64 { 0 }

  private struct Source: Hashable {
    var device: UInt32
    var event: UInt32
  }
  private struct Target {
    var intid: UInt32
    var collection: UInt16
  }
  struct PE {
    var lpis: Set<UInt32> = []
    var latched: Set<UInt32> = []
    var high: Set<UInt32> = []
    var active: Set<UInt32> = []
    var enabled: UInt32 = 0
    var priorities = [UInt8](repeating: 0, count: 32)
    var propertyTable: UInt64 = 0
    var pendingTable: UInt64 = 0
    var lpisEnabled = false
    var mask: UInt8 = 0
    var groupEnabled = false
    var dropsOnly = false
    var running: [UInt8] = []
    var line = false
  }
  private var pes: [PE]
  private var events: [Source: Target] = [:]
  private var devices: Set<UInt32> = []
  private var collections: [UInt16: Int] = [:]
  private var queue: (base: UInt64, byteCount: UInt64) = (0, 4096)
  private var (reader, isOn, distributorOn) = (UInt64(0), false, false)
  private var ram: GuestRAM?
  private var changes: [LineChange] = []
  private var counted = MachineStatistics(clock: .functional)

  init(_ configuration: MachineConfiguration) {
    self.configuration = configuration
    pes = Array(repeating: PE(), count: configuration.shape.affinities.count)
    counted.pes = Array(repeating: .init(), count: pes.count)
  }

  func map(_ ram: GuestRAM) throws(MemoryError) { self.ram = ram }
  func unmap(_ address: PhysicalAddress) throws(MemoryError) { ram = nil }
  func reset() {}
  func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 { 0 }
  func drainLineChanges(into changes: inout [LineChange]) {
    changes += self.changes
    self.changes = []
  }
  func statistics() -> MachineStatistics {
    var now = counted
    now.pending = UInt64(pes.map(\.lpis.count).reduce(0, +))
    return now
  }

  private func byte(_ address: UInt64) -> UInt8 {
    guard let ram, address >= ram.address, address - ram.address < UInt64(ram.byteCount) else {
      return 0
    }
    // SAFETY: the address is inside the mapped range.
    return unsafe ram.base.load(fromByteOffset: Int(address - ram.address), as: UInt8.self)
  }

  func flushPendingTables() {
    guard let ram else { return }
    for pe in pes where pe.pendingTable >= ram.address {
      let start = Int(pe.pendingTable - ram.address) + 1024
      for index in 0..<(8192 - 1024) {
        let bits = (0..<8).filter { pe.lpis.contains(UInt32(8192 + index * 8 + $0)) }
        // SAFETY: a pending table lies inside the guest's RAM.
        unsafe ram.base.storeBytes(
          of: bits.reduce(UInt8(0)) { $0 | 1 << $1 }, toByteOffset: start + index, as: UInt8.self)
      }
    }
  }

  func perform(_ access: Access) -> Response {
    let pe = Int(access.source)
    var value: UInt64 = 0
    switch access.operation {
    case .read:
      if access.address == configuration.shape.itsBases[0] + 0x90 { value = reader }
    case .write: write(access)
    case .msi:
      counted.msis += 1
      value = raise(Source(device: access.source, event: UInt32(access.data))).packed
    case .translate:
      value = outcome(Source(device: access.source, event: UInt32(access.data))).packed
    case .inputLine:
      if access.data == 1 {
        pes[pe].high.insert(UInt32(access.address))
      } else {
        pes[pe].high.remove(UInt32(access.address))
      }
    case .systemRegisterRead:
      if access.address == UInt64(SystemRegister.iar1.rawValue) { value = acknowledge(pe) }
    case .systemRegisterWrite:
      write(SystemRegister(rawValue: UInt32(access.address)), access.data, pe)
    }
    updateLines()
    return Response(value: value)
  }

  private func updateLines() {
    for index in pes.indices {
      let line = best(index) != nil
      guard line != pes[index].line else { continue }
      pes[index].line = line
      changes.append(
        LineChange(pe: PEIndex(index), levels: line ? .irq : [], sequence: 0, cycle: 0))
    }
  }

  // MARK: CPU interface

  private func best(_ index: Int) -> (intid: UInt32, priority: UInt8)? {
    let pe = pes[index]
    guard pe.groupEnabled, distributorOn else { return nil }
    var found: [(intid: UInt32, priority: UInt8)] = []
    for intid in pe.latched.union(pe.high)
    where pe.enabled >> intid & 1 != 0 && !pe.active.contains(intid) {
      found.append((intid, pe.priorities[Int(intid)]))
    }
    if pe.lpisEnabled {
      for intid in pe.lpis {
        let configuration = byte(pe.propertyTable + UInt64(intid - 8192))
        if configuration & 1 != 0 { found.append((intid, configuration & 0xfc)) }
      }
    }
    guard let best = found.min(by: { ($0.priority, $0.intid) < ($1.priority, $1.intid) }),
      best.priority < pe.mask, best.priority < pe.running.last ?? 0xff
    else { return nil }
    return best
  }

  private func acknowledge(_ index: Int) -> UInt64 {
    guard let best = best(index) else { return 1023 }
    pes[index].running.append(best.priority)
    pes[index].latched.remove(best.intid)
    if best.intid < 8192 {
      pes[index].active.insert(best.intid)
    } else {
      pes[index].lpis.remove(best.intid)
      counted.delivered += 1
      counted.pes[index].lpisAcknowledged += 1
    }
    return UInt64(best.intid)
  }

  private func write(_ register: SystemRegister, _ value: UInt64, _ pe: Int) {
    switch register {
    case .pmr: pes[pe].mask = UInt8(value)
    case .igrpen1: pes[pe].groupEnabled = value & 1 != 0
    case .ctlr: pes[pe].dropsOnly = value & 2 != 0
    case .eoir1:
      _ = pes[pe].running.popLast()
      if !pes[pe].dropsOnly { pes[pe].active.remove(UInt32(value)) }
    case .dir: pes[pe].active.remove(UInt32(value))
    case .sgi1r:
      let cluster = value[55, 48] << 16 | value[39, 32] << 8 | value[23, 16]
      for (index, affinity) in configuration.shape.affinities.enumerated() {
        let named =
          UInt64(affinity.cluster) == cluster && affinity.aff0 < 16
          && value[15, 0] >> UInt64(affinity.aff0) & 1 != 0
        if value[bit: 40] ? index != pe : named {
          pes[index].latched.insert(UInt32(value[27, 24]))
        }
      }
    default: break
    }
  }

  // MARK: Frames

  private func write(_ access: Access) {
    let shape = configuration.shape
    let (its, value) = (access.address &- shape.itsBases[0], access.data)
    if access.address == shape.gicdBase { distributorOn = value & 2 != 0 }
    if access.address >= shape.gicrBase {
      let offset = access.address - shape.gicrBase
      writeRedistributor(Int(offset / shape.gicrStride), offset % shape.gicrStride, value)
    }
    switch its {
    case 0x0: isOn = value & 1 != 0
    case 0x80: (queue, reader) = ((value[51, 12] << 12, (value[7, 0] + 1) << 12), 0)
    case 0x88 where isOn:
      while reader != value & .ones(19, 5) {
        run(slot: queue.base + reader)
        reader = (reader + 32) % queue.byteCount
      }
    default: break
    }
  }

  private func writeRedistributor(_ pe: Int, _ offset: UInt64, _ value: UInt64) {
    let bits = UInt32(truncatingIfNeeded: value)
    switch offset {
    case 0x0: pes[pe].lpisEnabled = value & 1 != 0
    case 0x70: pes[pe].propertyTable = value[51, 12] << 12
    case 0x78: pes[pe].pendingTable = value[51, 16] << 16
    case 0x10100: pes[pe].enabled |= bits
    case 0x10180: pes[pe].enabled &= ~bits
    case 0x10380: pes[pe].active = pes[pe].active.filter { $0 > 31 || bits >> $0 & 1 == 0 }
    case 0x10400..<0x10420:
      for index in 0..<4 {
        pes[pe].priorities[Int(offset - 0x10400) + index] = UInt8(
          truncatingIfNeeded: value >> (index * 8))
      }
    default: break
    }
  }

  // MARK: ITS

  private func outcome(_ source: Source) -> MSIOutcome {
    guard devices.contains(source.device) else { return MSIOutcome(.deviceUnmapped) }
    guard let target = events[source] else { return MSIOutcome(.eventUnmapped) }
    guard let pe = collections[target.collection] else { return MSIOutcome(.collectionUnmapped) }
    return MSIOutcome(
      pes[pe].lpis.contains(target.intid) ? .merged : .set, intid: INTID(rawValue: target.intid),
      collection: ICID(rawValue: target.collection), pe: PEIndex(pe))
  }

  private func raise(_ source: Source) -> MSIOutcome {
    let outcome = outcome(source)
    switch outcome.kind {
    case .set: pes[outcome.pe.index].lpis.insert(outcome.intid.rawValue)
    case .merged: counted.merged += 1
    default: counted.dropped["\(outcome.kind)", default: 0] += 1
    }
    return outcome
  }

  private func run(slot: UInt64) {
    func word(_ index: UInt64) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(byte(slot + index * 8 + $1)) << ($1 * 8) }
    }
    let source = Source(device: UInt32(word(0) >> 32), event: UInt32(word(1) & 0xffff_ffff))
    let collection = UInt16(word(2) & 0xffff)
    switch word(0) & 0xff {
    case 0x01:  // MOVI
      guard let old = events[source] else { return }
      events[source]?.collection = collection
      if let from = collections[old.collection], let to = collections[collection],
        pes[from].lpis.remove(old.intid) != nil
      {
        pes[to].lpis.insert(old.intid)
      }
    case 0x03:  // INT
      counted.intCommands += 1
      _ = raise(source)
    case 0x08:  // MAPD
      devices.remove(source.device)
      events = events.filter { $0.key.device != source.device }
      if word(2)[bit: 63] { devices.insert(source.device) }
    case 0x09: collections[collection] = word(2)[bit: 63] ? Int(word(2)[50, 16]) : nil
    case 0x0a: events[source] = Target(intid: UInt32(word(1) >> 32), collection: collection)
    case 0x0f:  // DISCARD
      if let old = events.removeValue(forKey: source), let pe = collections[old.collection],
        pes[pe].lpis.remove(old.intid) != nil
      {
        counted.dropped["cleared", default: 0] += 1
      }
    default: break
    }
  }
}
