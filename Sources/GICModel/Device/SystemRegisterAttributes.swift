// CPU_SYSREGS: the state of a PE's CPU interface.
// - Source: Linux, arch/arm64/kvm/vgic-sys-reg-v3.c.

import GICArch

extension SystemRegister {
  /// Those that hold state; the others do something.
  static let saved: Set<SystemRegister> = [
    .pmr, .bpr0, .bpr1, .ctlr, .sre, .igrpen0, .igrpen1,
    .ap0r0, .ap0r1, .ap0r2, .ap0r3, .ap1r0, .ap1r1, .ap1r2, .ap1r3,
  ]
}

extension Engine {
  private func check(_ register: SystemRegister) throws(DeviceError) {
    guard SystemRegister.saved.contains(register) else {
      throw DeviceError(.enxio, "\(register) holds no state")
    }
  }

  mutating func systemRegisterAttribute(
    _ register: SystemRegister, _ pe: PEIndex
  ) throws(DeviceError) -> UInt64 {
    try check(register)
    guard let value = readSystemRegister(register, pe) else {
      throw DeviceError(.einval, "\(register) does not exist with so few priority bits")
    }
    return value
  }

  mutating func setSystemRegisterAttribute(
    _ register: SystemRegister, _ pe: PEIndex, _ value: UInt64
  ) throws(DeviceError) {
    try check(register)
    if register == .ctlr { try checkControl(ICC.CTLR(raw: value), pe) }
    if register == .sre, !ICC.SRE(raw: value).sre {
      throw DeviceError(.einval, "ICC_SRE_EL1.SRE is 1: there are system registers only")
    }
    // With CBPR a guest's write of BPR1 has no effect; its value is state all the same.
    if register == .bpr1, pes[pe.index].cbpr {
      pes[pe.index].cbpr = false
      defer { pes[pe.index].cbpr = true }
      _ = writeSystemRegister(register, value, pe)
      return
    }
    guard writeSystemRegister(register, value, pe) else {
      throw DeviceError(.einval, "\(register) does not exist with so few priority bits")
    }
  }

  /// A state of wider priorities or INTIDs than the machine's cannot be restored.
  private mutating func checkControl(
    _ control: ICC.CTLR, _ pe: PEIndex
  ) throws(DeviceError) {
    guard let raw = readSystemRegister(.ctlr, pe) else { return }
    let own = ICC.CTLR(raw: raw)
    guard control.priorityBits <= own.priorityBits, control.idBits <= own.idBits,
      control.seis == own.seis, control.a3v == own.a3v
    else {
      throw DeviceError(
        .einval,
        "ICC_CTLR_EL1 \(DeviceError.hex(control.raw)) is of another CPU interface; here it is "
          + DeviceError.hex(own.raw))
    }
  }
}
