// PIDR and CIDR, at the end of the first frame of each unit.

import GICArch

/// A unit with an identification block.
enum IdentifiedUnit {
  case distributor
  case redistributor
  case its
}

extension Engine {
  /// The word at `offset`; nil outside the block.
  func identification(_ unit: IdentifiedUnit, _ offset: Int) -> UInt64? {
    let version: ArchitectureVersion = configuration.identity.gicVersion >= 4 ? .gicv4 : .gicv3
    var block = IdentificationBlock(version: version, part: unit == .redistributor ? 0x493 : 0x492)
    switch configuration.profile.identification {
    case .complete: break
    case .kvm where unit == .its: block.pidr4 = 0x40
    case .kvm:
      guard let word = block.word(at: offset) else { return nil }
      return offset == IdentificationBlock.pidr2Offset ? UInt64(word) : 0
    }
    return block.word(at: offset).map(UInt64.init)
  }
}
