import GICArch

/// What commands cost the host, in units of one that looks up or changes a single entry: about 10
/// ns. A drainer spends so much, and then lets others at the machine.
enum QueueCost {
  /// Between two looks at whether anybody waits: about 10 us, or one command.
  static var batch: Int { 1024 }
  /// One that reads a whole table, or moves everything.
  static var wholeTable: Int { 512 }

  static var one: Int { 1 }

  static func of(_ opcode: ITSCommand.Opcode) -> Int {
    opcode == .invall || opcode == .movall ? wholeTable : one
  }
}
