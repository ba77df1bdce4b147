// The command queue of a machine without time: commands are executed and retired in one go.

import GICArch

/// What the commands of one ITS look at again and again, looked up once. The owner of the ITS has
/// it while nobody works alone on the machine.
struct QueueView {
  let n: ITSIndex
  let its: SlabPlace<ITSState>
  let memory: NearMemory
}

extension Engine where Observer == NoTiming {
  /// Runs everything that waits, to the end.
  mutating func drain(_ n: ITSIndex) {
    while runSome(n, cost: .max) {}
  }

  /// Executes and retires commands of ITS `n`, which is owned, until they have cost this much or
  /// the queue is as far as CWRITER was at the beginning.
  /// - Returns: whether more may run now.
  mutating func runSome(_ n: ITSIndex, cost: Int) -> Bool {
    let written = its[n].queue.written
    guard waitingCommands(n) > 0 else {
      its[n].queue.finish(written)
      return false
    }
    let end = QueueState.offset(written)
    let byteCount = its[n].cbaser.byteCount
    // Since it was looked at, CWRITER may have been written again, now with an offset that counts.
    guard end < byteCount else {
      its[n].queue.finish(written)
      return true
    }
    if let window = memory.window(its[n].cbaser.physicalAddress, byteCount: byteCount) {
      if translationsAreCold(n) {
        runAhead(n, window, through: end, cost: cost)
      } else {
        _ = run(n, window, through: end, cost: cost)
      }
    } else {
      _ = executeCommand(n)
      retireCommand(n)
    }
    reclaim(n)
    if its[n].granted == end || its[n].stalled { its[n].queue.finish(written) }
    return waitingCommands(n) > 0
  }

  /// As ``run(_:_:through:cost:)``; what the next commands need is asked for while these run.
  private mutating func runAhead(
    _ n: ITSIndex, _ queue: GuestWindow, through end: Int, cost: Int
  ) {
    let byteCount = queue.wordCount &* 8
    let block = LookAhead.blockLength &* QueueEntry.byteCount
    var ahead = LookAhead(at: its[n].granted)
    var left = cost
    var isAhead = false
    while left > 0, !its[n].stalled {
      let slot = its[n].granted
      let rest = end >= slot ? end &- slot : end &- slot &+ byteCount
      // For a few commands it does not pay.
      guard rest > 2 &* block else {
        _ = run(n, queue, through: end, cost: left)
        return
      }
      if !isAhead { ahead.begin(self, n, queue) }
      isAhead = true
      ahead.goOn(self, n, queue)
      let next = slot &+ block
      left = run(n, queue, through: next < byteCount ? next : next &- byteCount, cost: left)
    }
  }

  /// Executes and retires the commands of a queue that lies in RAM as a whole, up to the offset
  /// `end`, to one that stalls, or until they have cost enough.
  /// - Returns: what of the cost is left.
  @inline(never)
  private mutating func run(
    _ n: ITSIndex, _ queue: GuestWindow, through end: Int, cost: Int
  ) -> Int {
    let byteCount = queue.wordCount &* 8
    let view = QueueView(n: n, its: its.place(n), memory: memory.near)
    var slot = view.its.element.granted
    var left = cost
    var isStalled = false
    while slot != end, left > 0, !isStalled {
      let stop = slot < end ? end : byteCount
      var entries = queue.entries(
        from: slot, count: Swift.min((stop &- slot) / QueueEntry.byteCount, left))
      let first = slot &+ entries.byteCount
      var rest = 0
      while let entry = entries.next() {
        if executeRecalled(entry, view) {
          counts.complete(entry)
          continue
        }
        // One that costs more ends the row, so that the others need not be counted.
        rest = entries.byteCount
        let spent = executeLater(
          entry, its: n, slot: first &- rest &- QueueEntry.byteCount)
        isStalled = spent == 0
        if isStalled {
          rest &+= QueueEntry.byteCount
        } else {
          left &-= spent &- QueueCost.one
        }
        break
      }
      left &-= (first &- rest &- slot) / QueueEntry.byteCount
      slot = first &- rest
      if slot >= byteCount { slot = 0 }
    }
    view.its.element.granted = slot
    view.its.element.creadr = slot
    return left
  }
}
