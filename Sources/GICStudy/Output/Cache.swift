// Points that were measured before, each a file of its own.

import GICReport
import Glibc

/// A point as it lies on disk.
struct StoredPoint: JSONDocument {
  /// The point's own, which is also its file's name.
  var id: String
  /// Which program measured it.
  var program: String
  var point: StudyPoint
}

/// What says which study a folder holds.
struct StudyManifest: JSONDocument, Equatable {
  var study: String
  var identity: String
  var parameters: [StudyDocument.Setting]
  var isQuick: Bool
  var seed: UInt64
  /// What a preset or file was called, and the resolved configuration's hash.
  var configuration: String
  var hash: String
  /// `2/8`: the folder holds that part.
  var shards: [String]
}

extension StudyFolder {
  static var manifestName: String { "study.json" }

  /// Points of the list that are there, by id.
  /// - Parameter program: only those that this program measured; nil takes any.
  func points(_ ids: [String], program: String?) -> [String: StudyPoint] {
    var found: [String: StudyPoint] = [:]
    for id in ids {
      guard let bytes = read("points/\(id).json"), let stored = try? StoredPoint(json: bytes),
        stored.id == id, program == nil || stored.program == program
      else { continue }
      found[id] = stored.point
    }
    return found
  }

  func keep(_ point: StudyPoint, id: String, program: String) throws(StudyError) {
    try write(json: StoredPoint(id: id, program: program, point: point), "points/\(id).json")
  }

  func write(json document: some JSONDocument, _ name: String) throws(StudyError) {
    do { try write(name, try document.json(.indented)) } catch let error as StudyError {
      throw error
    } catch { throw StudyError("\(path)/\(name): \(error)") }
  }

  var manifest: StudyManifest? {
    read(StudyFolder.manifestName).flatMap { try? StudyManifest(json: $0) }
  }
}

/// Which build this is: its file's size and time. Points of another build are measured again.
func programStamp() -> String {
  var status = stat()
  guard unsafe stat("/proc/self/exe", &status) == 0 else { return "unknown" }
  return "\(status.st_size)-\(status.st_mtim.tv_sec)-\(status.st_mtim.tv_nsec)"
}
