// The sequence in which a monitor saves and restores a GIC by its attributes. What lies in guest
// RAM travels with guest RAM.

import GICArch

/// All attributes of a GICv3 and its ITSs that make up its state, in the order in which they are
/// restored.
/// - Source: Linux, Documentation/virt/kvm/devices/arm-vgic-v3.rst and arm-vgic-its.rst, "ITS
///   Restore Sequence"; the order of registers is QEMU's.
public struct AttributeImage: Equatable, Sendable {
  /// One attribute and what it held; nil for something that is done.
  public struct Entry: Equatable, Sendable {
    public var device: DeviceName
    public var attribute: DeviceAttribute
    public var value: UInt64?
    public init(_ device: DeviceName, _ attribute: DeviceAttribute, _ value: UInt64?) {
      (self.device, self.attribute, self.value) = (device, attribute, value)
    }
  }
  public var entries: [Entry] = []
  public init() {}

  /// Reads an attribute of the machine that is saved.
  public typealias Get<Failure: Error> = (DeviceName, DeviceAttribute) throws(Failure) -> UInt64
  /// Writes an attribute, or does what it stands for.
  public typealias Set<Failure: Error> = (DeviceName, DeviceAttribute, UInt64?) throws(Failure) ->
    Void

  /// Saves a machine whose vCPUs stand still: first what goes to guest RAM, then the registers.
  public init<Failure: Error>(
    of shape: MachineConfiguration, get: @escaping Get<Failure>, set: Set<Failure>
  ) throws(Failure) {
    try set(.vgic, DeviceAttribute(.savePendingTables), nil)
    for n in shape.shape.itsBases.indices { try set(.its(n), DeviceAttribute(.saveTables), nil) }
    var reader = Reader(get: get)
    try reader.saveDistributor(shape)
    for affinity in shape.shape.affinities { try reader.saveRedistributor(affinity) }
    for affinity in shape.shape.affinities { try reader.saveInterface(affinity, shape) }
    for n in shape.shape.itsBases.indices { try reader.saveITS(n) }
    entries = reader.entries
  }

  /// Restores them, in order. Guest RAM must be there already.
  public func restore<Failure: Error>(_ set: Set<Failure>) throws(Failure) {
    for entry in entries { try set(entry.device, entry.attribute, entry.value) }
  }
}

extension AttributeImage {
  private struct Reader<Failure: Error> {
    let get: Get<Failure>
    var entries: [Entry] = []

    mutating func save(_ device: DeviceName, _ attribute: DeviceAttribute) throws(Failure) {
      entries.append(Entry(device, attribute, try get(device, attribute)))
    }
    /// A register whose ones do something: cleared whole, then set to what it was.
    mutating func save(
      _ attribute: DeviceAttribute, clearedBy clear: DeviceAttribute
    ) throws(Failure) {
      entries.append(Entry(.vgic, clear, 0xffff_ffff))
      try save(.vgic, attribute)
    }

    mutating func saveDistributor(_ machine: MachineConfiguration) throws(Failure) {
      func at(_ offset: Int) -> DeviceAttribute {
        DeviceAttribute(.distributorRegisters, UInt64(offset))
      }
      try save(.vgic, at(GICD.IIDR.offset))
      try save(.vgic, at(GICD.CTLR.offset))
      let words = Int(try get(.vgic, DeviceAttribute(.interruptCount))) / 32
      for word in 1..<max(words, 1) {
        try save(.vgic, at(GICD.IGROUPR.offset(of: word)))
        try save(
          at(GICD.ISENABLER.offset(of: word)), clearedBy: at(GICD.ICENABLER.offset(of: word)))
        for index in word * 2..<word * 2 + 2 { try save(.vgic, at(GICD.ICFGR.offset(of: index))) }
        for index in word * 8..<word * 8 + 8 {
          try save(.vgic, at(GICD.IPRIORITYR.offset(of: index)))
        }
        try save(.vgic, at(GICD.ISPENDR.offset(of: word)))
        try save(
          at(GICD.ISACTIVER.offset(of: word)), clearedBy: at(GICD.ICACTIVER.offset(of: word)))
        if let first = machine.shape.affinities.first {
          try save(.vgic, DeviceAttribute(.levelInfo, first, UInt64(word * 32)))
        }
      }
      for intid in 32..<max(min(words * 32, 1020), 32) {
        try save(.vgic, at(GICD.IROUTER.offset(of: intid)))
        try save(.vgic, at(GICD.IROUTER.offset(of: intid) + 4))
      }
    }

    /// The tables come before the bit that lets the redistributor read them.
    mutating func saveRedistributor(_ affinity: Affinity) throws(Failure) {
      func at(_ offset: Int) -> DeviceAttribute {
        DeviceAttribute(.redistributorRegisters, affinity, UInt64(offset))
      }
      func sgi(_ offset: Int) -> DeviceAttribute { at(GICR.SGI.frame + offset) }
      for offset in [
        GICR.PROPBASER.offset, GICR.PROPBASER.offset + 4, GICR.PENDBASER.offset,
        GICR.PENDBASER.offset + 4, GICR.WAKER.offset, GICR.CTLR.offset,
      ] { try save(.vgic, at(offset)) }
      try save(.vgic, sgi(GICR.SGI.IGROUPR0.offset))
      try save(sgi(GICR.SGI.ISENABLER0.offset), clearedBy: sgi(GICR.SGI.ICENABLER0.offset))
      try save(.vgic, sgi(GICR.SGI.ICFGR1.offset))
      for index in 0..<GICR.SGI.IPRIORITYR.count {
        try save(.vgic, sgi(GICR.SGI.IPRIORITYR.offset(of: index)))
      }
      try save(.vgic, sgi(GICR.SGI.ISPENDR0.offset))
      try save(sgi(GICR.SGI.ISACTIVER0.offset), clearedBy: sgi(GICR.SGI.ICACTIVER0.offset))
      try save(.vgic, DeviceAttribute(.levelInfo, affinity, 0))
    }

    mutating func saveInterface(
      _ affinity: Affinity, _ machine: MachineConfiguration
    ) throws(Failure) {
      let words = Swift.max(1, min(1 << machine.identity.priorityBits, 128) / 32)
      var registers: [SystemRegister] = [.sre, .ctlr, .igrpen0, .igrpen1, .pmr, .bpr0, .bpr1]
      registers += [.ap0r0, .ap0r1, .ap0r2, .ap0r3].prefix(words)
      registers += [.ap1r0, .ap1r1, .ap1r2, .ap1r3].prefix(words)
      for register in registers {
        try save(
          .vgic, DeviceAttribute(.systemRegisters, affinity, UInt64(register.rawValue)))
      }
    }

    /// CREADR after CBASER, which clears it; the tables before CTLR, which lets commands run.
    mutating func saveITS(_ n: Int) throws(Failure) {
      func at(_ offset: Int) -> DeviceAttribute { DeviceAttribute(.itsRegisters, UInt64(offset)) }
      for offset in [
        GITS.IIDR.offset, GITS.CBASER.offset, GITS.CREADR.offset, GITS.CWRITER.offset,
      ] { try save(.its(n), at(offset)) }
      for index in 0..<GITS.BASER.count { try save(.its(n), at(GITS.BASER.offset(of: index))) }
      entries.append(Entry(.its(n), DeviceAttribute(.restoreTables), nil))
      try save(.its(n), at(GITS.CTLR.offset))
    }
  }
}

extension Machine {
  /// The machine's state as a monitor saves it, its vCPUs standing still. Its tables are in guest
  /// RAM then.
  public func saveAttributes() throws(DeviceError) -> AttributeImage {
    try AttributeImage(
      of: configuration,
      get: { (device, attribute) throws(DeviceError) in
        try self.attribute(attribute, of: device)
      },
      set: { (device, attribute, value) throws(DeviceError) in
        try setAttribute(attribute, of: device, to: value)
      })
  }
  /// Takes over what another machine's monitor saved, once guest RAM is there. The first attribute
  /// that is refused ends it.
  public func restore(_ image: AttributeImage) throws(DeviceError) {
    try image.restore { (device, attribute, value) throws(DeviceError) in
      try setAttribute(attribute, of: device, to: value)
    }
  }
}
