// What KVM makes of the memory attributes that a guest writes: the model of a machine whose tables
// are always cached and Inner Shareable.

import GICArch

/// Attributes as ``Profile/AttributeWrites/sanitised`` keeps them.
/// - Source: Linux, arch/arm64/kvm/vgic/vgic-mmio-v3.c and vgic-its.c.
enum TableAttributes {
  static func shareability(_ written: Shareability) -> Shareability {
    written == .outer ? .inner : written
  }
  static func inner(_ written: Cacheability) -> Cacheability {
    written == .device || written == .nonCacheable ? .readAllocateWriteBack : written
  }
  static func outer(_ written: Cacheability) -> Cacheability {
    written == .nonCacheable ? written : .sameAsInner
  }

  static func sanitised(_ written: GITS.BASER) -> GITS.BASER {
    var baser = written
    baser.shareability = shareability(written.shareability)
    baser.innerCache = inner(written.innerCache)
    baser.outerCache = outer(written.outerCache)
    baser.pageSize = 2
    return baser
  }

  static func sanitised(_ written: GITS.CBASER) -> GITS.CBASER {
    var cbaser = written
    cbaser.shareability = shareability(written.shareability)
    cbaser.innerCache = inner(written.innerCache)
    cbaser.outerCache = outer(written.outerCache)
    cbaser.raw[15, 12] = 0
    return cbaser
  }

  static func sanitised(_ written: GICR.PROPBASER) -> GICR.PROPBASER {
    var propbaser = written
    propbaser.shareability = shareability(written.shareability)
    propbaser.innerCache = inner(written.innerCache)
    propbaser.outerCache = outer(written.outerCache)
    return propbaser
  }

  static func sanitised(_ written: GICR.PENDBASER) -> GICR.PENDBASER {
    var pendbaser = written
    pendbaser.shareability = shareability(written.shareability)
    pendbaser.innerCache = inner(written.innerCache)
    pendbaser.outerCache = outer(written.outerCache)
    return pendbaser
  }

  /// GICR_PROPBASER and GICR_PENDBASER after reset: read-allocate write-back, Inner Shareable.
  static var resetLPIBaser: UInt64 { 0x580 }
}
