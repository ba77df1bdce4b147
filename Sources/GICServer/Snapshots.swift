// Machines that go into files and come out of them.

import GICArch
import GICModel
import GICWire
import Synchronization
import UVLoop

/// How many requests of one role the machine has carried out, of those that count. Clients of one
/// role may be served by several threads.
final class RequestCounter: Sendable {
  private let word: Atomic<UInt64>
  init(_ count: UInt64) { word = Atomic(count) }
  var count: UInt64 { word.load(ordering: .acquiring) }
  func set(_ count: UInt64) { word.store(count, ordering: .releasing) }
  @inline(__always) func add() { word.wrappingAdd(1, ordering: .releasing) }
}

/// What of a machine's service is not the machine's own, and goes into its file.
struct Continuation {
  /// By ``Role/identity``.
  private(set) var counters: [String: RequestCounter] = [:]
  /// RAM that must be mapped before a restored machine goes on; nil: it was not restored, or has
  /// gone on.
  var expectedRAM: [SnapshotFile.RAM]?
  /// Rises with what changes the machine and is not counted as a request.
  var changes: UInt64 = 0

  private static let roleLimit = 1 << 14

  mutating func counter(_ role: Role) -> RequestCounter {
    if let known = counters[role.identity] { return known }
    let new = RequestCounter(0)
    // Devices may have any number: who comes after so many is counted while attached, and no
    // longer.
    if counters.count < Continuation.roleLimit { counters[role.identity] = new }
    return new
  }

  var counts: [String: UInt64] { counters.mapValues(\.count) }

  /// Equal as long as nobody has asked for anything.
  var activity: UInt64 { counters.values.reduce(changes) { $0 &+ $1.count } }

  /// Who is attached keeps its counter.
  mutating func takeOver(_ file: SnapshotFile) {
    for counter in counters.values { counter.set(0) }
    for (role, count) in file.requests {
      if let known = counters[role] {
        known.set(count)
      } else {
        counters[role] = RequestCounter(count)
      }
    }
    expectedRAM = file.ram
    changes += 1
  }
}

extension Role {
  /// Clients of the same identity are counted together.
  var identity: String {
    if case .device(let first, _) = self { "device \(first)" } else { description }
  }
}

extension MachineHost {
  /// The machine as it is, to be put into a file. What has been begun on it has ended.
  func snapshotFile() throws(WireError) -> SnapshotFile {
    try shared.lock.withLock { () throws(WireError) in try snapshotLocked() }
  }

  private func snapshotLocked() throws(WireError) -> SnapshotFile {
    let continuation = shared.continuation
    let bytes: [UInt8]
    do throws(SnapshotError) { bytes = try machine.snapshot() } catch {
      throw WireError(.eopnotsupp, "'\(name)': \(error)")
    }
    var file = SnapshotFile(
      tool: "itsd", machine: name, configuration: shared.configurationText,
      cycle: machine.cycle, snapshot: bytes)
    file.keep = shared.keep
    file.ram =
      continuation.expectedRAM
      ?? shared.ram.ranges.map {
        SnapshotFile.RAM(address: $0.address, byteCount: UInt64($0.byteCount))
      }
    file.requests = continuation.counts
    file.offline = shared.offline
    return file
  }

  /// The machine becomes the one in the file, and rests until RESUME.
  /// - Throws: EINVAL for a file of another machine; then the machine is as after a reset.
  func restore(_ file: SnapshotFile) throws(WireError) {
    try shared.lock.withLock { () throws(WireError) in try restoreLocked(file) }
  }

  /// Called under the machine's lock.
  func restoreLocked(_ file: SnapshotFile) throws(WireError) {
    defer { showAllLines() }
    do throws(SnapshotError) { try machine.restore(snapshot: file.snapshot) } catch {
      throw WireError(.einval, "'\(name)': \(error)")
    }
    shared.continuation.takeOver(file)
    // RESUME will say otherwise.
    try? machine.setVCPUsRun(false)
    shared.isQuiesced.store(true, ordering: .releasing)
    shared.offline = file.offline
  }

  /// Called under the machine's lock.
  /// - Throws: EFAULT for RAM that the machine had, and has not.
  func checkRAM() throws(WireError) {
    for range in shared.continuation.expectedRAM ?? [] {
      var (next, rest) = (range.address, range.byteCount)
      for mapped in shared.ram.ranges where rest > 0 && next >= mapped.address {
        guard next - mapped.address < UInt64(mapped.byteCount) else { continue }
        let count = min(rest, UInt64(mapped.byteCount) - (next - mapped.address))
        (next, rest) = (next &+ count, rest - count)
      }
      guard rest == 0 else {
        throw WireError(
          .efault,
          "'\(name)' was restored, and had \(range.byteCount) bytes of RAM at "
            + "\(hex(range.address)): map them, as they were, before RESUME")
      }
    }
  }

  /// The bitmap of MEM_DIRTY, and how many pages are in it.
  func writtenPages(
    _ address: UInt64, _ byteCount: UInt64, peeks: Bool, tailLimit: Int
  ) throws(WireError) -> (bitmap: [UInt8], count: UInt64) {
    guard address % 4096 == 0, byteCount % 4096 == 0 else {
      throw WireError(.einval, "MEM_DIRTY: address and bytes are multiples of 4096")
    }
    let pages = byteCount / 4096
    guard pages <= UInt64(tailLimit) * 8 else {
      throw WireError(
        .e2big, "MEM_DIRTY: a bit for each of \(pages) pages; a tail has \(tailLimit) bytes")
    }
    guard let words = machine.writtenPages(from: address, count: Int(pages), taking: !peeks) else {
      throw WireError(
        .efault, "not all of the \(byteCount) bytes at \(hex(address)) is RAM")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * 8)
    for word in words { bytes.appendLittleEndian(word) }
    return (bytes, words.reduce(0) { $0 + UInt64($1.nonzeroBitCount) })
  }
}

extension SnapshotFile {
  /// Reads what a client or a folder has.
  static func reading(_ bytes: [UInt8], _ what: String) throws(WireError) -> SnapshotFile {
    do throws(SnapshotError) { return try SnapshotFile(bytes: bytes) } catch {
      throw WireError(.einval, "\(what): \(error)")
    }
  }
}
