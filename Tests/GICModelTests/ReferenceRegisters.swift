import GICArch
import GICModel

/// What programs write to redistributors, CPU interfaces and the distributor.
extension ReferenceMachine {
  /// GICR_SETLPIR (0x40), CLRLPIR (0x48), INVLPIR (0xa0), INVALLR (0xb0). KVM has the last two, and
  /// others have all or none.
  mutating func direct(_ pe: Int, _ offset: Int, _ intid: UInt32) {
    guard pes[pe].lpisEnabled, isKVM ? offset >= 0xa0 : configuration.identity.directLPI
    else { return }
    if offset == 0xb0 { return isKVM ? rereadTargeted(pe) : rereadAll(at: pe) }
    guard intid >= 8192, intid < 65536 else { return }
    switch offset {
    case 0x40: _ = signal(intid, at: pe)
    case 0x48: pes[pe].pending.remove(intid)
    default: isKVM ? rereadShared(intid) : reread(intid, at: pe)
    }
  }

  mutating func control(_ pe: Int, _ register: SystemRegister, _ value: UInt64) {
    let least = max(7 - pes[pe].priorityBits, 0)
    switch register {
    case .pmr: pes[pe].pmr = UInt8(value) & ~UInt8((1 << (8 - pes[pe].priorityBits)) - 1)
    case .bpr0: pes[pe].bpr0 = max(Int(value), least)
    case .bpr1: if !pes[pe].cbpr { pes[pe].bpr1 = max(Int(value), least + 1) }
    case .ctlr:
      pes[pe].cbpr = value & 1 == 1
      pes[pe].eoiMode = value & 2 == 2
    case .igrpen0: pes[pe].igrpen0 = value == 1
    default: pes[pe].igrpen1 = value == 1
    }
  }

  /// GICR_WAKER.ProcessorSleep; KVM's PEs are always awake.
  mutating func sleep(_ pe: Int, _ asleep: Bool) { pes[pe].isAsleep = asleep && !isKVM }

  /// GICR_CTLR: EnableLPIs, DPG0 and DPG1NS.
  mutating func controlRedistributor(_ pe: Int, lpis: Bool, _ group0: Bool, _ group1: Bool) {
    if choosesAmongPEs { (pes[pe].isDeselected0, pes[pe].isDeselected1) = (group0, group1) }
    guard pes[pe].lpisEnabled != lpis else { return }
    switch (lpis, isKVM) {
    case (true, true): takePendingTable(pe)
    case (true, false): enableLPIs(pe)
    // KVM keeps what is pending for the next time.
    case (false, true): pes[pe].lpisEnabled = false
    case (false, false): disableLPIs(pe)
    }
  }

  private mutating func change(
    _ pe: Int?, _ index: Int, _ body: (inout ReferenceInterrupt) -> Void
  ) {
    if let pe { body(&pes[pe].privates[index]) } else { body(&spis[UInt32(index + 32)]!) }
  }

  mutating func interrupts(_ step: Step) {
    switch step {
    case .bits(let pe, let offset, let bits):
      for index in 0..<32 {
        let isOne = bits >> UInt32(index) & 1 == 1
        change(pe, index) { it in
          switch offset {
          case 0x80: it.isGroup1 = isOne
          case 0x100: it.enabled = it.enabled || isOne
          case 0x180: it.enabled = it.enabled && !isOne
          case 0x200: it.latched = it.latched || isOne
          case 0x280: it.latched = it.latched && !isOne
          case 0x300: it.active = it.active || isOne
          default: it.active = it.active && !isOne
          }
        }
      }
    case .priority(let pe, let index, let byte):
      let mask = ~UInt8((1 << (8 - configuration.identity.priorityBits)) - 1)
      change(pe, index) { $0.priority = byte & mask }
    case .edges(let pe, let bits):
      for index in (pe == nil ? 0 : 16)..<32 {
        change(pe, index) { $0.isEdge = bits >> UInt32(index) & 1 == 1 }
      }
    case .route(let spi, let value):
      // Aff3 where affinities have it, "any" where SPIs may go to any PE, Aff2 to Aff0.
      let aff3: UInt64 = configuration.identity.affinity3Valid ? 0xff << 32 : 0
      let mask = aff3 | 0xff_ffff | (choosesAmongPEs ? anyPE : 0)
      spis[UInt32(spi)]?.route = value & mask
    case .input(let pe, let intid, let high):
      if intid < 32 { pes[pe].privates[Int(intid)].drive(high) } else { spis[intid]?.drive(high) }
    default: preconditionFailure("\(step) is taken elsewhere")
    }
  }
}
