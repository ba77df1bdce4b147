// A loop that looks again before it sleeps: for so long, and not where it is in vain.

import Testing
import UVLoop

/// Turns of the loop until it would sleep.
private func looks(_ linger: Linger, _ loop: Loop) -> Int {
  var count = 0
  while linger.isLooking {
    loop.run(.noWait)
    count += 1
  }
  return count
}

@Test func `after a request a loop looks so many times, and then sleeps`() throws {
  let loop = try Loop()
  defer { loop.close() }
  let linger = try Linger(on: loop, looks: 3)
  #expect(looks(linger, loop) == 0)
  linger.requestDone()
  #expect(looks(linger, loop) == 3)
  // A request that comes meanwhile begins anew.
  linger.requestDone()
  loop.run(.noWait)
  linger.requestDone()
  #expect(looks(linger, loop) == 3)
}

@Test func `a loop that looked in vain looks seldom, until that is worth it again`() throws {
  let loop = try Loop()
  defer { loop.close() }
  let linger = try Linger(on: loop, looks: 2)
  for _ in 0..<4 {
    linger.requestDone()
    #expect(looks(linger, loop) == 2)
  }
  // Now each 256th request only.
  for _ in 0..<2 {
    for _ in 0..<255 {
      linger.requestDone()
      #expect(!linger.isLooking)
    }
    linger.requestDone()
    #expect(looks(linger, loop) == 2)
  }
  for _ in 0..<255 { linger.requestDone() }
  linger.requestDone()
  #expect(linger.isLooking)
  linger.requestDone()
  #expect(looks(linger, loop) == 2)
  linger.requestDone()
  #expect(linger.isLooking)
}

@Test func `a loop that is to look at nothing never does`() throws {
  let loop = try Loop()
  defer { loop.close() }
  let linger = try Linger(on: loop, looks: 0)
  linger.requestDone()
  #expect(!linger.isLooking)
}

@Test func `room that is known is never more than there is`() throws {
  let ring = try RingEnd.create(slotCount: 2)
  let words = InlineArray<8, UInt64>(repeating: 0)
  #expect(ring.knownRoom == 2)
  ring.put(words)
  ring.put(words)
  #expect(ring.knownRoom == 0)
  func taken(_ count: UInt32) {
    // SAFETY: the word lies in the ring's first page.
    unsafe ring.memory.base.storeBytes(
      of: count, toByteOffset: RingLayout.replyTail, as: UInt32.self)
  }
  taken(1)
  #expect(ring.knownRoom == 1)
  // What is known is enough: the word is not read.
  taken(7)
  #expect(ring.knownRoom == 1)
  ring.put(words)
  #expect(ring.knownRoom == nil)
}
