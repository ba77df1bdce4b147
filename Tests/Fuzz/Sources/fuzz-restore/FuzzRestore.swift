// Bytes to an image of saved tables, and its restore: success or an errno, in bounded time, with
// all of it mapped or nothing. What was restored works, and is saved and restored once more.

import FuzzDriver
import FuzzGuest
import GICArch
import GICModel

/// A place where an entry may lie: few, so that tables meet.
private func place(_ input: inout FuzzInput) -> UInt64 {
  let tables = [
    FuzzGuest.ramBase, FuzzGuest.ramBase + 0x1_0000, FuzzGuest.itt, FuzzGuest.itt + 0x100,
    FuzzGuest.ramBase + 0x2_0000,
  ]
  return tables[input.choice(tables.count)] + (input.number(1) & 31) * 8
}

/// An entry that could be one of a DTE, an ITE, a CTE, a level-1 entry; or anything.
private func word(_ input: inout FuzzInput) -> UInt64 {
  let next = input.number(2) >> UInt64(input.choice(16))
  switch input.choice(5) {
  case 0: return input.number(8)
  case 1:
    let itt = FuzzGuest.itt + UInt64(input.choice(3)) * 0x100
    return 1 << 63 | next << 49 | itt >> 3 & ~31 | UInt64(input.choice(32))
  case 2: return next << 48 | UInt64(8190 + input.choice(64)) << 16 | UInt64(input.choice(4))
  case 3:
    let target = input.flag() ? UInt64(input.choice(3)) : 0xffff_ffff
    return 1 << 63 | target << 16 | UInt64(input.choice(4))
  default: return 1 << 63 | place(&input) & ~0xffff
  }
}

private func setBases(_ guest: FuzzGuest, _ input: inout FuzzInput) {
  guest.write(0, GITS.CTLR.offset, 0, size: 4)
  for table in 0..<2 {
    let indirect = UInt64(input.flag() ? 1 : 0) << 62
    let address =
      input.choice(16) == 0 ? input.number(8) : FuzzGuest.ramBase + UInt64(table) << 16
    let valid: UInt64 = input.choice(16) == 0 ? 0 : 1
    guest.write(
      0, GITS.BASER.offset + 8 * table,
      valid << 63 | indirect | UInt64(input.choice(3)) << 8 | address | input.number(1) & 15)
  }
}

private func restore(_ guest: FuzzGuest) -> Bool {
  do throws(DeviceError) {
    try guest.machine.setAttribute(DeviceAttribute(.restoreTables), of: .its(0), to: nil)
    return true
  } catch { return false }
}

/// Whether an MSI of the device would go anywhere.
private func isMapped(_ guest: FuzzGuest, _ device: UInt32, _ event: UInt64) -> Bool {
  let access = Access(.translate, source: device, address: guest.frame(0), data: event)
  let kind = MSIOutcome(packed: guest.machine.perform(access).value).kind
  return kind == .set || kind == .merged
}

private func attempt(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  var profile = Profile(base: input.flag() ? .kvm : .architecture)
  profile.tables = .atSave
  let guest = FuzzGuest(&input, timed: true, profile: profile)
  guest.bringUp()
  setBases(guest, &input)
  for _ in 0..<input.choice(64) { guest.store(place(&input), word(&input)) }
  let isRestored = restore(guest)
  guest.write(0, GITS.CTLR.offset, 1, size: 4)
  for device in UInt32(0)..<8 {
    for event in UInt64(0)..<4 {
      precondition(isRestored || !isMapped(guest, device, event), "a failure left a mapping")
      guest.msi(UInt64(device), event, its: 0)
    }
  }
  guest.check()
  if isRestored, let image = try? guest.machine.saveAttributes() {
    try? guest.machine.setAttribute(DeviceAttribute(.reset), of: .its(0), to: nil)
    try? guest.machine.restore(image)
  }
  guest.check()
}

@main enum FuzzRestore {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
