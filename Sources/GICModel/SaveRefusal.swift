import GICArch

/// Why the tables of a machine's ITSs cannot be saved, whatever layout they are saved in.
public enum SaveRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// A collection below `GITS_TYPER.HCC` is mapped. It has no table entry: RAM cannot hold it, and
  /// a restore could not bring it back.
  /// - Source: Arm IHI 0069, "GITS_TYPER.HCC"; KVM shows 0 there so that all can be saved.
  case hardwareCollection(ICID, its: Int)

  public var description: String {
    switch self {
    case .hardwareCollection(let collection, let n):
      "collection \(collection.rawValue) of ITS \(n) is a hardware collection: "
        + "it has no table entry in guest RAM, so a save would lose it; "
        + "identity.hardware_collections 0 lets all be saved"
    }
  }
}

extension Engine {
  /// The first thing that a save would lose; nil if it would lose nothing.
  func saveRefusal() -> SaveRefusal? {
    for n in 0..<its.count {
      for index in 0..<configuration.identity.hardwareCollections {
        let collection = ICID(rawValue: UInt16(truncatingIfNeeded: index))
        if its[n].collections.target(collection) != nil {
          return .hardwareCollection(collection, its: n)
        }
      }
    }
    return nil
  }
}

extension FunctionalMachine {
  /// What must be asked before the tables are saved: nil if nothing would be lost.
  public func saveRefusal() -> SaveRefusal? {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    return engine.saveRefusal()
  }
}

extension TimedMachine {
  /// What must be asked before the tables are saved: nil if nothing would be lost.
  public func saveRefusal() -> SaveRefusal? { core.rules.saveRefusal() }
}
