// Save and restore: tables as KVM's layout has them, and whole machines as files.

import GICArch
import GICModel
import Glibc

/// `save.tables_*`, `restore.tables_*`: SAVE_TABLES and RESTORE_TABLES of the profile `kvm`, an op
/// is one; `32768` is that many devices with one event each, `1m` a million events of 31,250
/// devices. `snapshot.1024pe`, `snapshot.restore_1024pe`: a machine of 1,024 PEs and 65,536 events
/// to a file's bytes, and back. Beside each, memcpy of as many bytes.
func saveSuite() -> [Benchmark] {
  let shapes = [("32768", 32768, 1), ("1m", 31250, 32)]
  return shapes.flatMap { name, devices, events in
    [
      row("save.tables_\(name)") {
        let bench = try TablesBench(devices: devices, events: events)
        return (bench.save, bench.byteCount)
      },
      row("restore.tables_\(name)") {
        let bench = try TablesBench(devices: devices, events: events)
        _ = try bench.save()
        return (bench.restore, bench.byteCount)
      },
    ]
  } + [
    row("snapshot.1024pe") {
      let bench = try SnapshotBench()
      return (bench.take, bench.byteCount)
    },
    row("snapshot.restore_1024pe") {
      let bench = try SnapshotBench()
      return (bench.restore, bench.byteCount)
    },
  ]
}

/// - Parameter make: what does one op and returns its seconds, and how many bytes that moves.
private func row(
  _ name: String, _ make: @escaping () throws -> (op: () throws -> Double, byteCount: Int)
) -> Benchmark {
  Benchmark(
    name: name,
    measure: { plan in
      let (op, byteCount) = try make()
      _ = try op()
      let copy = Copy(byteCount)
      return Measured(try plan.pairs { (try op() * 1e9, copy.run() * 1e9) })
    })
}

/// Two buffers, one of which is copied over the other.
@safe private final class Copy {
  private let byteCount: Int
  private let (from, to): (UnsafeMutableRawPointer, UnsafeMutableRawPointer)

  init(_ byteCount: Int) {
    self.byteCount = byteCount
    unsafe (from, to) = (
      .allocate(byteCount: byteCount, alignment: 64), .allocate(byteCount: byteCount, alignment: 64)
    )
    // SAFETY: as many bytes were just allocated.
    unsafe _ = memset(from, 0x5a, byteCount)
    unsafe _ = memset(to, 0, byteCount)
  }
  deinit {
    unsafe from.deallocate()
    unsafe to.deallocate()
  }
  /// - Returns: seconds.
  func run() -> Double {
    // SAFETY: both have as many bytes, and are not the same.
    Clock.time { unsafe _ = memcpy(to, from, byteCount) }
  }
}

private final class TablesBench {
  private let side: ModelSide<FunctionalMachine>
  private let layout: Layout
  private let eventCount: Int
  /// What a save writes.
  var byteCount: Int { (layout.devices + eventCount + layout.pes) * 8 }

  init(devices: Int, events: Int) throws {
    layout = Layout(devices: devices, pes: 4)
    eventCount = devices * events
    var configuration = layout.configuration(.functional)
    configuration.profile = Profile(base: .kvm)
    side = try ModelSide(FunctionalMachine(configuration), layout)
    side.enable(layout)
    let guest = Guest(over: side, layout)
    guest.issue((0..<layout.pes).map { QueueEntry(layout.mapc($0)) })
    for part in stride(from: 0, to: devices, by: 1024) {
      let devices = part..<min(part + 1024, devices)
      guest.issue(devices.map { QueueEntry(layout.mapd($0)) })
      guest.issue(
        devices.flatMap { device in
          (0..<events).map { event in
            let number = device * events + event
            return QueueEntry(
              .mapti(
                DeviceID(rawValue: UInt32(device)), EventID(rawValue: UInt32(event)),
                INTID(rawValue: UInt32(8192 + number % Layout.lpis)),
                ICID(rawValue: UInt16(number % 4))))
          }
        })
    }
    let rejected = side.machine.statistics().commandErrors
    guard rejected.isEmpty else { throw WrongWork(description: "rejected: \(rejected)") }
  }

  private func set(_ attribute: DeviceAttribute, _ value: UInt64? = nil) throws {
    try side.machine.setAttribute(attribute, of: .its(0), to: value)
  }

  func save() throws -> Double {
    var failure: (any Error)?
    let seconds = Clock.time {
      do { try set(DeviceAttribute(.saveTables)) } catch { failure = error }
    }
    if let failure { throw failure }
    return seconds
  }

  /// Of what was saved, into a machine without mappings.
  func restore() throws -> Double {
    try set(DeviceAttribute(.reset))
    for register in layout.registers
    where register.address == Layout.its(GITS.BASER.offset)
      || register.address == Layout.its(GITS.BASER.offset + 8)
    {
      try set(DeviceAttribute(.itsRegisters, register.address - Layout.its(0)), register.data)
    }
    var failure: (any Error)?
    let seconds = Clock.time {
      do { try set(DeviceAttribute(.restoreTables)) } catch { failure = error }
    }
    if let failure { throw failure }
    return seconds
  }
}

private final class SnapshotBench {
  private let guest: Guest
  private let machine: FunctionalMachine
  private let bytes: [UInt8]
  var byteCount: Int { bytes.count }

  init() throws {
    let layout = Layout(devices: 2048, pes: 1024)
    machine = FunctionalMachine(layout.configuration(.functional))
    guest = try Guest(ModelSide(machine, layout), layout)
    bytes = try SnapshotBench.file(machine)
  }

  private static func file(_ machine: FunctionalMachine) throws -> [UInt8] {
    SnapshotFile(
      tool: "itsbench", machine: "bench", configuration: "", cycle: 0,
      snapshot: try machine.snapshot()
    ).bytes()
  }

  func take() throws -> Double {
    var result: Result<[UInt8], any Error>?
    let seconds = Clock.time { result = Result { try SnapshotBench.file(machine) } }
    guard try result?.get() == bytes else { throw WrongWork(description: "another snapshot") }
    return seconds
  }

  func restore() throws -> Double {
    var failure: (any Error)?
    let seconds = Clock.time {
      do { try machine.restore(snapshot: try SnapshotFile(bytes: bytes).snapshot) } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return seconds
  }
}
