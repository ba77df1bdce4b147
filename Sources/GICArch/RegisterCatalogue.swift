// Every register that a GICv3 with LPIs has, as data: for listings, and for tests over all of them.

/// A frame of registers, whose offsets count from its first byte.
@frozen public enum RegisterFrame: String, CaseIterable, Sendable {
  case distributor = "GICD"
  case redistributor = "GICR"
  case redistributorSGI = "GICR SGI_base"
  case itsControl = "GITS"
  case itsTranslation = "GITS translation"
  /// System registers: the offset is `SystemRegister.rawValue`.
  case cpuInterface = "ICC"
}

/// One register, or one array of them, of `RegisterCatalogue`.
public struct RegisterEntry: Equatable, Sendable {
  /// As the manual prints it; of an array with "<n>".
  public var name: String
  public var frame: RegisterFrame
  /// In bytes from the start of `frame`; of an array, where register 0 is.
  public var offset: Int
  /// 4 or 8.
  public var byteCount: Int
  /// How many there are: 1, or more for an array.
  public var count: Int
  public var access: RegisterAccess
  /// Value after reset, before a configuration's identification bits are laid over it.
  public var reset: UInt64
  /// Bits that a write can change.
  public var writable: UInt64

  /// Bytes of the frame that the register takes, all elements of an array together. A system
  /// register's offset is a key, of which the next is another's.
  public var byteRange: Range<Int> {
    offset..<offset + (frame == .cpuInterface ? 1 : byteCount * count)
  }

  init<R: Register>(_ type: R.Type, _ frame: RegisterFrame, count: Int = 1, suffix: String = "") {
    let prefix = frame.rawValue.prefix(4)
    self.name = "\(prefix)_\(type)\(suffix)"
    self.frame = frame
    (self.offset, self.byteCount, self.count) = (R.offset, R.byteCount, count)
    (self.access, self.reset, self.writable) = (R.access, R.reset, R.writable)
  }

  init<R: RegisterArray>(array type: R.Type, _ frame: RegisterFrame) {
    self.init(type, frame, count: R.count, suffix: "<n>")
  }

  init(_ register: SystemRegister, _ access: RegisterAccess) {
    (name, frame) = (register.description, .cpuInterface)
    (offset, byteCount, count) = (Int(register.rawValue), 8, 1)
    (self.access, reset) = (access, 0)
    writable =
      switch register {
      case .ctlr: ICC.CTLR.writable
      case .pmr: ICC.PMR.writable
      case .bpr0, .bpr1: ICC.BPR.writable
      case .sre: ICC.SRE.writable
      case .igrpen0, .igrpen1: ICC.IGRPEN.writable
      // The active priorities, 32 to a register.
      default: access == .readWrite ? .ones(31, 0) : 0
      }
  }

  /// A word of the identification block, which ends the first frame of each unit.
  init(identification name: String, index: Int, _ frame: RegisterFrame) {
    self.name = "\(frame.rawValue.prefix(4))_\(name)"
    self.frame = frame
    (offset, byteCount, count) = (IdentificationBlock.offset + 4 * index, 4, 1)
    (access, reset, writable) = (.readOnly, 0, 0)
  }
}

/// All registers, by frame and offset.
public enum RegisterCatalogue {
  public static let all: [RegisterEntry] =
    distributor + redistributor + redistributorSGI + its + cpuInterface

  /// The register that holds the byte at `offset` of `frame`, if any does.
  public static func entry(at offset: Int, in frame: RegisterFrame) -> RegisterEntry? {
    all.first { $0.frame == frame && $0.byteRange.contains(offset) }
  }

  static let distributor: [RegisterEntry] =
    [
      RegisterEntry(GICD.CTLR.self, .distributor),
      RegisterEntry(GICD.TYPER.self, .distributor),
      RegisterEntry(GICD.IIDR.self, .distributor),
      RegisterEntry(GICD.TYPER2.self, .distributor),
      RegisterEntry(GICD.STATUSR.self, .distributor),
      RegisterEntry(GICD.SETSPI_NSR.self, .distributor),
      RegisterEntry(GICD.CLRSPI_NSR.self, .distributor),
      RegisterEntry(GICD.SETSPI_SR.self, .distributor),
      RegisterEntry(GICD.CLRSPI_SR.self, .distributor),
      RegisterEntry(array: GICD.IGROUPR.self, .distributor),
      RegisterEntry(array: GICD.ISENABLER.self, .distributor),
      RegisterEntry(array: GICD.ICENABLER.self, .distributor),
      RegisterEntry(array: GICD.ISPENDR.self, .distributor),
      RegisterEntry(array: GICD.ICPENDR.self, .distributor),
      RegisterEntry(array: GICD.ISACTIVER.self, .distributor),
      RegisterEntry(array: GICD.ICACTIVER.self, .distributor),
      RegisterEntry(array: GICD.IPRIORITYR.self, .distributor),
      RegisterEntry(array: GICD.ITARGETSR.self, .distributor),
      RegisterEntry(array: GICD.ICFGR.self, .distributor),
      RegisterEntry(array: GICD.IGRPMODR.self, .distributor),
      RegisterEntry(array: GICD.NSACR.self, .distributor),
      RegisterEntry(GICD.SGIR.self, .distributor),
      RegisterEntry(array: GICD.IROUTER.self, .distributor),
    ] + identification(.distributor)

  static let redistributor: [RegisterEntry] =
    [
      RegisterEntry(GICR.CTLR.self, .redistributor),
      RegisterEntry(GICR.IIDR.self, .redistributor),
      RegisterEntry(GICR.TYPER.self, .redistributor),
      RegisterEntry(GICR.STATUSR.self, .redistributor),
      RegisterEntry(GICR.WAKER.self, .redistributor),
      RegisterEntry(GICR.MPAMIDR.self, .redistributor),
      RegisterEntry(GICR.PARTIDR.self, .redistributor),
      RegisterEntry(GICR.SETLPIR.self, .redistributor),
      RegisterEntry(GICR.CLRLPIR.self, .redistributor),
      RegisterEntry(GICR.PROPBASER.self, .redistributor),
      RegisterEntry(GICR.PENDBASER.self, .redistributor),
      RegisterEntry(GICR.INVLPIR.self, .redistributor),
      RegisterEntry(GICR.INVALLR.self, .redistributor),
      RegisterEntry(GICR.SYNCR.self, .redistributor),
    ] + identification(.redistributor)

  static let redistributorSGI: [RegisterEntry] = [
    RegisterEntry(GICR.SGI.IGROUPR0.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.ISENABLER0.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.ICENABLER0.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.ISPENDR0.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.ICPENDR0.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.ISACTIVER0.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.ICACTIVER0.self, .redistributorSGI),
    RegisterEntry(array: GICR.SGI.IPRIORITYR.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.ICFGR0.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.ICFGR1.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.IGRPMODR0.self, .redistributorSGI),
    RegisterEntry(GICR.SGI.NSACR.self, .redistributorSGI),
  ]

  static let its: [RegisterEntry] =
    [
      RegisterEntry(GITS.CTLR.self, .itsControl),
      RegisterEntry(GITS.IIDR.self, .itsControl),
      RegisterEntry(GITS.TYPER.self, .itsControl),
      RegisterEntry(GITS.MPAMIDR.self, .itsControl),
      RegisterEntry(GITS.PARTIDR.self, .itsControl),
      RegisterEntry(GITS.MPIDR.self, .itsControl),
      RegisterEntry(GITS.STATUSR.self, .itsControl),
      RegisterEntry(GITS.UMSIR.self, .itsControl),
      RegisterEntry(GITS.CBASER.self, .itsControl),
      RegisterEntry(GITS.CWRITER.self, .itsControl),
      RegisterEntry(GITS.CREADR.self, .itsControl),
      RegisterEntry(array: GITS.BASER.self, .itsControl),
    ] + identification(.itsControl) + [RegisterEntry(GITS.TRANSLATER.self, .itsTranslation)]

  static let cpuInterface: [RegisterEntry] = SystemRegister.table.map {
    RegisterEntry($0.register, $0.access)
  }

  static func identification(_ frame: RegisterFrame) -> [RegisterEntry] {
    IdentificationBlock.names.enumerated().map { index, name in
      RegisterEntry(identification: name, index: index, frame)
    }
  }
}
