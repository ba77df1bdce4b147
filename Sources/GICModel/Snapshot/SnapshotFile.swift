// A machine in a file: its snapshot, and what a daemon needs to make it anew and to serve it.

import GICArch

/// A machine as it can be kept in a file: it describes itself, so that it can be restored where
/// nothing else is known of it. Guest RAM is not in it.
///
/// As bytes it is ``SealedBytes`` that begin with "ITSDFILE", every field with its name.
public struct SnapshotFile: Equatable, Sendable {
  /// Of the file's format, beside that of the snapshot in it.
  public static let version: UInt32 = 1

  /// A range of guest RAM that was mapped when the snapshot was taken.
  public struct RAM: Equatable, Sendable {
    /// A multiple of 4 KiB, as the length in bytes is.
    public var address: PhysicalAddress
    public var byteCount: UInt64
    public init(address: PhysicalAddress, byteCount: UInt64) {
      (self.address, self.byteCount) = (address, byteCount)
    }
  }

  /// The program that took it.
  public var tool: String
  /// The machine's name in the daemon.
  public var machine: String
  /// Every setting, as YAML.
  public var configuration: String
  /// Of the GIC's clock.
  public var cycle: UInt64
  /// The machine stays when nobody is attached.
  public var keep = false
  public var ram: [RAM] = []
  /// By role, such as `control` or `pe 3`: requests that were carried out, of those that may change
  /// the machine.
  public var requests: [String: UInt64] = [:]
  /// PEs whose client had gone, and their GICR_WAKER before that.
  public var offline: [UInt32: UInt64] = [:]
  /// ``Machine/snapshot()``.
  public var snapshot: [UInt8]

  public init(
    tool: String, machine: String, configuration: String, cycle: UInt64, snapshot: [UInt8]
  ) {
    (self.tool, self.machine, self.configuration) = (tool, machine, configuration)
    (self.cycle, self.snapshot) = (cycle, snapshot)
  }

  private static let format = SealedBytes(magic: Array("ITSDFILE".utf8), version: version)

  /// The file's bytes.
  public func bytes() -> [UInt8] {
    var archive = Archive()
    var copy = self
    // Only reading can fail.
    try? copy.archive(&archive)
    return SnapshotFile.format.seal(archive)
  }

  /// Reads a file.
  /// - Throws: ``SnapshotError`` for bytes of something else, of another version, or damaged ones.
  public init(bytes: [UInt8]) throws(SnapshotError) {
    var archive = try SnapshotFile.format.open(bytes)
    self.init(tool: "", machine: "", configuration: "", cycle: 0, snapshot: [])
    try self.archive(&archive)
    guard archive.isAtEnd else { throw .field("there is more than a file has") }
  }

  private mutating func archive(_ archive: inout Archive) throws(SnapshotError) {
    try archive.section("file")
    try archive.field("tool", &tool)
    try archive.field("machine", &machine)
    try archive.field("configuration", &configuration)
    try archive.field("cycle", &cycle)
    try archive.field("keep", &keep)
    var words = ram.flatMap { [$0.address, $0.byteCount] }
    try archive.field("ram", &words)
    guard words.count % 2 == 0 else { throw .field("ram") }
    if archive.isReading {
      ram = stride(from: 0, to: words.count, by: 2).map {
        RAM(address: words[$0], byteCount: words[$0 + 1])
      }
    }
    try archiveRequests(&archive)
    words = offline.sorted { $0.key < $1.key }.flatMap { [UInt64($0.key), $0.value] }
    try archive.field("offline", &words)
    guard words.count % 2 == 0 else { throw .field("offline") }
    if archive.isReading {
      for place in stride(from: 0, to: words.count, by: 2) {
        guard let pe = UInt32(exactly: words[place]) else { throw .field("offline") }
        offline[pe] = words[place + 1]
      }
    }
    try archive.field("snapshot", &snapshot)
  }

  /// Roles, a line each, and their numbers.
  private mutating func archiveRequests(_ archive: inout Archive) throws(SnapshotError) {
    let sorted = requests.sorted { $0.key < $1.key }
    var roles = sorted.map(\.key).joined(separator: "\n")
    var counts = sorted.map(\.value)
    try archive.field("roles", &roles)
    try archive.field("requests", &counts)
    guard archive.isReading else { return }
    let names = roles.split(separator: "\n").map(String.init)
    guard names.count == counts.count, Set(names).count == names.count else {
      throw .field("requests")
    }
    requests = Dictionary(uniqueKeysWithValues: zip(names, counts))
  }
}
