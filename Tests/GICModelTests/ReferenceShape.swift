import GICArch
import GICModel

/// The machine that a random program runs on.
struct ProgramShape {
  var base: Profile.Base
  var pes: Int
  var its: Int
  var isIndirect: Bool
  var priorityBits: Int
  var directLPI: Bool
  var properties: [PropertyBase]
  var policy: Profile.ErrorPolicy
  /// Whether SPIs may be for any PE, and whether affinities have four parts.
  var oneOfN: Bool
  var affinity3: Bool
  /// Little is taken down and interrupts are handled, so that many come through. In the others
  /// most of what is sent is dropped, at every place where it can be.
  var isCalm: Bool

  init(seed: UInt64, base: Profile.Base) {
    var dice = Dice(seed: seed ^ 0x5a5a)
    self.base = base
    pes = 1 + dice.roll(4)
    its = 1 + dice.roll(2)
    isIndirect = dice.chance(50)
    priorityBits = 4 + dice.roll(5)
    // KVM never stalls.
    policy = dice.chance(25) && base != .kvm ? .stall : .skip
    let lengths = [dice.pick([14, 16]), 16]
    properties = (0..<pes).map { _ in
      let table = dice.roll(2)
      return PropertyBase(table: table, idBits: lengths[table])
    }
    directLPI = dice.chance(50)
    oneOfN = dice.chance(50)
    affinity3 = dice.chance(50) && base != .kvm
    isCalm = dice.chance(50)
  }

  var isKVM: Bool { base == .kvm }
  var affinities: [Affinity] {
    (0..<pes).map { Affinity(rawValue: UInt32([0, 1, 0x100, 0x101][$0])) }
  }

  var configuration: MachineConfiguration {
    var configuration = World.configuration(pes: pes, its: its)
    configuration.shape.affinities = affinities
    configuration.identity.priorityBits = priorityBits
    configuration.identity.collectionIDBits = isKVM ? 16 : 10
    configuration.identity.itLinesNumber = 1
    configuration.identity.directLPI = directLPI && !isKVM
    configuration.identity.oneOfNSupported = oneOfN
    configuration.identity.affinity3Valid = affinity3
    configuration.profile = Profile(base: base)
    configuration.profile.commandErrors = policy
    return configuration
  }

  /// DeviceIDs on both sides of the pages' and tables' ends.
  var devices: [UInt32] {
    let page = ReferenceMachine.perPage(isKVM: isKVM)
    return [0, 1, page + 1, 2 * page + 6, 2 * page - 1, 2 * page, 0x1_0000, .max]
  }
  var collections: [UInt16] {
    let last = UInt16(ReferenceMachine.perPage(isKVM: isKVM)) - 1
    return [0, 1, 2, 3, last, last + 1, 1024, .max]
  }
}

/// The bits of a base register that its address does not take, and whether it is written in two
/// halves.
struct Attributes {
  var bits: UInt64
  var inHalves: Bool
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
  /// The guest writes into the tables behind the ITS's back. The architecture's ITS is disabled and
  /// told of new tables around it, KVM's is not: it must not look.
  case corrupt(its: Int, [Corruption])
  case enableITS(its: Int, Bool)
  /// With the ITS disabled, for a moment: BASER0 or BASER1 is written, valid or not.
  case table(its: Int, table: Int, valid: Bool, Attributes)
  case propbaser(pe: Int, PropertyBase, Attributes)
  case pendbaser(pe: Int, place: Int, tableIsZero: Bool, Attributes)
  /// GICR_CTLR, with DPG0 and DPG1NS.
  case enableLPIs(pe: Int, Bool, deselected0: Bool, deselected1: Bool)
  case sleep(pe: Int, Bool)
  /// GICR_SETLPIR, CLRLPIR, INVLPIR or INVALLR, where they are.
  case direct(pe: Int, Int, intid: UInt32)
  /// A write that must change nothing: of a width or at an offset that no register takes.
  case ignored(Frame, Int, UInt64, size: UInt8)
  /// A base register of an ITS that is enabled: ignored too. Not done while it is not.
  case held(its: Int, Int, UInt64)
  case groups(Bool, Bool)
  case acknowledge(pe: Int, group1: Bool)
  /// What a handler does: IAR of the line's group, and EOIR and DIR of what it said.
  case handle(pe: Int)
  case endOfInterrupt(pe: Int, intid: UInt32, group1: Bool)
  case deactivate(pe: Int, intid: UInt32)
  case control(pe: Int, SystemRegister, UInt64)
  case sgi(pe: Int, UInt64, group1: Bool)
  /// A register of one bit an interrupt, by its offset in GICR's SGI frame (nil: of GICD word 1).
  case bits(pe: Int?, Int, UInt32)
  case priority(pe: Int?, intid: Int, UInt8)
  case edges(pe: Int?, UInt32)
  /// GICD_IROUTER.
  case route(spi: Int, UInt64)
  case input(pe: Int, intid: UInt32, Bool)
  case flush
}
