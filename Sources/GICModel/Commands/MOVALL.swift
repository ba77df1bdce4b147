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
    var count = 0
    for index in 0..<pes.count where index != target.index {
      let isSource = index == source.index || profile.movallScope == .everyLPI
      if isSource { count += moveAllPending(from: PEIndex(index), to: target) }
    }
    observer.observe(.moveAll(from: source, to: target, count: count))
  }
}
