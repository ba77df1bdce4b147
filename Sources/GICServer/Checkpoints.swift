// The daemon's folder: a file for each machine, so that another daemon can go on where this one
// ended.

import GICModel
import GICWire
import Logging
import UVLoop

/// Writes machines into a folder, and finds them there.
final class Checkpoints {
  private let folder: String
  /// No other daemon writes there meanwhile.
  private let lock: OwnedDescriptor
  private let log: Logger
  private var timer: Timer?
  private let milliseconds: UInt64
  /// By machine: what it had been asked when it was written last.
  private var written: [String: UInt64] = [:]
  /// No machine has a file as large.
  static let byteLimit = 1 << 32
  private static let ending = ".itsd"

  /// - Throws: EWOULDBLOCK where another daemon has the folder.
  init(_ options: CheckpointOptions, log: Logger) throws(UVError) {
    lock = try DurableFile.lock(folder: options.folder)
    (folder, milliseconds, self.log) = (options.folder, options.intervalMilliseconds, log)
  }

  /// Calls `save` each time that the interval is over; 0 is never.
  func start(on loop: Loop, save: @escaping () -> Void) throws(UVError) {
    guard milliseconds > 0 else { return }
    timer = try Timer(on: loop) { [unowned self] in
      save()
      timer?.start(milliseconds: milliseconds)
    }
    timer?.start(milliseconds: milliseconds)
  }

  private func path(_ machine: String) -> String { folder + "/" + machine + Checkpoints.ending }

  /// Writes the machine as it is. When it returns, the file is on the disk.
  /// - Throws: EIO, and the host's errno in words.
  func save(_ host: MachineHost) throws(WireError) {
    let activity = host.continuation.activity
    let bytes = try host.snapshotFile().bytes()
    do throws(UVError) { try DurableFile.write(bytes, to: path(host.name)) } catch {
      throw WireError(.eio, "the checkpoint of '\(host.name)': \(error)")
    }
    written[host.name] = activity
    log.debug("checkpoint", metadata: ["machine": "\(host.name)", "bytes": "\(bytes.count)"])
  }

  /// Writes those machines of which anything has been asked since they were written.
  func saveAll(_ hosts: some Sequence<MachineHost>) {
    for host in hosts where written[host.name] != host.continuation.activity {
      do throws(WireError) { try save(host) } catch {
        log.error("no checkpoint", metadata: ["reason": "\(error)"])
      }
    }
  }

  /// The machine has ended.
  func remove(_ machine: String) {
    written[machine] = nil
    do throws(UVError) { try DurableFile.remove(path(machine)) } catch {
      log.error("checkpoint not removed", metadata: ["reason": "\(error)"])
    }
  }

  /// Files of machines that another daemon has left.
  func paths() throws(UVError) -> [String] {
    try DurableFile.paths(in: folder, ending: Checkpoints.ending)
  }
}

extension Server {
  /// Makes the machine that a file describes; it waits for its control.
  /// - Throws: ``WireError`` with the file's path in its sentence.
  func adopt(_ path: String) throws(WireError) {
    let bytes: [UInt8]
    do throws(UVError) { bytes = try DurableFile.read(path, limit: Checkpoints.byteLimit) } catch {
      throw WireError(.eio, "\(error)")
    }
    let file = try SnapshotFile.reading(bytes, path)
    guard Attach.isValid(name: file.machine) else {
      throw WireError(.einval, "\(path): '\(file.machine)' is no machine's name")
    }
    guard machines[file.machine] == nil else {
      throw WireError(.eexist, "\(path): there is a machine '\(file.machine)' already")
    }
    let host = try makeHost(
      file.machine, try factory.resolve(file.configuration), keep: file.keep)
    do throws(WireError) { try host.restore(file) } catch {
      throw WireError(error.errno, "\(path): \(error.text)")
    }
    add(host)
    log.notice("machine restored", metadata: ["machine": "\(host.name)", "from": "\(path)"])
  }

  /// - Throws: ENOSPC when so many more bytes of snapshots are too many.
  func checkSnapshotRoom(for byteCount: Int) throws(WireError) {
    let held = sessions.values.reduce(0) { $0 + $1.transfer.byteCount }
    guard byteCount <= options.limits.snapshotByteCount - held else {
      throw WireError(
        .enospc,
        "\(byteCount) more bytes of snapshots: the daemon holds \(held), and at most "
          + "\(options.limits.snapshotByteCount)")
    }
  }
}
