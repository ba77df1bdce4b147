// Chapter "attributes": device attributes that are there or not, and what they are refused with.

import GICArch
import GICModel

enum AttributeRows {
  static let all: [ConformanceRow] = addresses + registers

  private static let api = RowMaker(
    chapter: .attributes, source: "Linux arm-vgic-its.rst and arm-vgic-v3.rst, Errors")

  private static let unplaced = "machine:\n  frames: attributes\n"
  private static func its(_ offset: Int) -> DeviceAttribute {
    DeviceAttribute(.itsRegisters, UInt64(offset))
  }
  private static let itsAddress = DeviceAttribute(DeviceAddress.its)

  private static let addresses: [ConformanceRow] = [
    api(111, "an ITS: aligned, inside 52 bits, once", machine: unplaced) { w in
      try w.expectSet(itsAddress, of: .its(0), to: 0x40_1000, .einval)
      try w.expectSet(itsAddress, of: .its(0), to: 1 << 52, .e2big)
      try w.expectSet(itsAddress, of: .its(0), to: (1 << 52) - 0x1_0000, .e2big)
      try w.expectSet(itsAddress, of: .its(0), to: 0x40_0000)
      try w.expectSet(itsAddress, of: .its(0), to: 0x30_0000, .eexist)
      try w.expectGet(itsAddress, of: .its(0), .value(0x40_0000))
    },
    api(111, "a wrong type is ENODEV, or ENXIO when asked for") { w in
      let wrong = DeviceAttribute(.address, 9)
      try w.expectSet(wrong, of: .its(0), to: 0, .enodev)
      try w.expectHas(wrong, of: .its(0), .enxio)
      try w.expectSet(itsAddress, of: .its(7), to: 0, .enodev)
    },
    api(111, "frames that the configuration has placed have their address") { w in
      try w.expectSet(itsAddress, of: .its(0), to: 0x4000_0000, .eexist)
      try w.expectGet(itsAddress, of: .its(0), .value(w.configuration.shape.itsBases[0]))
      try w.expectGet(
        DeviceAttribute(.distributor), of: .vgic, .value(w.configuration.shape.gicdBase))
      try w.expectSet(DeviceAttribute(.distributor), of: .vgic, to: 0x4000_0000, .eexist)
      try w.expectSet(DeviceAttribute(.redistributors), of: .vgic, to: 0x4000_0000, .eexist)
    },
    api(111, "redistributors and distributor, values of KVM's vgic_init", machine: unplaced) { w in
      let distributor = DeviceAttribute(.distributor)
      let redistributors = DeviceAttribute(.redistributors)
      try w.expectSet(distributor, of: .vgic, to: 0x1000, .einval)
      try w.expectSet(redistributors, of: .vgic, to: 0x1000, .einval)
      try w.expectSet(distributor, of: .vgic, to: 1 << 52, .e2big)
      try w.expectSet(redistributors, of: .vgic, to: (1 << 52) - 0x1_0000, .e2big)
      try w.expectSet(redistributors, of: .vgic, to: 0)
      try w.expectSet(redistributors, of: .vgic, to: 0xe_0000, .eexist)
      let region = RedistributorRegion(count: 4, base: 0x10_0000, index: 0)
      try w.expectSet(
        DeviceAttribute(.redistributorRegion), of: .vgic, to: region.raw, .einval)
    },
  ]

  private static let registers: [ConformanceRow] = [
    api(112, "a half of a register is EINVAL, a hole ENXIO") { w in
      for offset in [0x84, 0x94, 0x0c, 0x104] {
        try w.expectHas(its(offset), of: .its(0), .einval)
        try w.expectSet(its(offset), of: .its(0), to: 0, .einval)
      }
      for offset in [0x98, 0x140, 0x1_0040] {
        try w.expectHas(its(offset), of: .its(0), .enxio)
        try w.expectSet(its(offset), of: .its(0), to: 0, .enxio)
      }
      for offset in [0, 4, 8, 0x80, 0x88, 0x90, 0x100, 0x138, 0xffd0, 0xfffc] {
        try w.expectHas(its(offset), of: .its(0))
      }
    },
    api(112, "the base unset is ENXIO, after the alignment", machine: unplaced) { w in
      try w.expectSet(its(0x84), of: .its(0), to: 0, .einval)
      try w.expectSet(its(0x80), of: .its(0), to: 0, .enxio)
      try w.expectSet(itsAddress, of: .its(0), to: 0x40_0000)
      try w.expectSet(its(0x80), of: .its(0), to: 0)
    },
    api(112, "an unknown control, group or device") { w in
      try w.expectSet(DeviceAttribute(.control, 77), of: .its(0), .enxio)
      try w.expectSet(DeviceAttribute(group: 99, attr: 0), of: .its(0), to: 0, .enxio)
      try w.expectSet(DeviceAttribute(.saveTables), of: .vgic, .enxio)
      try w.expectSet(DeviceAttribute(.initialize), of: .its(0))
      try w.expectSet(DeviceAttribute(.initialize), of: .vgic)
    },
    api(112, "a value that is needed and not given is EFAULT") { w in
      try w.expectSet(its(0x80), of: .its(0), to: nil, .efault)
      try w.expectSet(DeviceAttribute(.interruptCount), of: .vgic, to: nil, .efault)
    },
    api(112, "before the initialisation registers are EBUSY", machine: unplaced) { w in
      let control = DeviceAttribute(.distributorRegisters, 0)
      try w.expectSet(control, of: .vgic, to: 0, .ebusy)
      try w.expectSet(DeviceAttribute(.initialize), of: .vgic)
      try w.expectSet(control, of: .vgic, to: 0)
      try w.expectSet(DeviceAttribute(.interruptCount), of: .vgic, to: 96, .ebusy)
    },
    api(112, "a redistributor is named by its affinity; none is EINVAL") { w in
      for (pe, affinity) in w.configuration.shape.affinities.enumerated() {
        let pmr = DeviceAttribute(
          .systemRegisters, affinity, UInt64(SystemRegister.pmr.rawValue))
        try w.expectSet(pmr, of: .vgic, to: UInt64(8 * (pe + 1)))
      }
      for pe in 0..<w.peCount { try w.expect(.pmr, UInt64(8 * (pe + 1)), pe: pe) }
      let nobody = Affinity(rawValue: 0x0909_0909)
      try w.expectSet(
        DeviceAttribute(.redistributorRegisters, nobody, 0), of: .vgic, to: 0, .einval)
      try w.expectSet(DeviceAttribute(.levelInfo, nobody, 0), of: .vgic, to: 0, .einval)
    },
    api(112, "LEVEL_INFO: from a multiple of 32 on") { w in
      let first = w.configuration.shape.affinities[0]
      try w.inputLine(40, true)
      try w.expectGet(DeviceAttribute(.levelInfo, first, 32), of: .vgic, .value(1 << 8))
      try w.expectGet(DeviceAttribute(.levelInfo, first, 33), of: .vgic, .refused(.einval))
    },
  ]
}
