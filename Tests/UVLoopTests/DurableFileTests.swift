import Foundation
import Testing
import UVLoop

private func folder() throws -> String {
  let path = "/tmp/uvloop-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  return path
}

@Test func `a file is written whole, over what was there, and nothing is left beside it`() throws {
  let folder = try folder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let path = folder + "/a.itsd"
  for count in [0, 1, 1 << 20, 3_000_001, 7] {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try DurableFile.write(bytes, to: path)
    #expect(try DurableFile.read(path, limit: 1 << 22) == bytes)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.itsd"])
  }
  try DurableFile.write([1], to: folder + "/b")
  #expect(try DurableFile.paths(in: folder, ending: ".itsd") == [path])
  try DurableFile.remove(path)
  try DurableFile.remove(path)
  #expect(try DurableFile.paths(in: folder, ending: ".itsd") == [])
}

@Test func `where it cannot be written, what was there stays`() throws {
  let folder = try folder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let path = folder + "/a"
  // A name that is a folder's cannot be a file's.
  try FileManager.default.createDirectory(atPath: path + "/x", withIntermediateDirectories: true)
  let error = #expect(throws: UVError.self) { try DurableFile.write([1], to: path) }
  #expect(error?.errno == EISDIR)
  #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
  #expect(throws: UVError.self) { try DurableFile.write([1], to: folder + "/none/a") }
  #expect(throws: UVError.self) { try DurableFile.paths(in: folder + "/none", ending: "") }
}

@Test func `a folder is one owner's, until that lets it go`() throws {
  let folder = try folder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  do {
    let owner = try DurableFile.lock(folder: folder)
    let error = #expect(throws: UVError.self) { try DurableFile.lock(folder: folder) }
    #expect(error?.errno == EWOULDBLOCK)
    withExtendedLifetime(owner) {}
  }
  _ = try DurableFile.lock(folder: folder)
  #expect(throws: UVError.self) { try DurableFile.lock(folder: folder + "/none") }
}

@Test func `a file that is too long is not read`() throws {
  let folder = try folder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try DurableFile.write([1, 2, 3], to: folder + "/a")
  #expect(try DurableFile.read(folder + "/a", limit: 3) == [1, 2, 3])
  #expect(
    #expect(throws: UVError.self) { try DurableFile.read(folder + "/a", limit: 2) }?.errno == EFBIG)
  #expect(throws: UVError.self) { try DurableFile.read(folder + "/none", limit: 3) }
}
