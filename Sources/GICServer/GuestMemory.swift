// The RAM that clients have mapped into one machine.

import GICWire
import Synchronization
import UVLoop

/// RAM that the daemon holds for clients, over all machines.
final class RAMBudget: Sendable {
  /// In bytes.
  let limit: Int
  private let taken = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var held: Int { taken.load(ordering: .acquiring) }

  /// - Returns: false, and nothing taken, if there is not so much left.
  func take(_ byteCount: Int) -> Bool {
    var old = held
    while byteCount <= limit - old {
      let (done, found) = taken.compareExchange(
        expected: old, desired: old + byteCount, ordering: .acquiringAndReleasing)
      if done { return true }
      old = found
    }
    return false
  }

  func give(_ byteCount: Int) { taken.subtract(byteCount, ordering: .acquiringAndReleasing) }
}

/// A mapping of RAM, and what of the daemon's own it uses.
final class HeldMemory {
  let mapping: SharedMemory
  private let budget: RAMBudget?

  /// - Parameter budget: where its bytes were taken from: they go back there.
  init(_ mapping: SharedMemory, from budget: RAMBudget? = nil) {
    (self.mapping, self.budget) = (mapping, budget)
  }
  deinit { budget?.give(mapping.byteCount) }
}

/// Ranges of guest RAM by address, each with the memory behind it and the session that mapped it.
struct GuestMemory {
  struct Range {
    var address: UInt64
    var held: HeldMemory
    /// ``Session/number``; 0 is nobody: the control that mapped it is lost, and the next gets it.
    var owner: Int
    var memory: SharedMemory { held.mapping }
    var byteCount: Int { memory.byteCount }
  }
  /// In order of addresses; the machine has refused what overlaps or wraps.
  private(set) var ranges: [Range] = []
  let rangeLimit: Int

  init(rangeLimit: Int) { self.rangeLimit = rangeLimit }

  func checkRoom() throws(WireError) {
    guard ranges.count < rangeLimit else {
      throw WireError(.enospc, "\(rangeLimit) ranges of RAM are mapped: map fewer, larger ones")
    }
  }

  mutating func insert(_ memory: HeldMemory, at address: UInt64, owner: Int) {
    let index = ranges.firstIndex { $0.address > address } ?? ranges.count
    ranges.insert(Range(address: address, held: memory, owner: owner), at: index)
  }

  mutating func remove(at address: UInt64) { ranges.removeAll { $0.address == address } }

  func addresses(ownedBy owner: Int) -> [UInt64] {
    ranges.filter { $0.owner == owner }.map(\.address)
  }

  /// The session is lost, and what it mapped waits for the next one.
  mutating func orphan(of owner: Int) {
    for index in ranges.indices where ranges[index].owner == owner { ranges[index].owner = 0 }
  }

  mutating func adopt(by owner: Int) {
    for index in ranges.indices where ranges[index].owner == 0 { ranges[index].owner = owner }
  }

  func owner(at address: UInt64) -> Int? { ranges.first { $0.address == address }?.owner }

  /// - Throws: EFAULT unless all of it is mapped.
  func read(_ address: UInt64, count: Int) throws(WireError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for piece in try pieces(address, count) {
      bytes += piece.memory.read(at: piece.offset, count: piece.count)
    }
    return bytes
  }

  /// Writes all or nothing.
  /// - Throws: EFAULT unless all of it is mapped.
  func write(_ bytes: [UInt8], to address: UInt64) throws(WireError) {
    var done = 0
    for piece in try pieces(address, bytes.count) {
      piece.memory.write(bytes[done..<done + piece.count], at: piece.offset)
      done += piece.count
    }
  }

  private struct Piece {
    var memory: SharedMemory
    var offset: Int
    var count: Int
  }

  /// The parts of neighbouring ranges that make up the bytes.
  private func pieces(_ address: UInt64, _ count: Int) throws(WireError) -> [Piece] {
    var pieces: [Piece] = []
    var (next, rest) = (address, count)
    for range in ranges where rest > 0 && next >= range.address {
      guard next - range.address < UInt64(range.byteCount) else { continue }
      let offset = Int(next - range.address)
      let piece = Piece(
        memory: range.memory, offset: offset, count: min(rest, range.byteCount - offset))
      pieces.append(piece)
      rest -= piece.count
      next &+= UInt64(piece.count)
    }
    guard rest == 0 else {
      throw WireError(
        .efault, "no RAM is mapped at \(hex(next)) (asked for \(count) bytes at \(hex(address)))")
    }
    return pieces
  }
}
