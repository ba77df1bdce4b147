import GICArch

/// Where a guest physical address falls.
enum FrameAddress: Equatable {
  case distributor(offset: Int)
  case redistributor(PEIndex, offset: Int)
  case its(ITSIndex, offset: Int)
}

extension Engine {
  /// The frame that holds `address`; nil outside all of them.
  @inline(__always) func frame(at address: PhysicalAddress) -> FrameAddress? {
    for n in 0..<places.count {
      if let offset = places[n].offset(of: address) { return .its(n, offset: Int(offset)) }
    }
    guard configuration.shape.frames == .configured else {
      return devices[0].frame(at: address, stride: facts.gicrStride)
    }
    let fromDistributor = address &- facts.gicdBase
    if fromDistributor < UInt64(GICD.frameByteCount) {
      return .distributor(offset: Int(fromDistributor))
    }
    let fromRedistributors = address &- facts.gicrBase
    let (index, offset) = fromRedistributors.quotientAndRemainder(dividingBy: facts.gicrStride)
    guard index < UInt64(pes.count) else { return nil }
    return .redistributor(PEIndex(Int(index)), offset: Int(offset))
  }
}
