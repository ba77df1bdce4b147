// What `itsctl save` and `itsctl restore` do: a running machine into a file, and back.

import GICClient
import GICModel
import UVLoop

/// Moves machines between a running daemon and files.
public struct SnapshotTool {
  public var daemon: DaemonTool
  /// No machine has a file as large.
  private static let byteLimit = 1 << 32

  public init(daemon: DaemonTool) { self.daemon = daemon }

  /// What a command says when it is done.
  private struct Done: Encodable {
    var machine: String
    var cycle: UInt64
    var bytes: Int
    var file: String
  }

  /// Writes a machine as it is now; it goes on.
  /// - Parameter machine: its name; nil is the only one there is.
  public func save(machine: String?, to path: String) throws {
    let client = try daemon.connect()
    _ = try daemon.attach(client, to: machine)
    let bytes = try client.snapshot()
    try client.leave()
    let file = try read(bytes, "what \(daemon.address) sent")
    do { try DurableFile.write(bytes, to: path) } catch {
      throw ReplayError("\(path) cannot be written: \(error)")
    }
    try show(file, bytes.count, path, "saved to")
  }

  /// Makes the machine of a file in a daemon, or puts it into one that is there.
  /// - Parameter machine: what it is called there; nil is as in the file.
  public func restore(machine: String?, from path: String) throws {
    let bytes: [UInt8]
    do { bytes = try DurableFile.read(path, limit: SnapshotTool.byteLimit) } catch {
      throw ReplayError("\(error)")
    }
    var file = try read(bytes, path)
    file.machine = machine ?? file.machine
    let client = try daemon.connect()
    if try daemon.waitsForControl(client, file.machine) {
      throw ReplayError(
        "\(daemon.address): '\(file.machine)' waits for its control, and has RAM of its own; "
          + "attach with the option fresh, or name another machine")
    }
    try client.attach(
      machine: file.machine, role: .control, configuration: file.configuration,
      wantsLines: false, keep: true)
    try client.quiesce()
    try client.restore(snapshot: bytes)
    try client.leave()
    try show(file, bytes.count, path, "restored from")
  }

  private func read(_ bytes: [UInt8], _ what: String) throws(ReplayError) -> SnapshotFile {
    do { return try SnapshotFile(bytes: bytes) } catch { throw ReplayError("\(what): \(error)") }
  }

  private func show(
    _ file: SnapshotFile, _ byteCount: Int, _ path: String, _ verb: String
  ) throws {
    try daemon.show(
      Done(machine: file.machine, cycle: file.cycle, bytes: byteCount, file: path),
      "machine \(file.machine), cycle \(file.cycle), \(verb) \(path): \(byteCount) bytes; "
        + "guest RAM is not in it\n")
  }
}
