// Bytes that a daemon is to make a machine of: a file as it comes, or a machine's own snapshot with
// bytes changed and a checksum that is right again. Whatever is taken, the machine can be used and
// saved; whatever is refused leaves it as after a reset.

import FuzzDriver
import FuzzGuest
import GICArch
import GICModel

/// CRC-64 of ECMA-182, reflected: what seals a file.
private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
  var crc = UInt64.max
  for byte in bytes {
    crc ^= UInt64(byte)
    for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0xc96c_5795_d787_0f42 : crc >> 1 }
  }
  return ~crc
}

/// The bytes with the last eight made the sum of those before.
private func sealed(_ bytes: [UInt8]) -> [UInt8] {
  let content = bytes.dropLast(8)
  let sum = checksum(content)
  return content + (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64($0 * 8)) }
}

/// Commands and MSIs, so that there is something in every field.
private func bringToLife(_ guest: FuzzGuest, _ input: inout FuzzInput) {
  guest.bringUp()
  let itt = ITT(base: FuzzGuest.itt, eventIDBits: 3)
  guest.run(
    [
      ITSCommand.mapc(ICID(rawValue: 0), RDbase(rawValue: 0)),
      .mapd(DeviceID(rawValue: 1), itt),
      .mapti(
        DeviceID(rawValue: 1), EventID(rawValue: 0), INTID(rawValue: 8192), ICID(rawValue: 0)),
      .mapti(
        DeviceID(rawValue: 1), EventID(rawValue: 1), INTID(rawValue: 8193), ICID(rawValue: 0)),
    ].map { QueueEntry($0) })
  for _ in 0..<input.choice(8) { guest.msi(1, UInt64(input.choice(3)), its: 0) }
  if input.flag() { guest.acknowledge(pe: 0) }
}

private func use(_ guest: FuzzGuest) {
  for pe in 0..<2 {
    guest.acknowledge(pe: pe)
    guest.control(.pmr, 0xff, pe: pe)
  }
  guest.msi(1, 0, its: 0)
  guest.run([QueueEntry(.sync(RDbase(rawValue: 0)))])
  _ = guest.machine.advance(to: guest.machine.cycle &+ 1000, until: .limit)
  var changes: [LineChange] = []
  guest.machine.drainLineChanges(into: &changes)
  _ = guest.machine.statistics()
}

private func attempt(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let isRaw = input.choice(8) == 0
  let guest = FuzzGuest(&input, timed: true)
  if isRaw {
    _ = try? SnapshotFile(bytes: bytes)
    try? guest.machine.restore(snapshot: bytes)
    let magic = input.flag() ? "ITSDFILE" : "ITSDSNAP"
    let whole = sealed(
      Array(magic.utf8) + [1, 0, 0, 0, 0, 0, 0, 0] + bytes + [UInt8](repeating: 0, count: 8))
    _ = try? SnapshotFile(bytes: whole)
    try? guest.machine.restore(snapshot: whole)
    return use(guest)
  }
  bringToLife(guest, &input)
  guard var image = try? guest.machine.snapshot() else { return }
  // The configuration's text is most of it, and must be equal: what comes behind is of interest.
  let first = min(UInt64(image.count - 8), input.flag() ? 16 : 1 << 11)
  for _ in 0..<1 + input.choice(6) {
    let place = first + input.number(4) % (UInt64(image.count - 8) - first)
    image[Int(place)] = input.byte()
  }
  do throws(SnapshotError) {
    try guest.machine.restore(snapshot: sealed(image))
    use(guest)
    // What was taken is a state like any other.
    guard let again = try? guest.machine.snapshot() else { fatalError("it cannot be saved") }
    do throws(SnapshotError) { try guest.machine.restore(snapshot: again) } catch {
      fatalError("what was saved is refused: \(error)")
    }
  } catch {
    precondition(guest.read(0, GITS.CTLR.offset, size: 4) & 1 == 0, "a failure left it on")
    guest.bringUp()
    guest.check()
  }
}

@main enum FuzzSnapshot {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
