// A drawing as pixels, for slides: by a program that can, if there is one.

import Foundation

extension StudyFolder {
  /// Twice the drawing's size.
  private static var scale: Int { 2 }

  /// - Throws: ``StudyError`` if no program can, or the one that can did not.
  func rasterise(_ drawing: String, to picture: String) throws(StudyError) {
    let temporary = ".picture.\(ProcessInfo.processInfo.processIdentifier).png"
    defer { remove(temporary) }
    let (source, target) = ("\(path)/\(drawing)", "\(path)/\(temporary)")
    let size = StudyFolder.size(of: read(drawing) ?? [])
    let ways: [(program: String, arguments: [String])] = [
      ("rsvg-convert", ["--zoom", "\(StudyFolder.scale)", "--output", target, source]),
      (
        "chromium",
        [
          "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
          "--force-device-scale-factor=\(StudyFolder.scale)",
          "--window-size=\(size.width),\(size.height)", "--screenshot=\(absolute(target))",
          "file://\(absolute(source))",
        ]
      ),
    ]
    for way in ways {
      guard let program = StudyFolder.find(way.program) else { continue }
      guard StudyFolder.run(program, way.arguments), read(temporary)?.isEmpty == false else {
        throw StudyError("\(picture) is absent: \(program) did not draw it")
      }
      do { try FileManager.default.removeItem(atPath: "\(path)/\(picture)") } catch {
        // There was none.
      }
      do {
        try FileManager.default.moveItem(atPath: target, toPath: "\(path)/\(picture)")
      } catch { throw StudyError("\(path)/\(picture) cannot be written: \(error)") }
      return
    }
    throw StudyError(
      "\(picture) is absent: neither rsvg-convert (Debian: librsvg2-bin) nor chromium is there")
  }

  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  private static func find(_ program: String) -> String? {
    let places = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return places.split(separator: ":").map { "\($0)/\(program)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  private static func run(_ program: String, _ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    (process.standardInput, process.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// Width and height as the drawing's first line says.
  private static func size(of drawing: [UInt8]) -> (width: Int, height: Int) {
    let line = String(decoding: drawing.prefix { $0 != UInt8(ascii: ">") }, as: UTF8.self)
    func value(_ key: String) -> Int? {
      line.components(separatedBy: "\(key)=\"").dropFirst().first?.components(separatedBy: "\"")
        .first.flatMap { Int($0) }
    }
    return (value("width") ?? 820, value("height") ?? 420)
  }
}
