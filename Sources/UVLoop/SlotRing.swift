// Two rings of 64-byte slots in memory that two processes share: requests one way, replies the
// other. Neither end believes a word of the other: indices are checked, slots are copied before
// they are looked at, and each end keeps its own index to itself.

import CUV
import Glibc
import Synchronization

/// Where everything lies in the shared memory, in bytes.
public enum RingLayout {
  /// The eight bytes "ITSDRING".
  public static let magic: UInt64 = 0x474e_4952_4453_5449
  /// Magic u64, slots of each ring u32, offset of the request slots u32, of the reply slots u32.
  public static let header = 0
  /// How many requests the client has put, u32; each word on a cache line of its own.
  public static let requestHead = 0x40
  /// How many of them the daemon has taken.
  public static let requestTail = 0x80
  /// 1: the daemon sleeps, and wants its eventfd rung when a word changes.
  public static let daemonSleeps = 0xc0
  public static let replyHead = 0x100
  public static let replyTail = 0x140
  public static let clientSleeps = 0x180
  public static let requestSlots = 0x1000

  public static func replySlots(slotCount: Int) -> Int { requestSlots + slotCount * 64 }
  /// A multiple of 4 KiB.
  public static func byteCount(slotCount: Int) -> Int {
    (requestSlots + 2 * slotCount * 64 + 4095) & ~4095
  }
}

/// What stands next in a ring.
public enum RingTake {
  case slot([8 of UInt64])
  case empty
  /// The other end's index makes no sense: the ring cannot be used any more.
  case broken
}

/// One end of a ring pair.
@safe public final class RingEnd {
  public enum Side: Sendable { case daemon, client }
  private typealias Word = UnsafeMutablePointer<Atomic<UInt32>>

  public let memory: SharedMemory
  public let slotCount: UInt32
  /// Written here: the head of the ring that this end fills, the tail of the one that it empties.
  private let outHead: Word
  private let inTail: Word
  /// Written by the other end, and not to be believed.
  private let outTail: Word
  private let inHead: Word
  private let selfSleeps: Word
  private let peerSleeps: Word
  private let outSlots: UnsafeMutableRawPointer
  private let inSlots: UnsafeMutableRawPointer
  /// Slots put and taken by this end, wrapping: never read back from the memory. Private, so that
  /// the compiler sees that nobody else is at them, and does not have that checked at each use.
  private var slotsPut = UInt32(0)
  private var slotsTaken = UInt32(0)
  /// Of those put, how many the other end had taken when it was last asked.
  private var slotsGone = UInt32(0)
  public var putCount: UInt32 { slotsPut }
  public var takenCount: UInt32 { slotsTaken }

  /// Makes the memory, for a daemon.
  public static func create(slotCount: UInt32) throws(UVError) -> RingEnd {
    let memory = try SharedMemory.create(
      byteCount: RingLayout.byteCount(slotCount: Int(slotCount)), name: "itsd-ring")
    try memory.seal(forReading: false)
    let header: [UInt64] = [
      RingLayout.magic,
      UInt64(slotCount) | UInt64(RingLayout.requestSlots) << 32,
      UInt64(RingLayout.replySlots(slotCount: Int(slotCount))),
    ]
    for (index, word) in header.enumerated() {
      unsafe memory.base.storeBytes(of: word.littleEndian, toByteOffset: index * 8, as: UInt64.self)
    }
    return RingEnd(memory, slotCount: slotCount, side: .daemon)
  }

  /// Maps what a daemon made.
  /// - Throws: EINVAL when the memory is too short.
  public static func map(
    _ descriptor: OwnedDescriptor, slotCount: UInt32
  ) throws(UVError) -> RingEnd {
    let byteCount = UInt64(RingLayout.byteCount(slotCount: Int(slotCount)))
    let memory = try SharedMemory.map(descriptor, offset: 0, byteCount: byteCount)
    return RingEnd(memory, slotCount: slotCount, side: .client)
  }

  private init(_ memory: SharedMemory, slotCount: UInt32, side: Side) {
    self.memory = memory
    self.slotCount = slotCount
    func word(_ offset: Int) -> Word {
      // SAFETY: the offset lies inside the memory, on a cache line of its own; an Atomic<UInt32> is
      // its four bytes.
      unsafe (memory.base + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
    }
    let requests = unsafe (word(RingLayout.requestHead), word(RingLayout.requestTail))
    let replies = unsafe (word(RingLayout.replyHead), word(RingLayout.replyTail))
    let requestSlots = unsafe memory.base + RingLayout.requestSlots
    let replySlots = unsafe memory.base + RingLayout.replySlots(slotCount: Int(slotCount))
    switch side {
    case .daemon:
      unsafe (inHead, inTail) = requests
      unsafe (outHead, outTail) = replies
      unsafe (inSlots, outSlots) = (requestSlots, replySlots)
      unsafe selfSleeps = word(RingLayout.daemonSleeps)
      unsafe peerSleeps = word(RingLayout.clientSleeps)
    case .client:
      unsafe (outHead, outTail) = requests
      unsafe (inHead, inTail) = replies
      unsafe (outSlots, inSlots) = (requestSlots, replySlots)
      unsafe selfSleeps = word(RingLayout.clientSleeps)
      unsafe peerSleeps = word(RingLayout.daemonSleeps)
    }
  }

  private func offset(_ index: UInt32) -> Int { Int(index & (slotCount - 1)) * 64 }

  // MARK: Putting

  /// Slots that may be put now; nil when the other end's index makes no sense.
  public var room: Int? {
    let taken = unsafe outTail.pointee.load(ordering: .acquiring)
    let used = slotsPut &- taken
    guard used <= slotCount else { return nil }
    slotsGone = taken
    return Int(slotCount - used)
  }

  /// The same, or less: the other end's index lies in its processor's cache, and is asked for only
  /// when what it last said is used up.
  @inline(__always) public var knownRoom: Int? {
    let used = slotsPut &- slotsGone
    return used < slotCount ? Int(slotCount - used) : room
  }

  /// Puts a slot where there is room; it is seen once ``publish()`` has been called.
  @inline(__always) public func put(_ slot: [8 of UInt64]) {
    // SAFETY: the index is below the ring's length.
    unsafe (outSlots + offset(slotsPut)).storeBytes(of: slot, as: [8 of UInt64].self)
    slotsPut &+= 1
  }

  /// Shows what was put and what was taken.
  /// - Returns: whether the other end sleeps, and must be rung.
  @inline(__always) public func publish() -> Bool {
    unsafe outHead.pointee.store(slotsPut, ordering: .releasing)
    unsafe inTail.pointee.store(slotsTaken, ordering: .releasing)
    return peerIsAsleep
  }

  /// After a change that the other end may be waiting for.
  @inline(__always) public var peerIsAsleep: Bool {
    // What was stored before must be seen by whoever says that it sleeps after this.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    return unsafe peerSleeps.pointee.load(ordering: .relaxed) != 0
  }

  // MARK: Taking

  /// The next slot: a copy, so that nobody changes it while it is looked at.
  @inline(__always) public func take() -> RingTake {
    let head = unsafe inHead.pointee.load(ordering: .acquiring)
    let waiting = head &- slotsTaken
    if waiting == 0 { return .empty }
    guard waiting <= slotCount else { return .broken }
    // SAFETY: the index is below the ring's length. The other end may write meanwhile: the copy may
    // be torn, and is checked like every slot.
    let slot = unsafe (inSlots + offset(slotsTaken)).loadUnaligned(as: [8 of UInt64].self)
    slotsTaken &+= 1
    return .slot(slot)
  }

  /// Puts back the slot that was taken last: it is taken again next time.
  public func untake() { slotsTaken &-= 1 }

  /// Whether there is something to take, or nonsense.
  @inline(__always) public var hasMore: Bool {
    unsafe inHead.pointee.load(ordering: .acquiring) != slotsTaken
  }

  /// Looks so many times whether there is something to take, with a rest after each.
  /// - Returns: whether there is.
  public func awaitMore(looks: Int) -> Bool {
    for _ in 0..<looks {
      if hasMore { return true }
      spinPause()
    }
    return hasMore
  }

  // MARK: Sleeping

  /// Says that this end will sleep. Afterwards it must look once more before it does.
  public func willSleep() {
    unsafe selfSleeps.pointee.store(1, ordering: .relaxed)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
  }

  public func didWake() { unsafe selfSleeps.pointee.store(0, ordering: .relaxed) }
}

/// A moment's rest while waiting for memory to change.
@inline(__always) public func spinPause() { itsd_pause() }
