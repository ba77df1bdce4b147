// The second half of an MSI's way: from the redistributor to the PE.

import GICArch

extension Engine {
  /// - Returns: whether an LPI would become pending at the PE's redistributor.
  func explainRedistributor(
    _ intid: INTID, _ pe: PEIndex, _ story: inout Explanation
  ) -> Bool {
    guard pes[pe.index].lpisEnabled else {
      return story.end(
        .redistributor, "PE \(pe.rawValue) takes no LPIs: GICR_CTLR.EnableLPIs is 0",
        "write its GICR_PROPBASER and GICR_PENDBASER, then 1 to EnableLPIs")
    }
    let limit = pes[pe.index].lpiLimit
    guard intid.rawValue < limit else {
      return story.end(
        .redistributor, "PE \(pe.rawValue) has LPIs below \(limit) only (GICR_PROPBASER.IDbits)",
        "give its tables more bits before EnableLPIs")
    }
    return story.pass(.redistributor, "PE \(pe.rawValue) takes LPIs below \(limit)")
  }

  /// Everything between the pending bit and the PE's IRQ. The first thing that holds it is the
  /// verdict.
  func explainDelivery(_ intid: INTID, _ pe: PEIndex, _ story: inout Explanation) {
    let property = explainProperty(intid, pe, &story)
    explainEnables(pe, &story)
    explainPriority(
      Candidate(intid: intid, priority: property.priority, isGroup0: false), pe, &story)
    explainPending(intid, pe, &story)
  }

  private func explainProperty(
    _ intid: INTID, _ pe: PEIndex, _ story: inout Explanation
  ) -> LPIConfiguration {
    let table = properties[pes[pe.index].propertyTable]
    let used = table.configuration(of: intid)
    let index = UInt64(intid.rawValue) - UInt64(INTID.firstLPI.rawValue)
    let address = table.address &+ index
    let raw = memory.load8(address)
    var entry = TableEntry(.property, address: address, raw: raw.map(UInt64.init))
    entry.cached = UInt64(used.raw)
    var text = "enabled \(used.enabled ? 1 : 0), priority \(hex(used.priority))"
    if entry.isStale {
      text +=
        "; stale: needs INV (RAM says \(raw.map { hex($0) } ?? "nothing, it is not mapped"))"
    }
    guard used.enabled else {
      let mend =
        entry.isStale && raw.map { $0 & 1 != 0 } == true
        ? "RAM enables it already: the driver must send INV or INVALL"
        : "set bit 0 of the byte at \(hex(address)), then INV"
      story.wait(.property, "LPI \(intid) is disabled: \(text)", mend, entry)
      return used
    }
    story.pass(.property, "LPI \(intid): \(text)", entry)
    return used
  }

  private func explainEnables(_ pe: PEIndex, _ story: inout Explanation) {
    if distributor.enableGroup1 {
      story.pass(.group, "GICD_CTLR.EnableGrp1 is 1")
    } else {
      story.wait(.group, "GICD_CTLR.EnableGrp1 is 0", "write 1 to GICD_CTLR.EnableGrp1")
    }
    if pes[pe.index].igrpen1 {
      story.pass(.cpuInterface, "ICC_IGRPEN1_EL1 of PE \(pe.rawValue) is 1")
    } else {
      story.wait(
        .cpuInterface, "ICC_IGRPEN1_EL1 of PE \(pe.rawValue) is 0",
        "the PE must write 1 to ICC_IGRPEN1_EL1")
    }
  }

  private func explainPriority(
    _ candidate: Candidate, _ pe: PEIndex, _ story: inout Explanation
  ) {
    let mask = pes[pe.index].pmr
    let running = runningPriority(pe)
    let text =
      "priority \(hex(candidate.priority)), ICC_PMR_EL1 \(hex(mask)), "
      + "running priority \(hex(running))"
    if candidate.priority >= mask {
      story.wait(
        .priority, text + ": masked, ICC_PMR_EL1 lets only what is below it through",
        "the PE must raise ICC_PMR_EL1 of PE \(pe.rawValue), or the LPI needs a higher priority")
    } else if !canPreempt(candidate, pe) {
      story.wait(
        .priority, text + ": what is active has at least this group priority",
        "PE \(pe.rawValue) must end what it has acknowledged (ICC_EOIR)")
    } else {
      story.pass(.priority, text)
    }
  }

  private func explainPending(_ intid: INTID, _ pe: PEIndex, _ story: inout Explanation) {
    let state = pes[pe.index].lpis
    let offered = pes[pe.index].offered
    guard state.isPending(intid) else {
      story.pass(.pending, "LPI \(intid) is not pending at PE \(pe.rawValue)")
      guard story.stage == nil else { return }
      story.verdict = .clear
      story.text =
        "nothing is pending; an MSI now becomes LPI \(intid) of PE \(pe.rawValue) and raises IRQ"
      return
    }
    if state.isUnderWay(intid) {
      story.wait(
        .pending, "LPI \(intid) is pending; its message is on the way to PE \(pe.rawValue)",
        "let time pass")
      return
    }
    guard story.stage == nil else {
      story.pass(.pending, "LPI \(intid) is pending at PE \(pe.rawValue) and waits")
      return
    }
    let best = highestPending(pe)
    if best?.intid == intid {
      story.pass(.pending, "LPI \(intid) is pending and PE \(pe.rawValue) is offered it")
      story.verdict = .delivered
      story.text =
        "IRQ of PE \(pe.rawValue) is high for LPI \(intid), which waits to be acknowledged"
    } else if let best {
      story.wait(
        .pending, "LPI \(intid) is pending behind INTID \(best.intid), which goes first",
        "PE \(pe.rawValue) must acknowledge and end INTID \(best.intid)")
    } else {
      story.wait(
        .pending, "LPI \(intid) is pending; \(offered == nil ? "nothing" : "another") is offered",
        "let time pass: the redistributor has not selected it yet")
    }
  }
}

extension Explanation {
  /// Pending, and no further. The first such step is the verdict.
  mutating func wait(
    _ stage: ExplanationStep.Stage, _ text: String, _ mend: String, _ entry: TableEntry? = nil
  ) {
    steps.append(ExplanationStep(stage, .waits, text, entry))
    guard self.stage == nil else { return }
    (verdict, self.stage, self.text) = (.blocked, stage, "\(text); \(mend)")
  }
}
