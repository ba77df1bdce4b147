import GICArch
import GICModel

/// What the rules say, without a cache, a bitmap or a search structure: dictionaries, sets and
/// scans. Written from the documents, for the tests to hold against the engine. Here is what the
/// profiles share; ReferenceITS.swift has the architecture's ITS, ReferenceVITS.swift KVM's.
struct ReferenceMachine {
  struct ITS {
    var enabled = false
    var hasDevices = false
    var hasCollections = false
    /// What BASER0 and BASER1 read.
    var basers: [UInt64] = [0, 0]
    var isIndirect = false
    var queueIsStalled = false
    /// CREADR.Stalled, which QEMU leaves at 1 when the queue goes on.
    var showsStall = false
    var waiting: [ITSCommand] = []
    /// What KVM's ITS holds itself: devices with their events, and collections with their targets
    /// (nil: known by name only).
    var devices: [UInt32: VITSDevice] = [:]
    var collections: [UInt16: Int?] = [:]
  }

  let configuration: MachineConfiguration
  let isKVM: Bool
  let isQEMU: Bool
  var its: [ITS]
  var pes: [ReferencePE]
  var ram: ReferenceRAM
  /// Configuration bytes as they were last read, by table and its length.
  var known: [PropertyBase: [UInt32: UInt8]] = [:]
  /// KVM's LPIs: one of each for the machine.
  var lpis: [UInt32: VITSInterrupt] = [:]
  var spis: [UInt32: ReferenceInterrupt] = [:]
  /// Where the search for a PE begins that takes an SPI for any.
  var turn = 0
  var group0 = false
  var group1 = false
  /// Commands that were carried out, by name, and those that were not, by the error's name.
  var completed: [String: UInt64] = [:]
  var errors: [String: UInt64] = [:]
  var drops: [String: UInt64] = [:]
  var merged: UInt64 = 0
  var delivered: UInt64 = 0

  init(_ configuration: MachineConfiguration) {
    self.configuration = configuration
    isKVM = configuration.profile.base == .kvm
    isQEMU = configuration.profile.base == .qemu
    its = configuration.shape.itsBases.map { _ in ITS() }
    pes = configuration.shape.affinities.map {
      ReferencePE(affinity: $0, priorityBits: configuration.identity.priorityBits)
    }
    ram = ReferenceRAM(its: its.count, pes: pes.count)
    for intid in 32..<UInt32(min(32 * (configuration.identity.itLinesNumber + 1), 1020)) {
      spis[intid] = ReferenceInterrupt()
    }
  }

  // MARK: Tables

  /// Pages of device tables are 4 KiB in the tests' programs, but KVM knows 64 KiB alone.
  static func perPage(isKVM: Bool) -> UInt32 { isKVM ? 8192 : 512 }
  var perPage: UInt32 { ReferenceMachine.perPage(isKVM: isKVM) }

  /// Why a device has no slot in the table. Flat tables have two pages.
  func slot(_ n: Int, _ id: UInt32) -> ReferenceFault? {
    guard UInt64(id) < 1 << UInt64(configuration.identity.deviceIDBits), its[n].hasDevices
    else { return .deviceOOR }
    guard its[n].isIndirect else { return id < 2 * perPage ? nil : .deviceOOR }
    switch ram.pages[n][id / perPage] ?? .hole {
    case .hole: return .deviceUnmapped
    case .present: return nil
    case .outside: return .unreachable
    }
  }

  /// A collection table has one page.
  func hasSlot(collection: UInt16) -> Bool { collection < perPage }

  // MARK: The queue

  mutating func command(_ n: Int, _ commands: [ITSCommand]) {
    its[n].waiting += commands
    ring(n)
  }

  /// A write of CWRITER. QEMU looks at no Retry: any write has the queue go on.
  mutating func ring(_ n: Int, retry: Bool = false) {
    if retry || isQEMU { goOn(n) }
    drain(n)
  }
  private mutating func goOn(_ n: Int) {
    its[n].queueIsStalled = false
    if !isQEMU { its[n].showsStall = false }
  }
  mutating func drain(_ n: Int) {
    while its[n].enabled, !its[n].queueIsStalled, let command = its[n].waiting.first {
      guard let fault = isKVM ? executeVITS(command, n) : execute(command, n) else {
        completed[command.opcode.name, default: 0] += 1
        its[n].waiting.removeFirst()
        continue
      }
      errors[name(of: fault, command), default: 0] += 1
      let policy = configuration.profile
      if policy.commandErrors == .stall
        || (fault == .unreachable && policy.tableFaults == .stall)
      {
        (its[n].queueIsStalled, its[n].showsStall) = (true, true)
        return
      }
      its[n].waiting.removeFirst()
    }
  }

  /// KVM has no name for what it refuses.
  private func name(of fault: ReferenceFault, _ command: ITSCommand) -> String {
    if isKVM { return "refused" }
    guard let reason = fault.reason else { return "UNREACHABLE_ENTRY" }
    return CommandError(command.opcode, reason)?.name ?? "no such error"
  }

  // MARK: What an MSI comes to

  /// Where an MSI of this ITS went: the kind, the INTID, the PE.
  struct Answer: Equatable {
    var kind: String
    var intid: UInt32 = 0
    var pe = 0
  }

  mutating func drop(_ kind: String) -> Answer {
    drops[kind, default: 0] += 1
    return Answer(kind: kind)
  }

  /// What a drop is called here: KVM tells blocked from busy, and no more.
  static func name(of kind: MSIOutcome.Kind, isKVM: Bool) -> String {
    guard isKVM, kind.isDrop else { return "\(kind)" }
    return kind == .itsDisabled || kind == .lpisDisabled ? "busy" : "blocked"
  }

  mutating func msi(_ n: Int, _ id: UInt32, _ event: UInt32) -> Answer {
    if isKVM { return msiVITS(n, id, event) }
    guard its[n].enabled else { return drop("itsDisabled") }
    switch route(n, id, event) {
    case .failure(let fault): return drop(fault.drop)
    case .success(let found): return signal(found.mapping.intid, at: found.pe)
    }
  }

  // MARK: Registers of an ITS

  mutating func enable(_ n: Int, _ on: Bool) {
    let isAllowed = !isKVM || (its[n].hasDevices && its[n].hasCollections)
    its[n].enabled = on && (its[n].enabled || isAllowed)
    if on, isQEMU { goOn(n) }
    drain(n)
  }

  /// A table register of a disabled ITS.
  mutating func setTable(_ n: Int, _ table: Int, _ raw: UInt64) {
    let fixed: [UInt64] = [1 << 56 | 7 << 48, 4 << 56 | 7 << 48]
    let kept = table == 1 ? raw & ~(1 << 62) : raw
    its[n].basers[table] = ReferenceRegister.baser(kept, isKVM: isKVM) | fixed[table]
    let isValid = raw >> 63 == 1
    if table == 0 { its[n].hasDevices = isValid } else { its[n].hasCollections = isValid }
    if table == 0 { its[n].isIndirect = raw >> 62 & 1 == 1 }
    if isKVM, !isValid { table == 0 ? freeDevices(n) : freeCollections(n) }
  }
}

enum ReferenceFault: Error {
  case deviceOOR, deviceUnmapped, eventOOR, eventUnmapped, collectionUnmapped
  case targetOOR, ittSizeOOR, collectionOOR, intidOOR, unreachable, refused

  /// The drop of an MSI that ends so.
  var drop: String {
    switch self {
    case .deviceOOR: "deviceOOR"
    case .deviceUnmapped: "deviceUnmapped"
    case .eventOOR: "eventOOR"
    case .eventUnmapped: "eventUnmapped"
    case .unreachable: "memoryFault"
    default: "collectionUnmapped"
    }
  }
  var reason: CommandError.Reason? {
    switch self {
    case .deviceOOR: .deviceOOR
    case .deviceUnmapped: .deviceUnmapped
    case .eventOOR: .eventOOR
    case .eventUnmapped: .interruptUnmapped
    case .collectionUnmapped: .collectionUnmapped
    case .targetOOR: .targetOOR
    case .ittSizeOOR: .ittSizeOOR
    case .collectionOOR: .collectionOOR
    case .intidOOR: .intidOOR
    case .unreachable, .refused: nil
    }
  }
}
