// Files that are whole or not there: written beside their place, and moved there when they are
// done.

import Glibc
import SystemPackage

/// A study's folder.
struct StudyFolder: Sendable {
  let path: String

  /// Makes the folder, and the one for its points, if they are not there.
  /// - Throws: ``StudyError``.
  init(_ path: String, create: Bool = true) throws(StudyError) {
    self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
    guard create else { return }
    for folder in [self.path, self.path + "/points"] { try StudyFolder.make(folder) }
  }

  private static func make(_ folder: String) throws(StudyError) {
    // Parents first; what is there already is well.
    var prefix = folder.hasPrefix("/") ? "" : "."
    for part in folder.split(separator: "/") {
      prefix += "/" + part
      // SAFETY: the string is alive for the call; so below.
      guard unsafe mkdir(prefix, 0o755) != 0, errno != EEXIST else { continue }
      throw StudyError("\(prefix) cannot be made: \(Errno(rawValue: errno))")
    }
    var status = stat()
    guard unsafe stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw StudyError("\(folder) is no folder")
    }
  }

  /// Writes a file as a whole. After an error there is what was there before.
  /// - Throws: ``StudyError`` if it cannot be written.
  func write(_ name: String, _ bytes: [UInt8]) throws(StudyError) {
    let place = "\(path)/\(name)"
    let temporary = "\(path)/.\(name.split(separator: "/").last ?? "").\(getpid())"
    do {
      do {
        let file = try FileDescriptor.open(
          FilePath(temporary), .writeOnly, options: [.create, .truncate],
          permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter {
          try file.writeAll(bytes)
          // What the disk has no room for shows now, not after the file has its name.
          guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
        // SAFETY: both strings are alive for the call; so below.
        guard unsafe rename(temporary, place) == 0 else { throw Errno(rawValue: errno) }
      } catch {
        unsafe unlink(temporary)
        throw error
      }
    } catch { throw StudyError("\(place) cannot be written: \(error)") }
  }

  /// The file's bytes; nil if it is not there or cannot be read.
  func read(_ name: String) -> [UInt8]? {
    guard let file = try? FileDescriptor.open(FilePath("\(path)/\(name)"), .readOnly) else {
      return nil
    }
    defer { try? file.close() }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count: Int?
      // SAFETY: the buffer is alive for the call.
      count = try? unsafe piece.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
      guard let count else { return nil }
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
  }

  func remove(_ name: String) {
    // SAFETY: the string is alive for the call.
    unsafe unlink("\(path)/\(name)")
  }
}
