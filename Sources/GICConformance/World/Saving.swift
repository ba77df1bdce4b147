// Save and restore as a monitor does them, and what rows say of them.

import GICArch
import GICModel
import GICReplay

extension World {
  /// The choices of a machine that saves its tables as KVM does: KVM's own, or the architecture's
  /// with KVM's layout.
  static let saving = "profile:\n  tables: at_save\n"

  /// An attribute is written, or done.
  mutating func expectSet(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64? = nil,
    _ errno: DeviceErrno? = nil
  ) throws {
    let answer = try set(attribute, of: device, to: value)
    try expect("SET of \(attribute) of \(device)", answer, is: World.answer(errno))
  }
  mutating func expectHas(
    _ attribute: DeviceAttribute, of device: DeviceName, _ errno: DeviceErrno? = nil
  ) throws {
    try expect(
      "HAS of \(attribute) of \(device)", try has(attribute, of: device), is: World.answer(errno))
  }
  mutating func expectGet(
    _ attribute: DeviceAttribute, of device: DeviceName, _ answer: DeviceAnswer
  ) throws {
    try expect("GET of \(attribute) of \(device)", try get(attribute, of: device), is: answer)
  }
  private static func answer(_ errno: DeviceErrno?) -> DeviceAnswer {
    errno.map(DeviceAnswer.refused) ?? .value(0)
  }

  mutating func save(_ errno: DeviceErrno? = nil, its: Int = 0) throws {
    try expectSet(DeviceAttribute(.saveTables), of: .its(its), errno)
  }
  mutating func restore(_ errno: DeviceErrno? = nil, its: Int = 0) throws {
    try expectSet(DeviceAttribute(.restoreTables), of: .its(its), errno)
  }
  mutating func savePending(_ errno: DeviceErrno? = nil) throws {
    try expectSet(DeviceAttribute(.savePendingTables), of: .vgic, errno)
  }

  /// First addresses of the pages that the machine has written since this was asked last.
  mutating func takeWritten() throws -> [PhysicalAddress] {
    let count = Int(World.ramByteCount / 4096)
    let words = try target.takeWrittenPages(from: layout.ramBase, count: count)
    return (0..<count).filter { words[$0 / 64] >> UInt64($0 % 64) & 1 != 0 }
      .map { layout.ramBase + UInt64($0) * 4096 }
  }

  /// What a monitor saves; its tables are in RAM then.
  mutating func image() throws -> AttributeImage {
    var world = self
    defer { self = world }
    return try AttributeImage(
      of: configuration,
      get: { device, attribute in
        switch try world.get(attribute, of: device) {
        case .value(let value): return value
        case .refused(let errno): throw World.refusal("GET", attribute, errno)
        }
      },
      set: { device, attribute, value in
        if case .refused(let errno) = try world.set(attribute, of: device, to: value) {
          throw World.refusal("SET", attribute, errno)
        }
      })
  }

  /// The machine as after power-on takes over what was saved; RAM is as it is.
  mutating func move(_ image: AttributeImage) throws {
    try target.reset()
    try image.restore { device, attribute, value in
      if case .refused(let errno) = try set(attribute, of: device, to: value) {
        throw World.refusal("SET", attribute, errno)
      }
    }
  }
  /// Saved and restored, as a monitor moves a machine.
  mutating func move() throws { try move(image()) }

  private static func refusal(
    _ what: String, _ attribute: DeviceAttribute, _ errno: DeviceErrno
  ) -> Mismatch {
    Mismatch(what: "\(what) of \(attribute)", expected: "success", got: "\(errno)")
  }

  /// The ITS has tables and queue, and is off, with no mappings: what a restore begins with.
  mutating func startEmpty(indirect: Bool = false) throws {
    try startPEs()
    try startITS(indirect: indirect)
  }

  /// A DTE as the layout REV0 has it: next [62:49], ITT_addr [48:5], bits - 1 [4:0].
  func dte(_ itt: PhysicalAddress, bits: Int = 8, next: UInt64 = 0) -> UInt64 {
    1 << 63 | next << 49 | (itt >> 8) << 5 | UInt64(bits - 1)
  }
  /// An ITE: next [63:48], pINTID [47:16], ICID [15:0].
  func ite(_ lpi: UInt64, _ collection: UInt64, next: UInt64 = 0) -> UInt64 {
    next << 48 | lpi << 16 | collection
  }
  /// A CTE: RDBase [51:16], ICID [15:0].
  func cte(_ collection: UInt64, _ rdbase: UInt64) -> UInt64 {
    1 << 63 | rdbase << 16 | collection
  }
  /// An MSI of the device goes nowhere: nothing is mapped.
  mutating func expectUnmapped(_ device: UInt32, _ event: UInt64 = 0) throws {
    try write(.its(GITS.CTLR.self), 1)
    try expectMSI(device, event, .deviceUnmapped)
    try write(.its(GITS.CTLR.self), 0)
  }
}
