import GICArch
import GICModel

/// Draws steps. What they touch is small, so that they meet.
struct ProgramWriter {
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

  /// What is more likely in a calm program: that something is left, or made, as it works.
  private mutating func well(_ percent: Int) -> Bool {
    dice.chance(shape.isCalm ? 100 - (100 - percent) / 8 : percent)
  }

  private mutating func device() -> UInt32 {
    shape.devices[dice.chance(95) ? dice.roll(4) : 4 + dice.roll(4)]
  }
  private mutating func event() -> UInt32 {
    dice.chance(95) ? UInt32(dice.roll(4)) : dice.pick([15, 16, .max])
  }
  private mutating func intid() -> UInt32 {
    dice.chance(95) ? dice.pick(ProgramWriter.intids) : dice.pick([0, 8191, 65536, .max])
  }
  private mutating func collection() -> ICID {
    ICID(rawValue: shape.collections[dice.chance(95) ? dice.roll(4) : 4 + dice.roll(4)])
  }
  private mutating func target() -> RDbase {
    RDbase(rawValue: dice.chance(95) ? UInt64(dice.roll(shape.pes)) : dice.pick([4, 0x1_0000]))
  }
  private mutating func byte() -> UInt8 {
    UInt8(dice.pick([0x00, 0x40, 0x44, 0x80, 0xa0, 0xf8, 0xfc])) | (dice.chance(75) ? 1 : 0)
  }

  /// Each device has two ITTs of its own (shared ones are UNPREDICTABLE), and one that is nowhere.
  private mutating func itt(_ n: Int, _ device: UInt32) -> PhysicalAddress {
    if dice.chance(3) { return ReferenceRAM.nowhere }
    return World.itt(n, (shape.devices.firstIndex(of: device) ?? 7) * 2 + dice.roll(10) / 9)
  }

  private mutating func command(_ n: Int) -> ITSCommand {
    let device = DeviceID(rawValue: device())
    let event = EventID(rawValue: event())
    // The first ones take something away; a calm program has few of them.
    switch shape.isCalm && dice.chance(85) ? 9 + dice.roll(9) : dice.roll(20) {
    case 0, 1:
      guard well(85) else { return .mapd(device, nil) }
      let bits = dice.chance(95) ? dice.pick([2, 4, 5]) : 17
      return .mapd(device, ITT(base: itt(n, device.rawValue), eventIDBits: bits))
    case 2, 3: return .mapc(collection(), well(85) ? target() : nil)
    case 4, 5, 6, 7: return .mapti(device, event, INTID(rawValue: intid()), collection())
    case 8: return .discard(device, event)
    case 9: return .mapi(device, event, collection())
    case 10: return .mapti(device, event, INTID(rawValue: intid()), collection())
    case 11, 12: return .movi(device, event, collection())
    case 13, 14: return .int(device, event)
    case 15, 16: return .inv(device, event)
    case 17: return .sync(target())
    case 18: return dice.chance(50) ? .clear(device, event) : .invall(collection())
    default: return .movall(from: target(), to: target())
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
    case 43..<46: return .retry(its: n)
    case 46..<52:
      let intid = intid()
      return .configure(
        table: dice.roll(2), intid: intid < 8192 || intid > 65535 ? 8192 : intid, byte: byte())
    case 52..<60: return configuration(n, pe)
    case 60..<67:
      return shape.isCalm && dice.chance(80)
        ? .handle(pe: pe) : .acknowledge(pe: pe, group1: dice.chance(75))
    case 67..<79: return .endOfInterrupt(pe: pe, intid: anyINTID(), group1: dice.chance(75))
    case 79: return .deactivate(pe: pe, intid: anyINTID())
    case 80..<85: return control(pe)
    case 85, 86: return sgi(pe)
    case 87..<94: return interrupt(dice.chance(60) ? pe : nil)
    case 94, 95, 96, 97: return .input(pe: pe, intid: UInt32(16 + dice.roll(40)), dice.chance(60))
    case 98: return .route(spi: 32 + dice.roll(32), route(pe))
    default: return .flush
    }
  }

  /// What a driver does seldom, and what it should not do.
  private mutating func configuration(_ n: Int, _ pe: Int) -> Step {
    switch dice.roll(25) {
    case 0, 1, 2: return .addPage(its: n, page: UInt32(dice.roll(3)))
    case 3: return .corrupt(its: n, (0...dice.roll(3)).map { _ in corruption(n) })
    case 4, 5, 6: return .enableITS(its: n, well(75))
    case 7, 8:
      return .table(its: n, table: dice.roll(2), valid: well(90), attributes(59, 53))
    case 9, 10:
      let table = dice.chance(95) ? dice.roll(2) : 2
      let base = PropertyBase(table: table, idBits: dice.pick([14, 16, 16]))
      return .propbaser(pe: pe, base, attributes(7, 56))
    case 11, 12:
      return .pendbaser(
        pe: pe, place: dice.roll(2), tableIsZero: dice.chance(15), attributes(7, 56))
    case 13, 14, 15, 16, 17:
      return .enableLPIs(
        pe: pe, well(70), deselected0: dice.chance(20), deselected1: dice.chance(20))
    case 18, 19:
      return .direct(pe: pe, dice.pick([0x40, 0x48, 0xa0, 0xa0, 0xb0]), intid: intid())
    case 20, 21: return ignored(n, pe)
    case 22: return .held(its: n, dice.pick([0x80, 0x100, 0x108]), dice.next())
    case 23: return .sleep(pe: pe, dice.chance(30))
    default: return .groups(well(85), well(85))
    }
  }

  /// A PE's affinity or nobody's, "any" or not, and now and then bits that may not be there.
  private mutating func route(_ pe: Int) -> UInt64 {
    let affinity = dice.chance(90) ? shape.affinities[pe].mpidr : 0xfe_0000
    let anyPE: UInt64 = dice.chance(50) ? 1 << 31 : 0
    let others = dice.chance(20) ? dice.next() & 0xffff_ff01_7f00_0000 : 0
    return affinity | anyPE | others
  }

  /// Any shareability, but the reserved one, and cacheability.
  private mutating func attributes(_ inner: UInt64, _ outer: UInt64) -> Attributes {
    let bits =
      UInt64(dice.roll(3)) << 10 | UInt64(dice.roll(8)) << inner | UInt64(dice.roll(8)) << outer
    return Attributes(bits: bits, inHalves: dice.chance(25))
  }

  private mutating func corruption(_ n: Int) -> Corruption {
    let device = shape.devices[dice.roll(5)]
    switch dice.roll(4) {
    case 0 where shape.isIndirect:
      return .levelOne(UInt32(dice.roll(3)), dice.pick([.hole, .present, .present, .outside]))
    case 0, 1:
      let entry = ReferenceRAM.Device(itt: itt(n, device), bits: dice.pick([1, 4, 5, 17, 32]))
      return .device(device, dice.chance(80) ? entry : nil)
    case 2:
      let mapping = ReferenceRAM.Mapping(intid: intid(), collection: collection().rawValue)
      let place = (shape.devices.firstIndex(of: device) ?? 7) * 2
      return .event(
        itt: World.itt(n, place), UInt32(dice.roll(4)), dice.chance(80) ? mapping : nil)
    default:
      return .collection(UInt16(dice.roll(4)), dice.chance(80) ? target().rawValue : nil)
    }
  }

  /// Read-only registers, holes, and widths that nothing there takes.
  private mutating func ignored(_ n: Int, _ pe: Int) -> Step {
    let value = dice.next()
    switch dice.roll(6) {
    case 0:
      return .ignored(.gits(n), dice.pick([0x4, 0x8, 0x10, 0x60, 0x98, 0x140]), value, size: 4)
    case 1: return .ignored(.gits(n), dice.pick([0x8, 0x98, 0x110, 0x138, 0xff00]), value, size: 8)
    case 2: return .ignored(.gits(n), dice.roll(0x1_0000), value, size: dice.pick([1, 2, 3, 16]))
    case 3: return .ignored(.gicr(pe), dice.roll(0x1_0000), value, size: dice.pick([1, 2, 3, 16]))
    case 4: return .ignored(.gicr(pe), dice.pick([0x4, 0x8, 0xc, 0x200, 0xffe8]), value, size: 4)
    default: return .ignored(.gicd, dice.pick([0x4, 0x8, 0xc, 0x100, 0x80]), value, size: 4)
    }
  }

  private mutating func anyINTID() -> UInt32 {
    dice.chance(40) ? intid() : UInt32(dice.roll(64)) + (dice.chance(5) ? 1000 : 0)
  }

  private mutating func control(_ pe: Int) -> Step {
    let choice: (SystemRegister, UInt64) =
      switch dice.roll(6) {
      case 0, 1: (.pmr, well(30) ? 0xff : dice.pick([0, 0x80, 0xa0, 0xf0, 0xff, 0xff]))
      case 2: (.bpr0, UInt64(dice.roll(8)))
      case 3: (.bpr1, UInt64(dice.roll(8)))
      case 4: (.ctlr, UInt64(dice.roll(4)))
      default: (dice.chance(50) ? .igrpen0 : .igrpen1, well(85) ? 1 : 0)
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
