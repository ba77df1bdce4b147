// The daemon's folder: a file for each machine, so that another daemon can go on where this one
// ended.

import GICModel
import GICWire
import Logging
import UVLoop

/// Writes machines into a folder, and finds them there. Each machine is saved by the thread that
/// serves it.
final class Checkpoints: @unchecked Sendable {
  private let folder: String
  /// No other daemon writes there meanwhile.
  private let folderLock: OwnedDescriptor
  private let log: Logger
  private var timer: Timer?
  private let milliseconds: UInt64
  private let lock = Lock()
  /// By machine: what it had been asked when it was written last. Under `lock`, as the files are.
  private var written: [String: UInt64] = [:]
  /// No machine has a file as large.
  static let byteLimit = 1 << 32
  private static let ending = ".itsd"

  /// - Throws: EWOULDBLOCK where another daemon has the folder.
  init(_ options: CheckpointOptions, log: Logger) throws(UVError) {
    folderLock = try DurableFile.lock(folder: options.folder)
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

  /// Writes the machine as it is, and nothing if it has ended. When it returns, the file is on the
  /// disk.
  /// - Throws: EIO, and the host's errno in words.
  func save(_ host: MachineHost) throws(WireError) {
    let activity = host.shared.activity
    let bytes = try host.snapshotFile().bytes()
    try lock.withLock { () throws(WireError) in
      guard !host.shared.isEnded.load(ordering: .acquiring) else { return }
      do throws(UVError) { try DurableFile.write(bytes, to: path(host.name)) } catch {
        throw WireError(.eio, "the checkpoint of '\(host.name)': \(error)")
      }
      written[host.name] = activity
    }
    log.debug("checkpoint", metadata: ["machine": "\(host.name)", "bytes": "\(bytes.count)"])
  }

  /// Writes the machine if anything has been asked of it since it was written.
  func saveIfChanged(_ host: MachineHost) {
    guard lock.withLock({ written[host.name] != host.shared.activity }) else { return }
    do throws(WireError) { try save(host) } catch {
      log.error("no checkpoint", metadata: ["reason": "\(error)"])
    }
  }

  /// The machine has ended.
  func remove(_ machine: String) {
    lock.withLock {
      written[machine] = nil
      do throws(UVError) { try DurableFile.remove(path(machine)) } catch {
        log.error("checkpoint not removed", metadata: ["reason": "\(error)"])
      }
    }
  }

  /// Files of machines that another daemon has left.
  func paths() throws(UVError) -> [String] {
    try DurableFile.paths(in: folder, ending: Checkpoints.ending)
  }
}

extension Server {
  /// Makes the machines that files describe: those that were named, and those in the folder. To be
  /// called before ``run()``.
  /// - Throws: ``WireError`` for the first file that is none, ``UVError`` for the folder.
  public func restoreMachines() throws {
    for path in options.restoredFiles { try adopt(path) }
    for path in try checkpoints?.paths() ?? [] {
      do throws(WireError) { try adopt(path) } catch {
        throw WireError(
          error.errno, "\(error.text); move it out of the folder to begin without its machine")
      }
    }
  }

  /// Makes the machine that a file describes; it waits for its control.
  /// - Throws: ``WireError`` with the file's path in its sentence.
  private func adopt(_ path: String) throws(WireError) {
    let bytes: [UInt8]
    do throws(UVError) { bytes = try DurableFile.read(path, limit: Checkpoints.byteLimit) } catch {
      throw WireError(.eio, "\(error)")
    }
    let file = try SnapshotFile.reading(bytes, path)
    guard Attach.isValid(name: file.machine) else {
      throw WireError(.einval, "\(path): '\(file.machine)' is no machine's name")
    }
    let machine = try make(
      file.machine, try factory.resolve(file.configuration), keep: file.keep, at: 0)
    let host = stations[0].host(of: machine)
    defer { stations[0].release(host) }
    do throws(WireError) {
      try host.restore(file)
      try add(machine)
    } catch {
      throw WireError(error.errno, "\(path): \(error.text)")
    }
    log.notice("machine restored", metadata: ["machine": "\(machine.name)", "from": "\(path)"])
  }

  /// Has each machine written by the thread that serves it.
  func saveMachines() {
    for machine in overview().machines { stations[machine.home].mail.post(.save(machine)) }
  }
}

extension Station {
  /// Writes a machine that is at home here, if anything has been asked of it; at once, or when what
  /// has been begun on it has ended.
  func save(_ machine: SharedMachine) {
    let host = host(of: machine)
    host.awaitsCheckpoint = !host.jobs.isEmpty
    if !host.awaitsCheckpoint { server.checkpoints?.saveIfChanged(host) }
    release(host)
  }

  /// Before the station ends: what has been begun ends, and every machine at home is written.
  func saveAtEnd() {
    guard let checkpoints = server.checkpoints else { return }
    finishJobs()
    for machine in server.overview().machines where machine.home == number {
      checkpoints.saveIfChanged(host(of: machine))
    }
  }
}
