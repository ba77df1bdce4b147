// The ICC system registers, by key. What a PE does not have is UNDEFINED: the client is told.

import GICArch

extension Engine {
  /// A read (MRS). - Returns: nil for a register that does not exist or is write-only.
  mutating func readSystemRegister(_ register: SystemRegister, _ pe: PEIndex) -> UInt64? {
    switch register {
    case .iar0: return UInt64(acknowledge(pe, group0: true).rawValue)
    case .iar1: return UInt64(acknowledge(pe, group0: false).rawValue)
    case .hppir0: return UInt64(highestPending(pe, group0: true).rawValue)
    case .hppir1: return UInt64(highestPending(pe, group0: false).rawValue)
    case .pmr: return UInt64(pes[pe.index].pmr)
    case .bpr0: return UInt64(pes[pe.index].bpr0)
    case .bpr1: return UInt64(readBPR1(pe))
    case .rpr: return UInt64(runningPriority(pe))
    case .igrpen0: return pes[pe.index].igrpen0 ? 1 : 0
    case .igrpen1: return pes[pe.index].igrpen1 ? 1 : 0
    case .ctlr: return readICCCTLR(pe)
    // SRE, DFB and DIB are always one: there is no other way to the CPU interface.
    case .sre: return 0x7
    case .ap0r0, .ap0r1, .ap0r2, .ap0r3, .ap1r0, .ap1r1, .ap1r2, .ap1r3:
      guard let place = activePriorities(register) else { return nil }
      return UInt64(
        place.group0 ? pes[pe.index].apr0[place.index] : pes[pe.index].apr1[place.index])
    default: return nil
    }
  }

  /// A write (MSR). - Returns: false for a register that does not exist or is read-only.
  mutating func writeSystemRegister(
    _ register: SystemRegister, _ value: UInt64, _ pe: PEIndex
  ) -> Bool {
    let intid = INTID(rawValue: UInt32(value[23, 0]))
    switch register {
    case .eoir0: endOfInterrupt(intid, pe, group0: true)
    case .eoir1: endOfInterrupt(intid, pe, group0: false)
    case .dir: deactivateInterrupt(intid, pe)
    case .sgi0r: generateSGI(value, from: pe, group0: true, group1: false)
    case .sgi1r:
      generateSGI(
        value, from: pe, group0: profile.sgi1rGroups == .any, group1: true)
    // One Security state: the alias for the other one makes Group 0 interrupts' SGIs.
    case .asgi1r: generateSGI(value, from: pe, group0: true, group1: false)
    case .sre: return true
    default:
      guard writeControl(register, value, pe) else { return false }
      updateLines(pe)
    }
    return true
  }

  private mutating func writeControl(
    _ register: SystemRegister, _ value: UInt64, _ pe: PEIndex
  ) -> Bool {
    let least = facts.minimumBPR0
    switch register {
    case .pmr: pes[pe.index].pmr = UInt8(truncatingIfNeeded: value) & priorityMask
    case .bpr0: pes[pe.index].bpr0 = Swift.max(UInt8(value[2, 0]), least)
    case .bpr1:
      // With CBPR the write is ignored: BPR0 stands for both.
      if !pes[pe.index].cbpr { pes[pe.index].bpr1 = Swift.max(UInt8(value[2, 0]), least + 1) }
    case .igrpen0:
      pes[pe.index].igrpen0 = value[bit: 0]
      participationChanged()
    case .igrpen1:
      pes[pe.index].igrpen1 = value[bit: 0]
      participationChanged()
    case .ctlr:
      pes[pe.index].cbpr = ICC.CTLR(raw: value).cbpr
      pes[pe.index].eoiMode = ICC.CTLR(raw: value).eoiMode
    default:
      guard let place = activePriorities(register) else { return false }
      let bits = UInt32(truncatingIfNeeded: value) & activePriorityMask(place.index)
      if place.group0 {
        pes[pe.index].apr0[place.index] = bits
      } else {
        pes[pe.index].apr1[place.index] = bits
      }
    }
    return true
  }

  /// Implemented priority bits, from the top.
  private var priorityMask: UInt8 {
    UInt8(truncatingIfNeeded: 0xff &<< (8 - configuration.identity.priorityBits))
  }

  private func activePriorityMask(_ index: Int) -> UInt32 {
    let bits = (256 >> aprShift) - index * 32
    return bits >= 32 ? .max : bits <= 0 ? 0 : (1 << UInt32(bits)) - 1
  }

  /// AP0R0 through AP1R3, as far as the priority bits need them.
  private func activePriorities(_ register: SystemRegister) -> (group0: Bool, index: Int)? {
    let index = Int(register.rawValue & 3)
    guard index < Swift.max(1, (256 >> aprShift) >> 5) else { return nil }
    switch register {
    case .ap0r0, .ap0r1, .ap0r2, .ap0r3: return (true, index)
    case .ap1r0, .ap1r1, .ap1r2, .ap1r3: return (false, index)
    default: return nil
    }
  }

  private func readBPR1(_ pe: PEIndex) -> UInt8 {
    guard pes[pe.index].cbpr else { return pes[pe.index].bpr1 }
    return Swift.min(pes[pe.index].bpr0 + 1, 7)
  }

  private func readICCCTLR(_ pe: PEIndex) -> UInt64 {
    let identity = configuration.identity
    var value = ICC.CTLR(raw: 0)
    value.cbpr = pes[pe.index].cbpr
    value.eoiMode = pes[pe.index].eoiMode
    value.priorityBits = identity.priorityBits
    value.raw[13, 11] = identity.cpuInterfaceIDBits == 24 ? 1 : 0
    value.a3v = true
    value.seis = false
    return value.raw
  }

  /// HPPIR: the highest-priority pending interrupt if it is of that group, whatever PMR says.
  private func highestPending(_ pe: PEIndex, group0: Bool) -> INTID {
    guard let candidate = highestPending(pe), candidate.isGroup0 == group0 else {
      return .spurious
    }
    return candidate.intid
  }

  /// ICC_SGI0R, ICC_SGI1R: makes an SGI pending at the PEs named, where it is of such a group.
  private mutating func generateSGI(
    _ value: UInt64, from source: PEIndex, group0: Bool, group1: Bool
  ) {
    let request = ICC.SGI1R(raw: value)
    let bit = Int(request.intid.rawValue)
    for index in 0..<pes.count {
      let isTarget =
        request.irm ? index != source.index : request.names(pes[index].affinity)
      guard isTarget, pes[index].group[bit: bit] ? group1 : group0 else { continue }
      pes[index].latched[bit: bit] = true
      updateLines(PEIndex(index))
    }
  }
}
