import GICArch

extension Engine {
  /// MOVALL: moves what is pending at one redistributor to another. Collections keep their targets;
  /// LPIs that are shared have targets of their own, which change.
  /// Work: a drain of the source's whole pending set.
  /// - Source: Arm IHI 0069, "MOVALL".
  mutating func movall(from: RDbase, to: RDbase) throws(CommandFault) {
    guard let source = pe(at: from), let target = pe(at: to)
    else { throw CommandFault(.movall, .targetOOR) }
    guard source != target else {
      return observer.observe(.moveAll(from: source, to: target, count: 0))
    }
    let takesAll = profile.movallScope == .everyLPI
    var count = 0
    if takesAll, lpisAreShared {
      count = retargetAll(to: target)
      for index in 0..<pes.count where index != target.index && index != source.index {
        observer.observe(.forgotten(PEIndex(index)))
      }
    } else {
      for index in 0..<pes.count where index != target.index && (takesAll || index == source.index)
      {
        count += moveAllPending(from: PEIndex(index), to: target)
        if index != source.index { observer.observe(.forgotten(PEIndex(index))) }
      }
    }
    observer.observe(.moveAll(from: source, to: target, count: count))
  }
}
