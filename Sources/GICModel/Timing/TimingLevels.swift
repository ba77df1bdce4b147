// What the levels of a trace are called, and whose they are.

extension TimingLevel {
  /// What has the level: `unit` counts these.
  public enum Owner: Sendable {
    case its
    /// A bank of an LPI unit, numbered through all units.
    case bank
    case lpiUnit
    case pe
  }

  /// Whose level it is.
  public var owner: Owner {
    switch self {
    case .outside, .ingress, .fetching, .fetched, .translationSlots, .translationQueue,
      .tableWrites, .linkQueue, .credits, .executing:
      .its
    case .bankQueue: .bank
    case .propertySlots, .propertyQueue, .pendingEntries, .pendingAccesses: .lpiUnit
    case .presenting: .pe
    }
  }

  /// As files spell it.
  public var name: String {
    switch self {
    case .outside: "outside"
    case .ingress: "ingress"
    case .fetching: "fetching"
    case .fetched: "fetched"
    case .translationSlots: "translation_slots"
    case .translationQueue: "translation_queue"
    case .tableWrites: "table_writes"
    case .linkQueue: "link_queue"
    case .credits: "credits"
    case .executing: "command_state"
    case .bankQueue: "bank_queue"
    case .propertySlots: "property_slots"
    case .propertyQueue: "property_queue"
    case .pendingEntries: "pending_entries"
    case .pendingAccesses: "pending_accesses"
    case .presenting: "presenting"
    }
  }

  /// Whether it is a state, whose number is a name, and no amount.
  @inline(__always) public var isState: Bool { self == .executing || self == .presenting }
}
