// Bytes to queue entries: the machine is set up as a driver does it, and executes what comes. An
// entry is taken as it is, or has its opcode and the fields that matter made likely.

import FuzzDriver
import FuzzGuest
import GICArch
import GICModel

private let opcodes: [UInt64] = [1, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15]

private func entry(_ input: inout FuzzInput) -> QueueEntry {
  if input.byte() < 32 {
    return QueueEntry(input.number(8), input.number(8), input.number(8), input.number(8))
  }
  let opcode = opcodes[input.choice(opcodes.count)]
  let device = input.number(1) & 3
  let event = input.number(1) & 31
  let intid = 8190 + input.number(1)
  let target = UInt64(input.choice(3)) << 16
  let collection = input.number(1) & 3
  let valid = UInt64(input.flag() ? 1 : 0) << 63
  switch opcode {
  case 8: return QueueEntry(8 | device << 32, event, valid | FuzzGuest.itt + device << 8, 0)
  case 14: return QueueEntry(14, 0, target, UInt64(input.choice(3)) << 16)
  default:
    return QueueEntry(opcode | device << 32, event | intid << 32, valid | target | collection, 0)
  }
}

private func attempt(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let guest = FuzzGuest(&input, timed: true)
  guest.bringUp()
  // The tables hold anything: entries that no command wrote.
  for _ in 0..<input.choice(8) {
    let table = [FuzzGuest.deviceTable, FuzzGuest.collectionTable, FuzzGuest.itt][input.choice(3)]
    guest.store(table + (input.number(1) & 31) * 8, input.number(8))
  }
  for intid in 0..<8 { guest.store(FuzzGuest.propertyTable + UInt64(intid) * 8, input.number(8)) }
  while !input.isAtEnd {
    guest.run((0...input.choice(8)).map { _ in entry(&input) })
    switch input.choice(4) {
    case 0: guest.msi(input.number(1) & 3, input.number(1) & 31, its: 0)
    case 1: guest.acknowledge(pe: input.choice(2))
    case 2: guest.write(0, GITS.CWRITER.offset, guest.read(0, GITS.CWRITER.offset) | 1)
    default: break
    }
  }
  guest.check()
}

@main enum FuzzCommands {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
