// Registers as a document.

import GICModel

/// All registers of a distributor, of one PE and of the ITSs.
public struct RegistersDocument: JSONDocument, Equatable, Sendable {
  public struct Register: Codable, Equatable, Sendable {
    public var name: String
    /// `GICD`, `GICR`, `GICR SGI_base`, `GITS`, `GITS translation` or `ICC`.
    public var frame: String
    /// Of a register of an ITS.
    public var its: Int?
    /// Guest physical; of a system register its key.
    public var address: String
    public var bytes: Int
    /// `RO`, `WO` or `RW`.
    public var access: String
    /// Absent for what cannot be read, or not without an effect.
    public var value: String?
  }
  /// Processor_Number.
  public var pe: UInt32
  public var cycle: UInt64
  public var registers: [Register]

  public init(_ values: [RegisterValue], pe: UInt32, cycle: UInt64) {
    (self.pe, self.cycle) = (pe, cycle)
    registers = values.map {
      Register(
        name: $0.name, frame: $0.frame.rawValue, its: $0.its, address: hexadecimal($0.address),
        bytes: $0.byteCount, access: $0.access.rawValue, value: $0.value.map(hexadecimal))
    }
  }

  /// For people. Elements of arrays that are 0 are left out.
  /// - Parameter all: nothing is left out.
  public func text(all: Bool = false) -> String {
    var out = "PE \(pe), cycle \(Format.grouped(cycle))\n"
    var table = TextTable(["register", "address", "access", "value"])
    var hidden = 0
    for register in registers {
      let isElement = register.name.last?.isNumber == true && register.frame != "ICC"
      if !all, isElement, register.value == "0x0" {
        hidden += 1
        continue
      }
      let its = register.its.map { " of ITS \($0)" } ?? ""
      table.add([
        register.name + its, register.address, register.access, register.value ?? "not read",
      ])
    }
    out += table.text
    if hidden > 0 { out += "and \(hidden) elements of arrays that are 0\n" }
    return out
  }
}
