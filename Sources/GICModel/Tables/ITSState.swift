import GICArch
import Synchronization

/// Where the frames of an ITS lie.
struct ITSPlace: ~Copyable {
  /// The address, a multiple of 64 KiB, and bit 0.
  private let word: Atomic<UInt64>

  init(base: PhysicalAddress, isPlaced: Bool) { word = Atomic(base | (isPlaced ? 1 : 0)) }

  /// First byte of the control frame.
  @inline(__always) var base: PhysicalAddress { word.load(ordering: .relaxed) & ~1 }
  /// Whether the frames lie anywhere. Where attributes place frames they do not at first.
  @inline(__always) var isPlaced: Bool { word.load(ordering: .relaxed) & 1 == 1 }
  /// How far behind the control frame's first byte an address lies; nil outside both frames.
  @inline(__always) func offset(of address: PhysicalAddress) -> UInt64? {
    let word = word.load(ordering: .relaxed)
    let offset = address &- (word & ~1)
    return offset < UInt64(2 &* GITS.frameByteCount) && word & 1 == 1 ? offset : nil
  }
  func put(at base: PhysicalAddress, isPlaced: Bool) {
    word.store(base | (isPlaced ? 1 : 0), ordering: .relaxed)
  }
}

/// Everything that one ITS knows. The rules that move it are the engine's extensions.
///
/// What a thread looks at that does not own the ITS is atomic: the offsets of the queue, and what
/// is remembered of the tables. The registers change only while nobody else works on the machine.
struct ITSState: ~Copyable {
  var enabled = false
  var cbaser = GITS.CBASER(raw: 0)
  let queue = QueueState()
  // Registers that a profile may leave out.
  var imDe = false
  var umsiIRQ = false
  var statusr = GITS.STATUSR(raw: 0)
  var umsir = GITS.UMSIR(raw: 0)
  var partidr: UInt64 = 0
  var baser: InlineArray<8, UInt64> {
    didSet {
      devices = TableShape(deviceBASER)
      collectionShape = TableShape(collectionBASER)
    }
  }
  /// What GITS_BASER0 and GITS_BASER1 say of their tables.
  private(set) var devices: TableShape
  private(set) var collectionShape: TableShape
  let translations: TranslationCache
  let collections = CollectionCache()
  /// Those that a save writes, if the ITS holds its tables itself.
  var collectionList = CollectionList()

  init(configuration: MachineConfiguration) {
    baser = ITSState.resetBASERs(configuration)
    devices = TableShape(GITS.BASER(raw: baser[ITSState.deviceTable]))
    collectionShape = TableShape(GITS.BASER(raw: baser[ITSState.collectionTable]))
    translations = TranslationCache(deviceIDBits: configuration.identity.deviceIDBits)
  }
  func deallocate() {
    translations.deallocate()
    collections.deallocate()
  }

  static let deviceTable = 0
  static let collectionTable = 1
  static let vpeTable = 2

  var deviceBASER: GITS.BASER { GITS.BASER(raw: baser[ITSState.deviceTable]) }
  var collectionBASER: GITS.BASER { GITS.BASER(raw: baser[ITSState.collectionTable]) }

  /// Type and Entry_Size are what they are; everything else begins at 0, or at what KVM begins
  /// with: read-allocate write-back, Inner Shareable, pages of 64 KiB.
  private static func resetBASERs(
    _ configuration: MachineConfiguration
  ) -> InlineArray<8, UInt64> {
    let identity = configuration.identity
    var all = InlineArray<8, UInt64>(repeating: 0)
    func descriptor(_ type: GITS.TableType, _ byteCount: Int) -> UInt64 {
      var baser = GITS.BASER(raw: 0)
      baser.raw[58, 56] = UInt64(type.rawValue)
      baser.entryByteCount = byteCount
      guard configuration.profile.baserWrites == .sanitised else { return baser.raw }
      baser.shareability = .inner
      return TableAttributes.sanitised(baser).raw
    }
    all[deviceTable] = descriptor(.device, identity.dteByteCount)
    all[collectionTable] = descriptor(.collection, identity.cteByteCount)
    // GICv4 has a table of vPEs; nothing reads it yet.
    if identity.gicVersion >= 4 { all[vpeTable] = descriptor(.vpe, identity.dteByteCount) }
    return all
  }
}
