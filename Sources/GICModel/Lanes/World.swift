// Several threads on one machine. Each has a lane: an engine of its own over the same storage, with
// counters, an outbox and a note of the last failure that nobody else touches. Who changes what:
//
// - The world. A lane announces each piece of work before it looks at anything, and takes the
//   announcement back afterwards. What is not hot (register writes but CWRITER, memory, reset,
//   EnableLPIs, saves, looking inside, SGIs and SPIs, and everything where LPIs are shared) works
//   alone: it closes the gate, and waits until no other lane is inside.
// - MSIs walk from the device's word to the event's and the collection's with acquire loads, in a
//   read section of at most 64, and store nothing on the way. One that misses leaves its section,
//   takes the ITS, and goes the long way.
// - An ITS has one owner, elected by compare-and-swap: a drainer of its queue, or an MSI that
//   missed. It alone changes what is remembered of the tables. It takes a word away before it takes
//   away or moves what is pending, and waits in between for the read sections that may have seen
//   the word (``Engine/awaitReaders()``); storage is given back after such a wait, too.
// - A PE has one owner, elected in the same way. An MSI that finds it owned leaves its INTID in the
//   PE's inbox and goes. The owner takes the inbox in, works, publishes the lines, lets go, and
//   looks at the inbox again.
//
// Order of waiting, so that nobody waits in a circle: gate, ITS, PE (of two the lower index first);
// read sections wait for a PE only, the owner of a PE for nothing. The event log and the
// configuration bytes have locks of their own, under which nobody waits.

import CHints
import Synchronization

/// Waiting for another thread: first in a loop, then by letting others have the processor.
struct Patience {
  private var turns = 0
  mutating func wait() {
    turns &+= 1
    if turns & 63 == 0 { hint_yield() } else { hint_spin() }
  }
}

/// A lock for a few instructions.
struct SpinLock: ~Copyable {
  private let held = Atomic<Bool>(false)

  func tryLock() -> Bool {
    guard !held.load(ordering: .relaxed) else { return false }
    return !held.exchange(true, ordering: .sequentiallyConsistent)
  }
  func lock() {
    var patience = Patience()
    while !tryLock() { patience.wait() }
  }
  /// What was published before this is seen by whoever finds the lock free; what the holder looks
  /// at next was not seen by one that found it held.
  func unlock() { held.store(false, ordering: .sequentiallyConsistent) }
}

/// What a lane is doing, on a cache line pair of its own.
struct Announcement: ~Copyable {
  /// Inside [0], in a read section [1]; above, a number that rises with each piece of work.
  let word = Atomic<UInt64>(0)
  private let padding = InlineArray<15, UInt64>(repeating: 0)
}

/// What the lanes of a machine share beside its state.
struct World: ~Copyable {
  /// Lanes that a machine can have.
  static var laneLimit: Int { 64 }
  /// A lane works alone, or waits until it does [0]; above, how many waits for readers have begun.
  let gate = Atomic<UInt64>(0)
  private let padding = InlineArray<15, UInt64>(repeating: 0)
  let announcements = Slab(count: World.laneLimit) { _ in Announcement() }
  let laneCount = Atomic<Int>(1)
  let propertyLock = SpinLock()
  let logLock = SpinLock()

  func deallocate() { announcements.deallocate() }
}

// Entering and leaving. A machine with one lane does none of this.
extension Engine {
  static var isInside: UInt64 { 1 }
  static var isReading: UInt64 { 3 }

  /// Announces work beside other lanes. Waits while one works alone.
  /// - Parameter mode: ``isInside``, or ``isReading`` for a read section.
  @inline(__always) mutating func enter(_ mode: UInt64) {
    workNumber &+= 4
    world[0].announcements[lane].word.store(workNumber | mode, ordering: .sequentiallyConsistent)
    // What is read from here on is read after the announcement: whoever opened or closed the gate,
    // or began to wait for readers, before this load is seen with all that it did.
    if world[0].gate.load(ordering: .sequentiallyConsistent) & 1 != 0 { enterLater(mode) }
  }

  @inline(never) private mutating func enterLater(_ mode: UInt64) {
    var patience = Patience()
    repeat {
      leave()
      while world[0].gate.load(ordering: .relaxed) & 1 != 0 { patience.wait() }
      workNumber &+= 4
      world[0].announcements[lane].word.store(workNumber | mode, ordering: .sequentiallyConsistent)
    } while world[0].gate.load(ordering: .sequentiallyConsistent) & 1 != 0
  }

  @inline(__always) func leave() {
    world[0].announcements[lane].word.store(workNumber, ordering: .releasing)
  }

  /// Waits until no other lane is inside, and keeps them out. Not from inside.
  @inline(never) func enterAlone() {
    guard hasLanes else { return }
    var patience = Patience()
    while world[0].gate.bitwiseOr(1, ordering: .sequentiallyConsistent).oldValue & 1 != 0 {
      while world[0].gate.load(ordering: .relaxed) & 1 != 0 { patience.wait() }
    }
    for other in 0..<world[0].laneCount.load(ordering: .acquiring) where other != lane {
      while world[0].announcements[other].word.load(ordering: .sequentiallyConsistent) & 1 != 0 {
        patience.wait()
      }
    }
  }

  func leaveAlone() {
    guard hasLanes else { return }
    world[0].gate.bitwiseAnd(~1, ordering: .sequentiallyConsistent)
  }

  /// Waits until every read section of another lane that may have begun before this has ended.
  /// Called by the owner of an ITS, never in a read section and never by the owner of a PE.
  @inline(__always) func awaitReaders() {
    if hasLanes { awaitSections() }
  }

  @inline(never) private func awaitSections() {
    // A section that begins after this finds what was published before it: it loads the same word.
    world[0].gate.add(2, ordering: .sequentiallyConsistent)
    for other in 0..<world[0].laneCount.load(ordering: .acquiring) where other != lane {
      let seen = world[0].announcements[other].word.load(ordering: .sequentiallyConsistent)
      guard seen & 2 != 0 else { continue }
      var patience = Patience()
      while world[0].announcements[other].word.load(ordering: .acquiring) == seen {
        patience.wait()
      }
    }
  }
}
