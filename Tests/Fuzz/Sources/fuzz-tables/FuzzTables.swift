// Bytes to a RAM image and the registers that point into it, or at nothing, at frames, at each
// other, at the queue; then commands and MSIs walk what is there, and RAM changes under them.

import FuzzDriver
import FuzzGuest
import GICArch
import GICModel

/// Where a table may lie. Base registers keep attribute bits on both sides of the address.
private func base(_ input: inout FuzzInput) -> UInt64 {
  let page = input.number(1) & 63
  switch input.choice(8) {
  case 0: return input.number(8)
  case 1: return 0x000f_ffff_ffff_f000 - page << 12
  case 2: return [0, 0x0800_0000, 0x0a00_0000, 0x1000_0000][input.choice(4)]
  case 3: return FuzzGuest.queue
  default: return FuzzGuest.ramBase + page << 12
  }
}

/// A word of an entry: valid, mostly, and pointing somewhere.
private func word(_ input: inout FuzzInput) -> UInt64 {
  switch input.choice(4) {
  case 0: input.number(8)
  case 1: 1 << 63 | UInt64(8192 + input.choice(64)) << 16 | input.number(1) & 7
  case 2: 1 << 63 | FuzzGuest.itt | input.number(1) & 31
  default: 1 << 63 | base(&input) | input.number(1)
  }
}

private func setBases(_ guest: FuzzGuest, _ input: inout FuzzInput) {
  guest.write(0, GITS.CTLR.offset, 0, size: 4)
  for table in 0..<3 {
    let shape = UInt64(input.flag() ? 1 : 0) << 62 | UInt64(input.choice(4)) << 8
    let pages = input.number(1) & 15
    guest.write(0, GITS.BASER.offset + 8 * table, 1 << 63 | shape | base(&input) | pages)
  }
  guest.write(0, GITS.CBASER.offset, 1 << 63 | base(&input) | input.number(1) & 3)
  for pe in 0..<2 {
    guest.write(2 + pe, GICR.CTLR.offset, 0, size: 4)
    guest.write(2 + pe, GICR.PROPBASER.offset, base(&input) & ~31 | input.number(1) & 31)
    guest.write(2 + pe, GICR.PENDBASER.offset, base(&input))
    guest.write(2 + pe, GICR.CTLR.offset, input.choice(4) == 0 ? 0 : 1, size: 4)
  }
  guest.write(0, GITS.CTLR.offset, 1, size: 4)
}

private func command(_ input: inout FuzzInput) -> QueueEntry {
  let device = input.flag() ? input.number(1) & 7 : input.number(4)
  let event = input.flag() ? input.number(1) & 31 : input.number(4)
  let opcode = input.number(1) & 15
  return QueueEntry(
    opcode | device << 32, event | UInt64(8192 + input.choice(64)) << 32, word(&input),
    UInt64(input.choice(3)) << 16)
}

private func attempt(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let guest = FuzzGuest(&input, timed: true)
  guest.bringUp()
  setBases(guest, &input)
  // A dump reads whole tables: not every input pays for one.
  let dumps = input.choice(8) == 1
  while !input.isAtEnd {
    switch input.choice(8) {
    case 0: setBases(guest, &input)
    case 1: guest.acknowledge(pe: input.choice(2))
    case 2: guest.machine.flushPendingTables()
    case 3, 4: guest.run([command(&input), command(&input)])
    case 5, 6:
      let place = FuzzGuest.ramBase + (input.number(1) & 63) << 12 + (input.number(1) & 63) << 3
      guest.store(place, word(&input))
    default: guest.msi(input.number(1) & 7, input.number(1) & 31, its: 0)
    }
  }
  if dumps { _ = guest.machine.tables(at: guest.frame(0), device: nil, limit: 64) }
  for device in 0..<UInt32(4) {
    _ = guest.machine.explain(DeviceID(rawValue: device), EventID(rawValue: 0), at: guest.frame(0))
  }
  guest.check()
}

@main enum FuzzTables {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
