import GICArch

@testable import GICModel

struct NaivePE {
  var phase = Presentation.Phase.idle
  var again = false
  var candidate: UInt32 = 0
  var (start, read, due, free): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
}

extension NaiveEngine {
  // MARK: Pending tables

  func hold(_ lpi: FakeRules.LPI) {
    let unit = unit(of: lpi.pe.rawValue)
    guard known[lpi] != nil, !units[unit].held.contains(lpi) else { return }
    if units[unit].held.count == timing.pendingEntries {
      units[unit].held.removeFirst()
      units[unit].accesses.append(nil)
      access(unit)
    }
    units[unit].held.append(lpi)
  }
  private func access(_ unit: Int) {
    while units[unit].accessing < timing.pendingAccessesInFlight, !units[unit].accesses.isEmpty {
      let pe = units[unit].accesses.removeFirst()
      units[unit].accessing += 1
      let answer = units[unit].port.request(bytes: 32, timing, at: now)
      count(down: answer, .pendingAccess, .pending(unit: unit, pe: pe))
    }
  }
  func pendingAccessReturned(_ unit: Int, _ pe: Int?) {
    units[unit].accessing -= 1
    let waited = units[unit].accesses.contains(nil)
    access(unit)
    if let pe {
      let candidate = INTID(rawValue: pes[pe].candidate)
      if rules.selectedLPI(of: PEIndex(pe))?.intid == candidate {
        let lpi = FakeRules.LPI(pe: PEIndex(pe), intid: candidate)
        known[lpi] = known[lpi] ?? NaiveKnown()
        hold(lpi)
        present(pe)
      } else {
        pes[pe].phase = .idle
        kick(pe)
      }
    }
    if waited { while bankTakes(unit) {} }
  }

  // MARK: Redistributors and CPU interfaces

  func kick(_ pe: Int) {
    switch pes[pe].phase {
    case .idle:
      pes[pe].phase = .armed
      count(down: max(now, pes[pe].free) - now, .select, .pe(pe))
    case .armed: break
    case .reading, .presenting: pes[pe].again = true
    }
  }
  func candidatesChanged(_ pe: Int) {
    if pes[pe].phase == .presenting,
      rules.selectedLPI(of: PEIndex(pe))?.intid.rawValue != pes[pe].candidate
    {
      pes[pe].phase = .idle
      timers[Int(EventUnit.accept.rawValue)].removeAll {
        if case .pe(pe) = $0.what { true } else { false }
      }
    }
    kick(pe)
  }
  func select(_ pe: Int) {
    if pes[pe].free > now { return count(down: pes[pe].free - now, .select, .pe(pe)) }
    guard let best = rules.selectedLPI(of: PEIndex(pe)),
      rules.offeredLPI(of: PEIndex(pe)) != best.intid
    else {
      pes[pe].phase = .idle
      return
    }
    (pes[pe].candidate, pes[pe].start, pes[pe].again) = (best.intid.rawValue, now, false)
    let unit = unit(of: UInt32(pe))
    if units[unit].held.contains(FakeRules.LPI(pe: PEIndex(pe), intid: best.intid)) {
      present(pe)
    } else {
      pes[pe].phase = .reading
      units[unit].accesses.append(pe)
      access(unit)
    }
  }
  private func present(_ pe: Int) {
    (pes[pe].phase, pes[pe].read) = (.presenting, now)
    let way = timing.hppiSelectCycles + timing.downstreamCycles + timing.acceptanceCycles
    count(down: way, .accept, .pe(pe))
  }
  func accept(_ pe: Int) {
    let (state, lpi) = (
      pes[pe],
      FakeRules.LPI(pe: PEIndex(pe), intid: INTID(rawValue: pes[pe].candidate))
    )
    pes[pe].phase = .idle
    recorder.clear()
    if rules.offeredLPI(of: lpi.pe) != nil { pes[pe].free = now + timing.upstreamCycles }
    rules.stamp = now
    rules.offer(lpi.intid, to: lpi.pe)
    if let job = known[lpi]?.job {
      known[lpi]?.job = nil
      if job.hasArrived, job.mark <= state.start {
        if job.kind == .msi {
          spend(job, .msi(.hppiWait), until: state.start)
          spend(job, .msi(.pendingMemory), until: state.read)
          let selected = state.read + timing.hppiSelectCycles
          spend(job, .msi(.hppiSelect), until: selected)
          spend(job, .msi(.downstream), until: selected + timing.downstreamCycles)
          spend(job, .msi(.acceptance), until: now)
        }
        end(job, .presented)
      } else {
        take(job)
      }
    }
    if state.again { kick(pe) }
    settle()
  }
}
