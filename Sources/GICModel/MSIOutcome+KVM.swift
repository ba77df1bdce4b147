// How a message's end is told to those who know KVM's interface.

extension MSIOutcome.Kind {
  /// What KVM_SIGNAL_MSI returns for such an MSI: 1 delivered (also if it merged), 0 blocked by the
  /// guest, or a negated errno: EBUSY (ITS disabled, LPIs off at the target), ENODEV (the machine
  /// has no ITS), EINVAL (the address is no ITS's doorbell).
  /// - Source: Linux, arch/arm64/kvm/vgic/vgic-its.c; Documentation/virt/kvm/api.rst,
  ///   "KVM_SIGNAL_MSI".
  public func kvmResult(machineHasITS: Bool = true) -> Int32 {
    switch self {
    case .set, .merged, .accepted: 1
    case .deviceOOR, .deviceUnmapped, .eventOOR, .eventUnmapped, .collectionUnmapped, .intidOOR,
      .memoryFault:
      0
    case .itsDisabled, .lpisDisabled: -16
    case .noITS: machineHasITS ? -22 : -19
    }
  }
}
