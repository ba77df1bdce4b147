import GICArch

/// The rules as the scheduler sees them: the doors of ``Engine`` that it opens, and no more. Tests
/// put something simpler here. The scheduler is generic over it, so that it is specialised, never
/// boxed.
protocol TransactionRules: ~Copyable {
  /// The cycle that line changes are stamped with.
  var stamp: UInt64 { get set }
  /// How many commands the queue of ITS `n` holds that have not been granted and may run.
  func waitingCommands(_ n: ITSIndex) -> Int
  /// - Returns: nil if the slot held no command.
  mutating func executeCommand(_ n: ITSIndex) -> ITSCommand?
  /// Whether the queue of ITS `n` stands still behind a rejected command, until the guest retries.
  func isStalled(_ n: ITSIndex) -> Bool
  mutating func retireCommand(_ n: ITSIndex)
  mutating func signal(_ device: DeviceID, _ event: EventID, its n: ITSIndex) -> MSIOutcome
  mutating func arrive(_ intid: INTID, at pe: PEIndex)
  func nextUnderWay(after intid: INTID, at pe: PEIndex) -> INTID?
  func isPending(_ intid: INTID, at pe: PEIndex) -> Bool
  var pendingTableByteCount: Int { get }
  func selectedLPI(of pe: PEIndex) -> (intid: INTID, priority: UInt8)?
  mutating func offer(_ intid: INTID?, to pe: PEIndex)
  func offeredLPI(of pe: PEIndex) -> INTID?
}
