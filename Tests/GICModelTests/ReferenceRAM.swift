import GICArch

/// Guest RAM as a random program knows it: not bytes, but what they mean.
struct ReferenceRAM {
  /// What an ITE says, whether it makes sense or not.
  struct Mapping: Hashable {
    var intid: UInt32
    var collection: UInt16
  }
  struct Device: Hashable {
    var itt: PhysicalAddress
    var bits: Int
  }
  /// What a level-1 entry says: nothing, its level-2 page, or an address that is not RAM.
  enum Page: Hashable { case hole, present, outside }

  /// An address at which the tests' machines have nothing.
  static let nowhere: PhysicalAddress = 0x1_0000_0000

  /// Level 1 of each ITS's device table by page; what is missing is a hole.
  var pages: [[UInt32: Page]]
  var devices: [[UInt32: Device]]
  var collections: [[UInt16: UInt64]]
  /// What lies in the ITTs, by the ITT's address: it outlives its device.
  var itts: [PhysicalAddress: [UInt32: Mapping]] = [:]
  /// Configuration bytes by table. Table 2 is nowhere.
  var bytes: [[UInt32: UInt8]] = [[:], [:], [:]]
  /// Pending tables: two for each PE.
  var pending: [Set<UInt32>]

  init(its: Int, pes: Int) {
    pages = Array(repeating: [:], count: its)
    devices = Array(repeating: [:], count: its)
    collections = Array(repeating: [:], count: its)
    pending = Array(repeating: [], count: 2 * pes)
  }
}

/// Guest software's own store into a table, which no command announces.
enum Corruption {
  case levelOne(UInt32, ReferenceRAM.Page)
  case device(UInt32, ReferenceRAM.Device?)
  case event(itt: PhysicalAddress, UInt32, ReferenceRAM.Mapping?)
  case collection(UInt16, UInt64?)
}

extension ReferenceRAM {
  mutating func store(_ corruption: Corruption, its n: Int) {
    switch corruption {
    case .levelOne(let page, let entry): pages[n][page] = entry
    case .device(let id, let entry): devices[n][id] = entry
    case .event(let itt, let event, let entry): itts[itt, default: [:]][event] = entry
    case .collection(let id, let target): collections[n][id] = target
    }
  }
}

/// Which configuration table a redistributor uses, and how far.
struct PropertyBase: Hashable {
  var table = 0
  var idBits = 16
}

/// What a base register reads back: what a program wrote, or what KVM makes of the attributes.
enum ReferenceRegister {
  /// Shareability [11:10]: Outer becomes Inner. Inner cacheability: Device and non-cacheable become
  /// read-allocate write-back. Outer cacheability: all but non-cacheable become "same as inner".
  static func sanitised(_ raw: UInt64, inner: UInt64, outer: UInt64) -> UInt64 {
    var raw = raw
    if raw >> 10 & 3 == 2 { raw = raw & ~(3 << 10) | 1 << 10 }
    if raw >> inner & 7 < 2 { raw = raw & ~(7 << inner) | 3 << inner }
    if raw >> outer & 7 > 1 { raw &= ~(7 << outer) }
    return raw
  }
  /// KVM's tables have pages of 64 KiB: Page_Size [9:8] is 2.
  static func baser(_ raw: UInt64, isKVM: Bool) -> UInt64 {
    isKVM ? sanitised(raw, inner: 59, outer: 53) & ~(3 << 8) | 2 << 8 : raw
  }
  static func lpiBaser(_ raw: UInt64, isKVM: Bool) -> UInt64 {
    isKVM ? sanitised(raw, inner: 7, outer: 56) : raw
  }
}
