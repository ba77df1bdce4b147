// Files that are there whole or not at all, whatever ends the process or the host meanwhile.

import Glibc
import SystemPackage

/// A file that is written as a whole.
public enum DurableFile {
  /// Writes the bytes beside the file, has them on the disk, gives them the file's name, and has
  /// that on the disk too. Until then the name means what it meant before.
  /// - Throws: the host's errno; what was written beside it is gone then.
  public static func write(_ bytes: [UInt8], to path: String) throws(UVError) {
    let beside = FilePath(path + ".\(getpid()).new")
    let path = FilePath(path)
    do {
      let file = try FileDescriptor.open(
        beside, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead])
      do {
        try file.writeAll(bytes)
        try synchronise(file.rawValue)
      } catch {
        try? file.close()
        throw error
      }
      try file.close()
      guard unsafe rename(beside.string, path.string) == 0 else { throw Errno(rawValue: errno) }
      try synchroniseFolder(of: path)
    } catch {
      _ = unsafe unlink(beside.string)
      throw UVError(errno: (error as? Errno)?.rawValue ?? EIO, call: "writing \(path)")
    }
  }

  /// - Throws: the host's errno; EFBIG for more bytes than `limit`.
  public static func read(_ path: String, limit: Int) throws(UVError) -> [UInt8] {
    do {
      let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
      defer { try? file.close() }
      var bytes: [UInt8] = []
      // SAFETY: the buffer is as long as it says, and used inside the closure only.
      let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
      defer { unsafe piece.deallocate() }
      while true {
        let count = try unsafe file.read(into: piece)
        guard count > 0 else { return bytes }
        guard count <= limit - bytes.count else { throw Errno(rawValue: EFBIG) }
        unsafe bytes.append(contentsOf: piece[..<count])
      }
    } catch {
      throw UVError(errno: (error as? Errno)?.rawValue ?? EIO, call: "reading \(path)")
    }
  }

  /// Removes a file, and has that on the disk. One that is not there is removed already.
  public static func remove(_ path: String) throws(UVError) {
    guard unsafe unlink(path) == 0 else {
      if errno == ENOENT { return }
      throw UVError(errno: errno, call: "removing \(path)")
    }
    do { try synchroniseFolder(of: FilePath(path)) } catch {
      throw UVError(errno: error.rawValue, call: "removing \(path)")
    }
  }

  /// Paths in a folder that end so, in the order of their names.
  public static func paths(in folder: String, ending: String) throws(UVError) -> [String] {
    guard let handle = unsafe opendir(folder) else {
      throw UVError(errno: errno, call: "folder \(folder)")
    }
    defer { _ = unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      // SAFETY: the entry is good until the next call, and its name ends with a zero.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name.hasSuffix(ending) { names.append(name) }
    }
    return names.sorted().map { folder + "/" + $0 }
  }

  /// Takes a folder for this process alone, until the descriptor is let go of or the process ends.
  /// - Throws: EWOULDBLOCK when another process has it.
  public static func lock(folder: String) throws(UVError) -> OwnedDescriptor {
    let number = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else {
      let reason = errno
      throw UVError(
        errno: reason, call: "folder \(folder)",
        mend: reason == ENOENT ? "make it first" : "name a folder that is yours")
    }
    let descriptor = OwnedDescriptor(adopting: number)
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      throw UVError(
        errno: reason, call: "folder \(folder)",
        mend: reason == EWOULDBLOCK
          ? "another daemon has it: end that one, or name another folder" : nil)
    }
    return descriptor
  }

  private static func synchroniseFolder(of path: FilePath) throws(Errno) {
    let parent = path.removingLastComponent()
    let folder = unsafe open(
      parent.isEmpty ? "." : parent.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw Errno(rawValue: errno) }
    defer { close(folder) }
    try synchronise(folder)
  }

  private static func synchronise(_ descriptor: CInt) throws(Errno) {
    while fsync(descriptor) != 0 {
      guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
  }
}
