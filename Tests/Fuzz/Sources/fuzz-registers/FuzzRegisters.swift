// Bytes to accesses: every frame, width and offset, aligned or not; system registers, MSIs, input
// lines, stores into RAM, and resets. The first byte also chooses the clock.

import FuzzDriver
import FuzzGuest
import GICArch
import GICModel

/// Offsets of registers that do something, for half of the accesses.
private let hot: [UInt64] = [
  0x0, 0x8, 0x14, 0x40, 0x48, 0x70, 0x78, 0x80, 0x84, 0x88, 0x8c, 0x90, 0xa0, 0xb0, 0xc0, 0x100,
  0x104, 0x108, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x420, 0xc00, 0xc04, 0x6100, 0x1_0040,
]

private func value(_ input: inout FuzzInput) -> UInt64 {
  switch input.choice(4) {
  case 0: input.number(8)
  case 1: input.number(2)
  case 2: 1 << 63 | FuzzGuest.ramBase + input.number(3)
  default: UInt64(input.choice(2))
  }
}

private func address(_ guest: FuzzGuest, _ input: inout FuzzInput) -> UInt64 {
  switch input.choice(16) {
  case 0: return input.number(8)
  case 1...7: return guest.frame(input.choice(7)) &+ input.number(3)
  default: return guest.frame(input.choice(7)) &+ hot[input.choice(hot.count)]
  }
}

private let operations: [Access.Operation] = [
  .read, .write, .write, .write, .msi, .systemRegisterRead, .systemRegisterWrite, .inputLine,
  .translate,
]

private func access(_ guest: FuzzGuest, _ input: inout FuzzInput) -> Access {
  let operation = operations[input.choice(operations.count)]
  let source = input.flag() ? UInt32(input.choice(4)) : UInt32(input.number(4))
  let size = UInt8([1, 2, 4, 8, 4, 8, Int(input.byte())][input.choice(7)])
  let place: UInt64 =
    switch operation {
    case .systemRegisterRead, .systemRegisterWrite: 0xc600 + input.number(2) & 0x3ff
    case .inputLine: input.number(2) & 0x7ff
    default: address(guest, &input)
    }
  return Access(operation, size: size, source: source, address: place, data: value(&input))
}

private func attempt(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let guest = FuzzGuest(&input, timed: true)
  if input.flag() { guest.bringUp() }
  while !input.isAtEnd {
    switch input.choice(16) {
    case 0: guest.store(FuzzGuest.ramBase + input.number(3) & ~7, value(&input))
    case 1:
      guest.run([
        QueueEntry(input.number(1) & 15 | input.number(1) << 32, input.number(2), value(&input), 0)
      ])
    case 2: _ = guest.machine.advance(to: guest.machine.cycle + input.number(2), until: .lineChange)
    case 3: if input.byte() == 0 { guest.machine.reset() }
    default: _ = guest.machine.perform(access(guest, &input))
    }
  }
  guest.check()
}

@main enum FuzzRegisters {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
