// What must be seen. Each throws what it saw instead.

import GICArch
import GICModel

extension World {
  private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  func expect<Value: Equatable>(_ what: String, _ got: Value, is expected: Value) throws {
    guard got == expected else {
      throw Mismatch(what: what, expected: "\(expected)", got: "\(got)")
    }
  }

  /// A register reads as `expected` in the bits of `mask`.
  mutating func expect(_ place: Place, _ expected: UInt64, mask: UInt64 = .max) throws {
    let got = try read(place) & mask
    guard got == expected else {
      throw Mismatch(what: "\(place)", expected: hex(expected), got: hex(got))
    }
  }

  mutating func expect(_ register: SystemRegister, _ expected: UInt64, pe: Int = 0) throws {
    let got = try read(register, pe: pe)
    guard got == expected else {
      throw Mismatch(what: "\(register) of PE \(pe)", expected: hex(expected), got: hex(got))
    }
  }

  /// A doubleword of RAM.
  func expectRAM(_ address: PhysicalAddress, _ expected: UInt64) throws {
    let got = try load(address)
    guard got == expected else {
      throw Mismatch(what: "RAM at \(hex(address))", expected: hex(expected), got: hex(got))
    }
  }

  /// What an MSI comes to.
  mutating func expectMSI(
    _ device: UInt32, _ event: UInt64, _ kind: MSIOutcome.Kind, at address: PhysicalAddress = 0
  ) throws {
    try expect(
      "MSI of device \(device), event \(event)", try msi(device, event, at: address).kind, is: kind)
  }

  /// An MSI is dropped for one of these reasons; profiles look at the tables in different orders.
  mutating func expectMSI(
    _ device: UInt32, _ event: UInt64, oneOf kinds: [MSIOutcome.Kind]
  ) throws {
    let got = try msi(device, event).kind
    guard kinds.contains(got) else {
      throw Mismatch(
        what: "MSI of device \(device), event \(event)",
        expected: kinds.map { "\($0)" }.joined(separator: " or "), got: "\(got)")
    }
  }

  /// The PE acknowledges `lpi`, and ends it.
  mutating func expectTaken(_ lpi: UInt32, by pe: Int) throws {
    let got = try read(.iar1, pe: pe)
    guard got == UInt64(lpi) else {
      throw Mismatch(what: "ICC_IAR1_EL1 of PE \(pe)", expected: "\(lpi)", got: "\(got)")
    }
    try write(.eoir1, got, pe: pe)
  }

  /// Nothing is there to be acknowledged, and the line is low.
  mutating func expectNothing(at pe: Int) throws {
    try expect("IRQ line of PE \(pe)", lines[pe].contains(.irq), is: false)
    try expect("ICC_IAR1_EL1 of PE \(pe)", try read(.iar1, pe: pe), is: 1023)
  }

  /// An MSI of the event becomes `lpi` at this PE, and at no other.
  mutating func expectDelivery(
    _ device: UInt32, _ event: UInt64, _ lpi: UInt32, at pe: Int, its address: PhysicalAddress = 0
  ) throws {
    try expectMSI(device, event, .set, at: address)
    for other in 0..<peCount {
      try expect(
        "IRQ line of PE \(other) after the MSI of device \(device), event \(event)",
        lines[other].contains(.irq), is: other == pe)
    }
    try expectTaken(lpi, by: pe)
    try expectNothing(at: pe)
  }

  /// What commands were rejected for, since the machine was made.
  func expectErrors(_ expected: CommandError...) throws {
    var counts: [String: UInt64] = [:]
    for error in expected { counts[error.name, default: 0] += 1 }
    try expectErrors(counts)
  }

  func expectErrors(_ expected: [String: UInt64]) throws {
    func text(_ counts: [String: UInt64]) -> String {
      counts.isEmpty
        ? "none"
        : counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(
          separator: ", ")
    }
    let got = try commandErrors()
    guard got == expected else {
      throw Mismatch(what: "rejected commands", expected: text(expected), got: text(got))
    }
  }

  /// CREADR has reached CWRITER, and nothing is stalled.
  mutating func expectDrained(its: Int = 0) throws {
    try expect(.its(GITS.CREADR.self, its), try read(.its(GITS.CWRITER.self, its)))
  }
}
