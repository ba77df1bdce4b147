// What a guest has, and where it lies in its RAM.

import GICArch
import GICModel

/// Devices of 32 events, PEs, and the tables for them. Event `i` of all goes to PE `i` modulo their
/// number; its LPI is 8192 + i, or where there are more events than LPIs, one that no other event
/// of that PE has.
struct Layout {
  var devices = 64
  var pes = 4
  /// Every LPI's configuration byte: enabled, priority 0xa0. Nil: enabled, priorities at random.
  var property: UInt8? = 0xa1
  /// PEs whose pending table has every LPI set when LPIs are enabled.
  var full: Set<Int> = []
  /// PEs whose pending table has LPIs set, at random, when LPIs are enabled; how many draws.
  var drawn: [Int: Int] = [:]

  static let eventsPerDevice = 32
  static let lpis = 65536 - 8192
  static let queueByteCount: UInt64 = 0x1_0000
  /// Commands that fill the queue: one slot stays free.
  static let batch = 2047
  static let pageByteCount = 0x1_0000

  var events: Int { devices * Layout.eventsPerDevice }
  private var deviceTablePages: Int {
    (devices * 8 + Layout.pageByteCount - 1) / Layout.pageByteCount
  }

  var queue: PhysicalAddress { RAM.address }
  var deviceTable: PhysicalAddress { queue + Layout.queueByteCount }
  var deviceTableByteCount: Int { deviceTablePages * Layout.pageByteCount }
  /// One page: 8,192 collections.
  var collectionTable: PhysicalAddress { deviceTable + UInt64(deviceTableByteCount) }
  var properties: PhysicalAddress { collectionTable + UInt64(Layout.pageByteCount) }
  func pendingTable(_ pe: Int) -> PhysicalAddress {
    properties + UInt64((1 + pe) * Layout.pageByteCount)
  }
  /// 512 bytes each, so that entries of 12 bytes find room too.
  func itt(_ device: Int) -> PhysicalAddress { pendingTable(pes) + UInt64(device) * 0x200 }
  /// Whether the PE's pending table is other than all zero when LPIs are enabled.
  func isPendingAtFirst(_ pe: Int) -> Bool { full.contains(pe) || drawn[pe] != nil }
  /// In whole MiB.
  var ramByteCount: Int {
    (Int(itt(devices) - RAM.address) + 0xf_ffff) & ~0xf_ffff
  }

  func device(_ event: Int) -> DeviceID {
    DeviceID(rawValue: UInt32(event / Layout.eventsPerDevice))
  }
  func eventID(_ event: Int) -> EventID {
    EventID(rawValue: UInt32(event % Layout.eventsPerDevice))
  }
  func intid(_ event: Int) -> INTID {
    INTID(rawValue: UInt32(8192 + (events <= Layout.lpis ? event : event / pes)))
  }
  func collection(_ event: Int) -> ICID { ICID(rawValue: UInt16(event % pes)) }

  func mapd(_ device: Int) -> ITSCommand {
    .mapd(
      DeviceID(rawValue: UInt32(device)),
      ITT(base: itt(device), eventIDBits: Layout.eventsPerDevice.trailingZeroBitCount))
  }
  func mapc(_ pe: Int) -> ITSCommand {
    .mapc(ICID(rawValue: UInt16(pe)), RDbase(rawValue: UInt64(pe)))
  }
  func mapti(_ event: Int) -> ITSCommand {
    .mapti(device(event), eventID(event), intid(event), collection(event))
  }
  func int(_ event: Int) -> ITSCommand { .int(device(event), eventID(event)) }
  func message(_ event: Int) -> Message { Message(device: device(event), event: eventID(event)) }
  func clear(_ event: Int) -> ITSCommand { .clear(device(event), eventID(event)) }

  func configuration(_ clock: MachineStatistics.Clock) -> MachineConfiguration {
    var configuration = MachineConfiguration()
    configuration.shape.affinities = (0..<pes).map {
      Affinity(rawValue: UInt32($0 % 16 | $0 / 16 << 8))
    }
    configuration.clock = clock
    return configuration
  }

  /// A control register of the ITS.
  static func its(_ offset: Int) -> PhysicalAddress {
    MachineConfiguration.Shape().itsBases[0] + UInt64(offset)
  }
}

extension Layout {
  /// What stands in RAM before LPIs are enabled.
  func prepare(_ ram: RAM) {
    var random = SplitMix64(state: 8192)
    if let property {
      ram.fill(properties, Layout.lpis, with: property)
    } else {
      for lpi in 0..<Layout.lpis {
        ram.fill(properties + UInt64(lpi), 1, with: UInt8.random(in: 0...255, using: &random) | 1)
      }
    }
    for (pe, count) in drawn {
      for _ in 0..<count {
        let byte = UInt64(Int.random(in: 1024..<8192, using: &random))
        ram.fill(pendingTable(pe) + byte, 1, with: 1 << UInt8.random(in: 0..<8, using: &random))
      }
    }
    for pe in full { ram.fill(pendingTable(pe) + 1024, Layout.lpis / 8, with: 0xff) }
  }

  /// What a driver writes until the ITS runs: LPIs of all PEs, flat tables of 64 KiB pages, a queue
  /// of 64 KiB. 4-byte registers and 8-byte ones.
  var registers: [(address: PhysicalAddress, data: UInt64, size: UInt8)] {
    let shape = MachineConfiguration.Shape()
    var writes = [(shape.gicdBase + UInt64(GICD.CTLR.offset), UInt64(2), UInt8(4))]
    for pe in 0..<pes {
      let frame = shape.gicrBase + UInt64(pe) * shape.gicrStride
      let ptz: UInt64 = isPendingAtFirst(pe) ? 0 : 1 << 62
      writes.append((frame + UInt64(GICR.PROPBASER.offset), properties | 15, 8))
      writes.append((frame + UInt64(GICR.PENDBASER.offset), pendingTable(pe) | ptz, 8))
      writes.append((frame + UInt64(GICR.CTLR.offset), 1, 4))
    }
    let valid: UInt64 = 1 << 63
    let table = valid | 2 << 8
    let devicePages = UInt64(deviceTablePages - 1)
    writes.append((Layout.its(GITS.BASER.offset), table | deviceTable | devicePages, 8))
    writes.append((Layout.its(GITS.BASER.offset + 8), table | collectionTable, 8))
    writes.append((Layout.its(GITS.CBASER.offset), valid | queue | 15, 8))
    writes.append((Layout.its(GITS.CTLR.offset), 1, 4))
    return writes
  }
}
