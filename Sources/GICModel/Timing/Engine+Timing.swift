import GICArch

// The engine's doors have the names that the scheduler knows.
extension Engine: TransactionRules, MachineRules {
  func lines(of pe: PEIndex) -> LineLevels { pe.index < pes.count ? pes[pe.index].lines : [] }
  var hasLineChanges: Bool { !outbox.isEmpty }
  func signals(_ access: Access) -> Bool {
    access.operation == .msi
      ? itsIndex(of: access.address) >= 0 : configuration.profile.translaterStores == .signal
  }
}
