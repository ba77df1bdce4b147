import GICArch

/// What the rules count, in places that a hot path can add to.
struct EngineCounts {
  var msis: UInt64 = 0
  var intCommands: UInt64 = 0
  var delivered: UInt64 = 0
  var merged: UInt64 = 0
  /// Pending bits that came with a pending table from RAM and that no clear of EnableLPIs had left.
  var restored: UInt64 = 0
  /// Shared LPIs that are pending now without a target.
  var waiting: UInt64 = 0
  /// Pending bits that a command or register took away.
  var cleared: UInt64 = 0
  private let dropped = Slab<UInt64>(repeating: 0, count: 32)
  private var commands = InlineArray<16, UInt64>(repeating: 0)
  private let errors = Slab<UInt64>(repeating: 0, count: 16 * 32)
  /// Slots whose opcode is no GICv3 command, and slots that could not be read.
  var unknownCommands: UInt64 = 0
  var unreachableSlots: UInt64 = 0
  /// Commands whose table entry lies outside guest RAM: there is no architectural number for it.
  var unreachableEntries: UInt64 = 0
  var deliveries = DeliveryCounts()
  /// Of this lane's CWRITER writes for those of others.
  var waits = QueueWaits()

  func deallocate() {
    dropped.deallocate()
    errors.deallocate()
    deliveries.deallocate()
  }
  mutating func reset() {
    let (dropped, errors) = (dropped, errors)
    dropped.fill(0)
    errors.fill(0)
    commands = InlineArray(repeating: 0)
    (msis, intCommands, delivered, merged, restored, cleared) = (0, 0, 0, 0, 0, 0)
    waiting = 0
    deliveries.reset()
    (unknownCommands, unreachableSlots, unreachableEntries) = (0, 0, 0)
    waits = QueueWaits()
  }

  /// Adds what another lane has counted.
  mutating func add(_ other: EngineCounts) {
    msis &+= other.msis
    intCommands &+= other.intCommands
    delivered &+= other.delivered
    merged &+= other.merged
    restored &+= other.restored
    cleared &+= other.cleared
    waiting &+= other.waiting
    deliveries.add(other.deliveries)
    unknownCommands &+= other.unknownCommands
    unreachableSlots &+= other.unreachableSlots
    unreachableEntries &+= other.unreachableEntries
    for index in 0..<dropped.count { dropped[index] &+= other.dropped[index] }
    for index in 0..<commands.count { commands[index] &+= other.commands[index] }
    for index in 0..<errors.count { errors[index] &+= other.errors[index] }
  }

  @inline(__always) func drop(_ kind: MSIOutcome.Kind) { dropped[Int(kind.rawValue) & 31] &+= 1 }
  @inline(always) mutating func complete(_ entry: QueueEntry) {
    commands[Int(entry.opcode & 15)] &+= 1
  }
  func reject(_ error: CommandError) { errors[EngineCounts.place(error)] &+= 1 }

  mutating func archive(_ archive: inout Archive) throws(SnapshotError) {
    try archive.field("msis", &msis)
    try archive.field("int_commands", &intCommands)
    try archive.field("delivered", &delivered)
    try archive.field("merged", &merged)
    try archive.field("restored", &restored)
    try archive.field("cleared", &cleared)
    try archive.field("waiting", &waiting)
    try archive.field("unknown_commands", &unknownCommands)
    try archive.field("unreachable_slots", &unreachableSlots)
    try archive.field("unreachable_entries", &unreachableEntries)
    let (dropped, errors) = (dropped, errors)
    try archive.field(
      "dropped", count: dropped.count, read: { dropped[$0] }, write: { dropped[$0] = $1 })
    var commands = commands
    try archive.field(
      "commands", count: commands.count, read: { commands[$0] }, write: { commands[$0] = $1 })
    self.commands = commands
    try archive.field(
      "errors", count: errors.count, read: { errors[$0] }, write: { errors[$0] = $1 })
  }

  private static func place(_ error: CommandError) -> Int {
    Int(error.rawValue >> 8 & 15) * 32 + Int(error.rawValue & 31)
  }

  func report(into statistics: inout MachineStatistics) {
    statistics.msis = msis
    statistics.intCommands = intCommands
    statistics.delivered = delivered
    statistics.merged = merged
    statistics.restored = restored
    statistics.pending += waiting
    for kind in MSIOutcome.Kind.allCases where dropped[Int(kind.rawValue)] > 0 {
      statistics.dropped[String(describing: kind)] = dropped[Int(kind.rawValue)]
    }
    if cleared > 0 { statistics.dropped["cleared"] = cleared }
    for opcode in ITSCommand.Opcode.allCases where commands[Int(opcode.rawValue)] > 0 {
      statistics.commands[opcode.name] = commands[Int(opcode.rawValue)]
    }
    for error in CommandError.allCases where errors[EngineCounts.place(error)] > 0 {
      statistics.commandErrors[error.name] = errors[EngineCounts.place(error)]
    }
    let unnamed = [
      ("UNKNOWN_COMMAND", unknownCommands), ("UNREACHABLE_SLOT", unreachableSlots),
      ("UNREACHABLE_ENTRY", unreachableEntries),
    ]
    for (name, count) in unnamed where count > 0 { statistics.commandErrors[name] = count }
  }
}
