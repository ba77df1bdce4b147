import GICArch

extension Engine {
  /// MOVALL: moves what is pending at one redistributor to another. Collections keep their targets.
  /// Work: a drain of the source's whole pending set.
  /// - Source: Arm IHI 0069, "MOVALL".
  mutating func movall(from: RDbase, to: RDbase) throws(CommandFault) {
    guard let source = pe(at: from), let target = pe(at: to)
    else { throw CommandFault(.movall, .targetOOR) }
    let count = moveAllPending(from: source, to: target)
    observer.observe(.moveAll(from: source, to: target, count: count))
  }
}
