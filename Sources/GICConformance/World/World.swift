// The machine that a row acts on, with its RAM: the vocabulary in which rows are written. It is the
// same for a machine of this process and for one behind a socket.

import GICArch
import GICConfig
import GICModel
import GICReplay
import GICReport

/// One machine and what a row knows of it.
public struct World {
  /// Four PEs and one ITS, on the clock without time.
  static let shape = "clock: functional\nmachine:\n  pes: 4\n"
  /// Bytes of guest RAM. See ``Layout``.
  static let ramByteCount: UInt64 = 0x300_0000

  let target: any ReplayTarget
  let configuration: MachineConfiguration
  /// Where things lie in RAM.
  let layout: Layout
  /// The lines of each PE as last told.
  private(set) var lines: [LineLevels]
  private var changes: [LineChange] = []
  /// Of each ITS, the byte offset in the queue at which the next command goes.
  var tails: [Int]

  init(
    _ target: any ReplayTarget, _ configuration: MachineConfiguration, ramBase: PhysicalAddress
  ) {
    (self.target, self.configuration) = (target, configuration)
    layout = Layout(ramBase: ramBase)
    lines = Array(repeating: [], count: configuration.shape.affinities.count)
    tails = Array(repeating: 0, count: configuration.shape.itsBases.count)
  }

  var peCount: Int { lines.count }

  /// An access, answered; the lines are those after it.
  @discardableResult
  mutating func perform(_ access: Access) throws -> Response {
    let response = try target.perform(access, changes: &changes)
    takeLines()
    return response
  }

  private mutating func takeLines() {
    for change in changes where lines.indices.contains(change.pe.index) {
      lines[change.pe.index] = change.levels
    }
    changes.removeAll(keepingCapacity: true)
  }

  mutating func read(_ place: Place, pe: Int = 0) throws -> UInt64 {
    try perform(
      Access(
        .read, size: UInt8(place.byteCount), source: UInt32(pe),
        address: place.address(in: configuration.shape))
    ).value
  }

  mutating func write(_ place: Place, _ value: UInt64, pe: Int = 0) throws {
    try perform(
      Access(
        .write, size: UInt8(place.byteCount), source: UInt32(pe),
        address: place.address(in: configuration.shape), data: value))
  }

  mutating func read(_ register: SystemRegister, pe: Int = 0) throws -> UInt64 {
    try perform(
      Access(
        .systemRegisterRead, size: 8, source: UInt32(pe), address: UInt64(register.rawValue))
    ).value
  }

  mutating func write(_ register: SystemRegister, _ value: UInt64, pe: Int = 0) throws {
    try perform(
      Access(
        .systemRegisterWrite, size: 8, source: UInt32(pe), address: UInt64(register.rawValue),
        data: value))
  }

  mutating func inputLine(_ intid: UInt32, _ level: Bool, pe: Int = 0) throws {
    try perform(
      Access(.inputLine, source: UInt32(pe), address: UInt64(intid), data: level ? 1 : 0))
  }

  /// What became of an MSI. `address` 0 is the only ITS.
  @discardableResult
  mutating func msi(
    _ device: UInt32, _ event: UInt64, at address: PhysicalAddress = 0
  ) throws -> MSIOutcome {
    let response = try perform(
      Access(.msi, source: device, address: address, data: event))
    return MSIOutcome(packed: response.value)
  }

  // MARK: Device attributes

  private mutating func device(
    _ operation: DeviceOperation, _ attribute: DeviceAttribute, of device: DeviceName,
    _ value: UInt64?
  ) throws -> DeviceAnswer {
    let answer = try target.device(operation, attribute, of: device, value, changes: &changes)
    takeLines()
    return answer
  }

  mutating func has(_ attribute: DeviceAttribute, of device: DeviceName) throws -> DeviceAnswer {
    try self.device(.has, attribute, of: device, nil)
  }
  mutating func get(_ attribute: DeviceAttribute, of device: DeviceName) throws -> DeviceAnswer {
    try self.device(.get, attribute, of: device, 0)
  }
  @discardableResult
  mutating func set(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64? = nil
  ) throws -> DeviceAnswer {
    try self.device(.set, attribute, of: device, value)
  }

  // MARK: RAM

  func load(_ address: PhysicalAddress) throws -> UInt64 {
    let bytes = try target.read(at: address, count: 8)
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  func store(_ value: UInt64, at address: PhysicalAddress) throws {
    try store((0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }, at: address)
  }

  func store(_ bytes: [UInt8], at address: PhysicalAddress) throws {
    try target.write(bytes.span, at: address)
  }

  /// Sets the configuration byte of an LPI: priority [7:2], enable [0].
  func configure(_ lpi: UInt32, _ byte: UInt8) throws {
    try store([byte], at: layout.property(of: lpi))
  }

  // MARK: Counters

  /// Commands rejected, by the error's name.
  func commandErrors() throws -> [String: UInt64] { try target.statistics().commandErrors }
}

/// Where a row's tables lie. Everything is 64 KiB aligned and zero at the start.
struct Layout: Sendable {
  let ramBase: PhysicalAddress
  /// One byte an LPI from 8192, for 16-bit INTIDs; all PEs use the one table.
  var properties: PhysicalAddress { ramBase }
  func property(of lpi: UInt32) -> PhysicalAddress { properties + UInt64(lpi) - 8192 }
  /// The pending table of a PE, up to 64 of them.
  func pending(_ pe: Int) -> PhysicalAddress { ramBase + 0x10_0000 + UInt64(pe) * 0x1_0000 }
  /// The queue of an ITS, up to 1 MiB.
  func queue(_ its: Int) -> PhysicalAddress { ramBase + 0x80_0000 + UInt64(its) * 0x10_0000 }
  /// The device table of an ITS: flat, 65,536 entries; or its level 1.
  func devices(_ its: Int) -> PhysicalAddress { ramBase + 0xa0_0000 + UInt64(its) * 0x10_0000 }
  func device(_ device: UInt32, _ its: Int = 0) -> PhysicalAddress {
    devices(its) + UInt64(device) * 8
  }
  /// The collection table of an ITS: 8192 entries.
  func collections(_ its: Int) -> PhysicalAddress { ramBase + 0xc0_0000 + UInt64(its) * 0x10_0000 }
  /// Pages for level 2 of a device table.
  func level2(_ page: Int) -> PhysicalAddress { ramBase + 0xe0_0000 + UInt64(page) * 0x1_0000 }
  /// A table of 65,536 ITEs, up to 64 of them.
  func itt(_ slot: Int) -> PhysicalAddress { ramBase + 0x100_0000 + UInt64(slot) * 0x8_0000 }
  /// The first address after RAM, where nothing is.
  var end: PhysicalAddress { ramBase + World.ramByteCount }
}
