import Testing

/// A module of the house: the row it stands in, and what from outside the house it may import. It
/// may import any module of the rows in `rows`, and those of its own row that `beside` names.
private struct Room {
  var row: Int
  var beside: Set<String> = []
  var outside: Set<String> = []
}

/// The house, lowest row first. A new module is a new line here.
private let house: [String: Room] = [
  "GICArch": Room(row: 1),
  "CUV": Room(row: 1),
  "CLZMA": Room(row: 1),
  "CHints": Room(row: 1),
  "GICModel": Room(row: 2, outside: ["Synchronization"]),
  "GICWire": Room(row: 2),
  "UVLoop": Room(row: 2, outside: ["Glibc", "SystemPackage", "Synchronization"]),
  "GICConfig": Room(row: 3, outside: ["Foundation", "Yams"]),
  "GICReport": Room(row: 3, outside: ["Foundation", "Histogram"]),
  "GICClient": Room(row: 3, outside: ["Glibc"]),
  "GICServer": Room(
    row: 3, beside: ["GICConfig", "GICReport"],
    outside: ["FoundationEssentials", "Glibc", "Logging", "Synchronization", "SystemPackage"]),
  "GICReplay": Room(
    row: 3, beside: ["GICConfig", "GICReport", "GICClient"],
    outside: ["Foundation", "Glibc", "SystemPackage"]),
  "GICConformance": Room(row: 3, beside: ["GICConfig", "GICReport", "GICReplay"]),
  "GICStudy": Room(
    row: 3, beside: ["GICClient", "GICConfig", "GICReport", "GICReplay"],
    outside: ["Foundation", "Glibc", "Synchronization", "SystemPackage"]),
  "itsd": Room(row: 4, outside: ["ArgumentParser", "Foundation", "Logging"]),
  "itsctl": Room(row: 4, outside: ["ArgumentParser", "Foundation"]),
]

/// Why `module` must not import `other`; nil if it may.
private func objection(_ module: String, imports other: String) -> String? {
  guard let room = house[module] else { return "\(module) has no place in the house" }
  guard let target = house[other] else {
    return room.outside.contains(other) ? nil : "\(module) needs no \(other)"
  }
  // libuv is UVLoop's alone: nothing else knows a descriptor or a handle.
  if other == "CUV", module != "UVLoop" { return "only UVLoop knows libuv" }
  if target.row < room.row || room.beside.contains(other) { return nil }
  return "\(module) (row \(room.row)) looks up or sideways to \(other) (row \(target.row))"
}

@Test func `imports point down`() {
  #expect(Set(SourceTree.sources.map(\.module)).isSubset(of: Set(house.keys)))
  for file in SourceTree.sources {
    for (module, line) in file.imports {
      let found = objection(file.module, imports: module)
      #expect(found == nil, "\(file.path):\(line)")
    }
  }
}

private let judged: [(name: String, module: String, imports: String, allowed: Bool)] = [
  ("down", "GICModel", "GICArch", true),
  ("up", "GICArch", "GICModel", false),
  ("sideways, the model and the wire", "GICModel", "GICWire", false),
  ("sideways, agreed", "GICServer", "GICReport", true),
  ("the vocabulary imports nothing", "GICArch", "Foundation", false),
  ("the model has no C library", "GICModel", "Glibc", false),
  ("the model has no Foundation", "GICModel", "Foundation", false),
  ("libuv outside its loop", "GICServer", "CUV", false),
  ("a module that nobody placed", "GICOther", "GICArch", false),
]
@Test(arguments: judged)
func `an import is judged by the rows`(
  _: String, module: String, imports: String, allowed: Bool
) {
  #expect((objection(module, imports: imports) == nil) == allowed)
}

private let importLines: [(name: String, line: String, module: String?)] = [
  ("plain", "import GICArch", "GICArch"),
  ("testable", "@testable import GICModel", "GICModel"),
  ("with a level", "public import GICWire", "GICWire"),
  ("exported", "@_exported import UVLoop", "UVLoop"),
  ("a declaration", "import struct Foundation.Data", "Foundation"),
  ("a submodule", "import Foundation.NSURL", "Foundation"),
  ("prose", "// one import suffices.", nil),
]
@Test(arguments: importLines)
func `imports are read`(_: String, line: String, module: String?) {
  #expect(SourceFile(path: "Sources/X/Y.swift", text: line).imports.first?.module == module)
}
