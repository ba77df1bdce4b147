// What `itsctl decode-tables` and `verify-tables` do: look at the tables that a save left in an
// image of guest RAM, with no daemon and no machine that could be harmed.

import GICArch
import GICModel
import GICReport
import Glibc
import SystemPackage

/// An image of guest RAM in a file, and where an ITS has its tables in it.
public struct SavedTablesTool {
  /// A file of guest RAM, or a part of it.
  public var file: String
  /// Guest physical address of the file's first byte.
  public var ramBase: UInt64
  /// GITS_BASER0, the device table, and GITS_BASER1, the collections.
  public var deviceTable: UInt64
  public var collectionTable: UInt64
  public var json: Bool

  public init(
    file: String, ramBase: UInt64, deviceTable: UInt64, collectionTable: UInt64, json: Bool
  ) {
    (self.file, self.ramBase, self.json) = (file, ramBase, json)
    (self.deviceTable, self.collectionTable) = (deviceTable, collectionTable)
  }

  /// Writes what the tables hold.
  /// - Returns: whether all of it can be right.
  public func decode() throws -> Bool {
    let tables = tables(in: try RAMImage(file, at: ramBase))
    let document = SavedTablesDocument(tables)
    try show(document, document.text())
    return tables.problems.isEmpty
  }

  private func tables(in image: RAMImage) -> SavedTables {
    SavedTables(
      deviceTable: GITS.BASER(raw: deviceTable), collectionTable: GITS.BASER(raw: collectionTable),
      load: image.load64)
  }

  /// Restores the tables into a machine made for it, over a copy of the image, and writes what came
  /// of it.
  /// - Parameters:
  ///   - kvm: whether the machine is KVM's, or the architecture's with KVM's layout.
  ///   - pes: how many; a CTE's target must be one of them.
  ///   - lpiTables: GICR_PROPBASER, and GICR_PENDBASER of each PE. Without them LPI tables are not
  ///     looked at.
  /// - Returns: whether the restore succeeds.
  public func verify(kvm: Bool, pes: Int, lpiTables: (UInt64, [UInt64])?) throws -> Bool {
    let image = try RAMImage(file, at: ramBase)
    var configuration = MachineConfiguration()
    configuration.shape.affinities = (0..<pes).map { Affinity(rawValue: UInt32($0)) }
    configuration.profile = Profile(base: kvm ? .kvm : .architecture)
    configuration.profile.tables = .atSave
    if lpiTables == nil { configuration.profile.maptiLPITables = .lenient }
    let machine = FunctionalMachine(configuration)
    var refused: DeviceError?
    do throws(DeviceError) {
      try set(lpiTables, of: machine, pes)
      for (index, value) in [deviceTable, collectionTable].enumerated() {
        let offset = UInt64(GITS.BASER.offset(of: index))
        try machine.setAttribute(DeviceAttribute(.itsRegisters, offset), of: .its(0), to: value)
      }
      try image.map(into: machine)
      try machine.setAttribute(DeviceAttribute(.restoreTables), of: .its(0), to: nil)
    } catch { refused = error }
    let verdict = RestoreVerdict(
      tables(in: image), profile: kvm ? "kvm" : "architecture", refused: refused)
    try show(verdict, verdict.text())
    withExtendedLifetime(image) {}
    return refused == nil
  }

  private func set(
    _ lpiTables: (properties: UInt64, pending: [UInt64])?, of machine: FunctionalMachine, _ pes: Int
  ) throws(DeviceError) {
    guard let lpiTables else { return }
    for pe in 0..<pes {
      let affinity = Affinity(rawValue: UInt32(pe))
      let pending = pe < lpiTables.pending.count ? lpiTables.pending[pe] : 0
      for (offset, value) in [
        (GICR.PROPBASER.offset, lpiTables.properties), (GICR.PENDBASER.offset, pending),
      ] {
        for half in [0, 4] {
          let attribute = DeviceAttribute(
            .redistributorRegisters, affinity, UInt64(offset + half))
          try machine.setAttribute(attribute, of: .vgic, to: value >> UInt64(half * 8))
        }
      }
    }
  }

  private func show(_ document: some JSONDocument, _ text: String) throws {
    try GICReplay.write(
      json ? try document.json(.indented) : Array(text.utf8), to: .standardOutput)
  }
}

/// A file as guest RAM: a copy on write, so that nothing changes the file.
@safe final class RAMImage {
  private let base: PhysicalAddress
  private let byteCount: Int
  private let memory: UnsafeMutableRawPointer

  init(_ path: String, at base: PhysicalAddress) throws(ReplayError) {
    let descriptor: FileDescriptor
    let length: Int
    do {
      descriptor = try FileDescriptor.open(FilePath(path), .readOnly)
      length = Int(try descriptor.seek(offset: 0, from: .end))
    } catch { throw ReplayError("\(path) cannot be read: \(error)") }
    defer { try? descriptor.close() }
    guard length > 0, length % 4096 == 0, base % 4096 == 0 else {
      throw ReplayError(
        "\(path) has \(length) bytes: an image of RAM, and its address, are multiples of 4096")
    }
    // SAFETY: a private mapping of as many bytes as the file has; checked before use.
    guard
      let memory = unsafe mmap(
        nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor.rawValue, 0),
      unsafe memory != UnsafeMutableRawPointer(bitPattern: -1)
    else {
      throw ReplayError("\(path) cannot be mapped: \(Errno(rawValue: errno))")
    }
    (self.base, byteCount) = (base, length)
    unsafe self.memory = memory
  }
  deinit { unsafe munmap(memory, byteCount) }

  /// The doubleword at a guest physical address; nil outside the image.
  func load64(_ address: PhysicalAddress) -> UInt64? {
    let offset = address &- base
    guard address & 7 == 0, offset <= UInt64(byteCount - 8) else { return nil }
    // SAFETY: just checked.
    return UInt64(
      littleEndian: unsafe memory.load(fromByteOffset: Int(offset), as: UInt64.self))
  }

  /// Makes the image a machine's RAM. The machine must not outlive it.
  func map(into machine: FunctionalMachine) throws(DeviceError) {
    do throws(MemoryError) {
      // SAFETY: the mapping lives until `deinit`.
      try unsafe machine.map(GuestRAM(address: base, base: memory, byteCount: byteCount))
    } catch {
      throw DeviceError(.einval, "the image cannot be RAM at this address: \(error)")
    }
  }
}
