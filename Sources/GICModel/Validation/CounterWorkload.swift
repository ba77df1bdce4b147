import GICArch

/// Something that can be done to an ITS on silicon as well as here, between a reset of its
/// performance counters and their reading. Events are walked in turn, the device changing first.
/// Before the counters start each event was sent once, so that what fits a cache is in it.
public struct CounterWorkload: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// MSIs, whose PEs acknowledge and end each LPI at once.
    case msi
    /// Commands, of which the queue is full from the start.
    case int, clear, inv, sync
  }
  public var kind = Kind.msi
  /// MSIs or commands.
  public var packets = 1_000
  /// Cycles over which the MSIs arrive, evenly; 0: all at once, as fast as the ITS takes them.
  public var window: UInt64 = 0
  public var devices: UInt32 = 1
  /// Of each device; event e has its LPI at PE e modulo the PEs.
  public var events: UInt32 = 1
  public var pes = 1
  public init() {}

  // What a run may ask for.
  public static var maximumPackets: Int { 1_000_000 }
  /// Commands that a queue of 64 KiB holds.
  public static var maximumCommands: Int { 2_000 }
  public static var maximumWindow: UInt64 { 1 << 40 }
  public static var maximumDevices: UInt32 { LawGuest.maximumDeviceCount }
  public static var maximumEvents: UInt32 { LawGuest.maximumEventCount }
  public static var maximumPEs: Int { LawGuest.maximumPECount }

  /// What the counters of an otherwise idle machine read in the end. `CLK` is the time from the
  /// first packet until nothing is under way.
  public func readings(_ timing: TimingParameters) -> [MachineStatistics.Event] {
    var run = Run(self, timing)
    return run.readings()
  }

  /// The counters that ``readings(_:)`` tells.
  public static let counters: [MachineStatistics.Event] = {
    var workload = CounterWorkload()
    workload.packets = 1
    return workload.readings(TimingParameters())
  }()

  /// A machine at work.
  private struct Run {
    let workload: CounterWorkload
    let guest: LawGuest
    var changes: [LineChange] = []

    init(_ workload: CounterWorkload, _ timing: TimingParameters) {
      self.workload = workload
      guest = LawGuest(
        LawGuest.configuration(.timed, timing, pes: workload.pes), devices: workload.devices,
        events: workload.events)
    }

    mutating func readings() -> [MachineStatistics.Event] {
      for index in 0..<Int(workload.devices * workload.events) {
        let (device, event) = target(index)
        guest.msi(device, event)
        run(to: .max)
      }
      let before = guest.machine.statistics().events
      let start = guest.now + 1
      switch workload.kind {
      case .msi: sendMSIs(from: start)
      default: guest.issue(commands, at: start)
      }
      run(to: .max)
      return zip(before, guest.machine.statistics().events).map { old, new in
        MachineStatistics.Event(
          name: new.name, gicp: new.gicp,
          count: new.name == "CLK" ? guest.now - start : new.count - old.count)
      }
    }

    private func target(_ index: Int) -> (device: UInt32, event: UInt32) {
      let index = UInt32(index)
      return (index % workload.devices, index / workload.devices % workload.events)
    }

    private mutating func sendMSIs(from start: UInt64) {
      for packet in 0..<workload.packets {
        let cycle = start + UInt64(packet) * workload.window / UInt64(workload.packets)
        run(to: cycle)
        let (device, event) = target(packet)
        guest.msi(device, event, at: cycle)
      }
    }

    private var commands: [ITSCommand] {
      (0..<workload.packets).map { packet in
        let (number, eventNumber) = target(packet)
        let (device, event) = (DeviceID(rawValue: number), EventID(rawValue: eventNumber))
        return switch workload.kind {
        case .int: .int(device, event)
        case .clear: .clear(device, event)
        case .inv: .inv(device, event)
        case .sync, .msi: .sync(RDbase(rawValue: UInt64(packet % workload.pes)))
        }
      }
    }

    /// Time passes; who is shown an LPI takes it.
    private mutating func run(to cycle: UInt64) {
      while true {
        _ = guest.machine.advance(to: cycle, until: .lineChange)
        changes.removeAll(keepingCapacity: true)
        guest.machine.drainLineChanges(into: &changes)
        guard !changes.isEmpty else { return }
        for change in changes where !change.levels.isEmpty {
          _ = guest.acknowledge(change.pe.index, at: guest.now)
        }
      }
    }
  }
}
