import GICArch

/// Everything that one ITS knows. The rules that move it are the engine's extensions.
struct ITSState {
  /// First byte of the control frame.
  var base: PhysicalAddress
  /// Whether its frames lie anywhere. Where attributes place frames they do not at first.
  var isPlaced: Bool
  var enabled = false
  var cbaser = GITS.CBASER(raw: 0)
  /// Byte offsets into the queue: what the guest wrote; what it reads; what is granted next. CREADR
  /// is behind `granted` while commands are under way.
  var cwriter = 0
  var creadr = 0
  var granted = 0
  /// A rejected command holds the queue at CREADR until the guest writes CWRITER.Retry.
  var stalled = false
  /// GITS_CREADR.Stalled outlives the stall, until CBASER is written (QEMU).
  var showsStall = false
  // Registers that a profile may leave out.
  var imDe = false
  var umsiIRQ = false
  var statusr = GITS.STATUSR(raw: 0)
  var umsir = GITS.UMSIR(raw: 0)
  var partidr: UInt64 = 0
  var baser: InlineArray<8, UInt64>
  var translations: TranslationCache
  var collections = CollectionCache()
  /// Those that a save writes, if the ITS holds its tables itself.
  var collectionList = CollectionList()

  init(base: PhysicalAddress, configuration: MachineConfiguration) {
    self.base = base
    isPlaced = configuration.shape.frames == .configured
    baser = ITSState.resetBASERs(configuration)
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
