import GICArch
import GICModel

/// The machine that a random program runs on.
struct ProgramShape {
  var pes: Int
  var its: Int
  var isIndirect: Bool
  var priorityBits: Int
  var idBits: [Int]
  var tables: [Int]
  var policy: Profile.ErrorPolicy

  init(seed: UInt64) {
    var dice = Dice(seed: seed ^ 0x5a5a)
    pes = 1 + dice.roll(4)
    its = 1 + dice.roll(2)
    isIndirect = dice.chance(50)
    priorityBits = 4 + dice.roll(5)
    policy = dice.chance(25) ? .stall : .skip
    // A table is shared by PEs that agree on its length.
    let lengths = [dice.pick([14, 16]), 16]
    tables = (0..<pes).map { _ in dice.roll(2) }
    idBits = tables.map { lengths[$0] }
  }

  var configuration: MachineConfiguration {
    var configuration = World.configuration(pes: pes, its: its)
    configuration.shape.affinities = (0..<pes).map {
      Affinity(rawValue: UInt32([0, 1, 0x100, 0x101][$0]))
    }
    configuration.identity.priorityBits = priorityBits
    configuration.identity.collectionIDBits = 10
    configuration.identity.itLinesNumber = 1
    configuration.profile.commandErrors = policy
    return configuration
  }
}

/// One thing that software or a device does.
enum Step {
  case msi(its: Int, device: UInt32, event: UInt32)
  case commands(its: Int, [ITSCommand])
  /// The guest mends the command that holds the queue, if one does, and retries.
  case retry(its: Int)
  /// The guest writes a configuration byte, and tells nobody.
  case configure(table: Int, intid: UInt32, byte: UInt8)
  /// The guest gives level 1 of a device table a page.
  case addPage(its: Int, page: UInt32)
  case enableITS(its: Int, Bool)
  /// With the ITS disabled, for a moment: BASER0 or BASER1 becomes (in)valid.
  case validateTable(its: Int, table: Int, Bool)
  case enableLPIs(pe: Int, Bool, tableIsZero: Bool)
  case groups(Bool, Bool)
  case acknowledge(pe: Int, group1: Bool)
  case endOfInterrupt(pe: Int, intid: UInt32, group1: Bool)
  case deactivate(pe: Int, intid: UInt32)
  case control(pe: Int, SystemRegister, UInt64)
  case sgi(pe: Int, UInt64, group1: Bool)
  /// A register of one bit an interrupt, by its offset in GICR's SGI frame (nil: of GICD word 1).
  case bits(pe: Int?, Int, UInt32)
  case priority(pe: Int?, intid: Int, UInt8)
  case edges(pe: Int?, UInt32)
  case route(spi: Int, to: Int)
  case input(pe: Int, intid: UInt32, Bool)
  case flush
}

/// Draws steps. What they touch is small, so that they meet.
struct ProgramWriter {
  static let devices: [UInt32] = [0, 1, 513, 1030, 1023, 1024, 0x1_0000, .max]
  static let intids: [UInt32] = [
    8192, 8193, 8194, 8255, 8256, 12287, 12288, 16383, 16384, 65535,
  ]
  let shape: ProgramShape
  var dice: Dice

  init(shape: ProgramShape, seed: UInt64) {
    self.shape = shape
    dice = Dice(seed: seed)
  }

  mutating func program(_ count: Int) -> [Step] { (0..<count).map { _ in step() } }

  private mutating func device() -> UInt32 {
    ProgramWriter.devices[dice.chance(95) ? dice.roll(4) : 4 + dice.roll(4)]
  }
  private mutating func event() -> UInt32 {
    dice.chance(95) ? UInt32(dice.roll(4)) : dice.pick([15, 16, .max])
  }
  private mutating func intid() -> UInt32 {
    dice.chance(95) ? dice.pick(ProgramWriter.intids) : dice.pick([0, 8191, 65536, .max])
  }
  private mutating func collection() -> ICID {
    ICID(rawValue: dice.chance(95) ? UInt16(dice.roll(4)) : dice.pick([511, 512, 1024, .max]))
  }
  private mutating func target() -> RDbase {
    RDbase(rawValue: dice.chance(95) ? UInt64(dice.roll(shape.pes)) : dice.pick([4, 0x1_0000]))
  }
  private mutating func byte() -> UInt8 {
    UInt8(dice.pick([0x00, 0x40, 0x44, 0x80, 0xa0, 0xf8, 0xfc])) | (dice.chance(75) ? 1 : 0)
  }

  private mutating func command(_ n: Int) -> ITSCommand {
    let device = DeviceID(rawValue: device())
    let event = EventID(rawValue: event())
    switch dice.roll(20) {
    case 0, 1:
      guard dice.chance(85) else { return .mapd(device, nil) }
      let bits = dice.chance(95) ? dice.pick([2, 4, 5]) : 17
      // Each device has two ITTs of its own: shared ones are UNPREDICTABLE.
      let place =
        (ProgramWriter.devices.firstIndex(of: device.rawValue) ?? 7) * 2 + dice.roll(10) / 9
      return .mapd(device, ITT(base: World.itt(n, place), eventIDBits: bits))
    case 2, 3: return .mapc(collection(), dice.chance(85) ? target() : nil)
    case 4, 5, 6, 7: return .mapti(device, event, INTID(rawValue: intid()), collection())
    case 8: return .mapi(device, event, collection())
    case 9, 10: return .movi(device, event, collection())
    case 11: return .movall(from: target(), to: target())
    case 12: return .discard(device, event)
    case 13: return .clear(device, event)
    case 14, 15: return .int(device, event)
    case 16, 17: return .inv(device, event)
    case 18: return .invall(collection())
    default: return .sync(target())
    }
  }

  private mutating func step() -> Step {
    let n = dice.roll(shape.its)
    let pe = dice.roll(shape.pes)
    switch dice.roll(100) {
    case 0..<18: return .msi(its: n, device: device(), event: event())
    case 18..<43:
      let count = 1 + dice.roll(4)
      return .commands(its: n, (0..<count).map { _ in command(n) })
    case 43..<47: return .retry(its: n)
    case 47..<54:
      let intid = intid()
      return .configure(
        table: dice.roll(2), intid: intid < 8192 || intid > 65535 ? 8192 : intid, byte: byte())
    case 54: return .addPage(its: n, page: UInt32(dice.roll(3)))
    case 55: return .enableITS(its: n, dice.chance(75))
    case 56: return .validateTable(its: n, table: dice.roll(2), dice.chance(90))
    case 57, 58: return .enableLPIs(pe: pe, dice.chance(85), tableIsZero: dice.chance(15))
    case 59: return .groups(dice.chance(85), dice.chance(85))
    case 60..<67: return .acknowledge(pe: pe, group1: dice.chance(75))
    case 67..<79: return .endOfInterrupt(pe: pe, intid: anyINTID(), group1: dice.chance(75))
    case 79: return .deactivate(pe: pe, intid: anyINTID())
    case 80..<85: return control(pe)
    case 85, 86: return sgi(pe)
    case 87..<94: return interrupt(dice.chance(60) ? pe : nil)
    case 94, 95, 96, 97: return .input(pe: pe, intid: UInt32(16 + dice.roll(40)), dice.chance(60))
    case 98: return .route(spi: 32 + dice.roll(32), to: pe)
    default: return .flush
    }
  }

  private mutating func anyINTID() -> UInt32 {
    dice.chance(40) ? intid() : UInt32(dice.roll(64)) + (dice.chance(5) ? 1000 : 0)
  }

  private mutating func control(_ pe: Int) -> Step {
    let choice: (SystemRegister, UInt64) =
      switch dice.roll(6) {
      case 0, 1: (.pmr, dice.pick([0, 0x80, 0xa0, 0xf0, 0xff, 0xff]))
      case 2: (.bpr0, UInt64(dice.roll(8)))
      case 3: (.bpr1, UInt64(dice.roll(8)))
      case 4: (.ctlr, UInt64(dice.roll(4)))
      default: (dice.chance(50) ? .igrpen0 : .igrpen1, dice.chance(85) ? 1 : 0)
      }
    return .control(pe: pe, choice.0, choice.1)
  }

  private mutating func sgi(_ pe: Int) -> Step {
    var request = ICC.SGI1R(raw: 0)
    request.intid = INTID(rawValue: UInt32(dice.roll(16)))
    request.targetList = UInt16(dice.roll(4))
    request.aff1 = UInt8(dice.roll(2))
    request.aff2 = dice.chance(5) ? 1 : 0
    request.irm = dice.chance(30)
    request.rangeSelector = dice.chance(5) ? 1 : 0
    return .sgi(pe: pe, request.raw, group1: dice.chance(70))
  }

  private mutating func interrupt(_ pe: Int?) -> Step {
    let bits = UInt32(truncatingIfNeeded: dice.next() & dice.next())
    switch dice.roll(10) {
    case 0: return .bits(pe: pe, 0x80, UInt32(truncatingIfNeeded: dice.next()))
    case 1, 2: return .bits(pe: pe, 0x100, bits)
    case 3: return .bits(pe: pe, 0x180, bits)
    case 4: return .bits(pe: pe, 0x200, bits & 0x0101_0101)
    case 5: return .bits(pe: pe, 0x280, bits)
    case 6: return .bits(pe: pe, dice.pick([0x300, 0x380, 0x380, 0x380]), bits)
    case 7: return .edges(pe: pe, bits)
    default: return .priority(pe: pe, intid: dice.roll(32), UInt8(truncatingIfNeeded: dice.next()))
    }
  }
}
