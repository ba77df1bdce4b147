import GICArch

@testable import GICModel

// What the tests of device attributes, save and restore share.

/// The profiles in which tables are saved: KVM's, and the architecture's with KVM's layout.
enum SavingProfile: CaseIterable, Sendable {
  case kvm
  case architecture

  var profile: Profile {
    switch self {
    case .kvm: return Profile(base: .kvm)
    case .architecture:
      var profile = Profile(base: .architecture)
      profile.tables = .atSave
      return profile
    }
  }

  func configuration(pes: Int = 2, its: Int = 1) -> MachineConfiguration {
    var configuration = World.configuration(pes: pes, its: its)
    configuration.profile = profile
    return configuration
  }
}

extension World {
  /// Flat, 64 KiB pages: room for 65,536 devices.
  static let flatDevices: UInt64 = 1 << 63 | World.deviceTable(0) | 2 << 8 | 7
  /// Level 1 of one page; level 2 is at ``World/levelTwo(_:page:)``.
  static let indirectDevices: UInt64 = 1 << 63 | 1 << 62 | World.deviceTable(0) | 2 << 8
  /// One page of 64 KiB: 8192 collections.
  static let flatCollections: UInt64 = 1 << 63 | World.collectionTable(0) | 2 << 8

  /// A driver's world without a collection: tables, queue, LPIs on, the ITS enabled.
  static func savable(
    _ profile: SavingProfile, devices: UInt64 = World.flatDevices,
    _ change: (inout MachineConfiguration) -> Void = { _ in }
  ) -> World {
    var configuration = profile.configuration()
    change(&configuration)
    let world = World(configuration)
    world.write(.gits(0), GITS.BASER.offset, devices)
    world.write(.gits(0), GITS.BASER.offset + 8, World.flatCollections)
    world.setUpQueue(0)
    world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
    for pe in 0..<configuration.shape.affinities.count { world.bringUp(pe) }
    world.write(.gicd, GICD.CTLR.offset, 3, size: 4)
    return world
  }

  /// Sets an attribute. - Returns: nil, or what it was refused with.
  func set(
    _ device: DeviceName, _ attribute: DeviceAttribute, _ value: UInt64? = nil
  ) -> DeviceErrno? {
    do throws(DeviceError) { try machine.setAttribute(attribute, of: device, to: value) } catch {
      return error.errno
    }
    return nil
  }
  func has(_ device: DeviceName, _ attribute: DeviceAttribute) -> DeviceErrno? {
    do throws(DeviceError) { try machine.hasAttribute(attribute, of: device) } catch {
      return error.errno
    }
    return nil
  }
  /// - Returns: nil if it was refused.
  func get(_ device: DeviceName, _ attribute: DeviceAttribute) -> UInt64? {
    try? machine.attribute(attribute, of: device)
  }
  func save(its n: Int = 0) -> DeviceErrno? { set(.its(n), DeviceAttribute(.saveTables)) }
  func restore(its n: Int = 0) -> DeviceErrno? { set(.its(n), DeviceAttribute(.restoreTables)) }

  /// Another machine over this one's RAM, to which it was moved as a monitor moves it.
  func moved() throws(DeviceError) -> World {
    let image = try machine.saveAttributes()
    let other = World(over: self)
    try other.machine.restore(image)
    return other
  }

  /// What the saved tables of ITS 0 say, without a machine.
  func decoded() -> SavedTables {
    let end = World.ramBase + UInt64(World.ramByteCount)
    return SavedTables(
      deviceTable: GITS.BASER(raw: read(.gits(0), GITS.BASER.offset)),
      collectionTable: GITS.BASER(raw: read(.gits(0), GITS.BASER.offset + 8)),
      load: {
        (World.ramBase..<end).contains($0) && $0 & 7 == 0 && $0 <= end - 8 ? self.load($0) : nil
      })
  }

  /// How many devices and events ITS `n` has, and how many collections.
  func mapped(its n: Int = 0) -> [Int] {
    let translations = machine.engine.its[n].translations
    var (devices, events) = (0, 0)
    var next = translations.firstDevice(from: 0)
    while let device = next {
      devices += 1
      events += translations.words(of: device).count
      next = translations.firstDevice(from: UInt64(device.rawValue) + 1)
    }
    return [devices, events, machine.engine.its[n].collectionList.inOrder.count]
  }
}

/// MAPD with plain numbers.
func mapd(_ device: UInt32, _ itt: PhysicalAddress, bits: Int = 5) -> ITSCommand {
  .mapd(DeviceID(rawValue: device), ITT(base: itt, eventIDBits: bits))
}
func mapti(_ device: UInt32, _ event: UInt32, _ lpi: UInt32, _ collection: UInt16) -> ITSCommand {
  .mapti(
    DeviceID(rawValue: device), EventID(rawValue: event), INTID(rawValue: lpi),
    ICID(rawValue: collection))
}
func mapc(_ collection: UInt16, _ pe: UInt64?) -> ITSCommand {
  .mapc(ICID(rawValue: collection), pe.map { RDbase(rawValue: $0) })
}
