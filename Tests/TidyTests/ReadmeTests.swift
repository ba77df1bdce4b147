import Foundation
import Testing

/// The text of a file of the project.
private func text(_ path: String) throws -> String {
  try String(contentsOf: SourceTree.root.appendingPathComponent(path), encoding: .utf8)
}

/// What stands between each `opening` and the next `closing`.
private func parts(of text: String, from opening: String, to closing: String) -> [String] {
  text.components(separatedBy: opening).dropFirst().map { $0.components(separatedBy: closing)[0] }
}

@Test func `the bytes in the README are the protocol's own`() throws {
  let protocolText = try text("Sources/GICWire/GICWire.docc/Protocol.md")
  let blocks = parts(of: try text("README.md"), from: "```hex\n", to: "```")
  #expect(blocks.count == 2)
  for block in blocks { #expect(protocolText.contains("```hex\n\(block)```")) }
}

@Test func `what the README names is there`() throws {
  let readme = try text("README.md")
  let links = parts(of: readme, from: "](", to: ")")
  let files = parts(of: readme, from: "`GIC", to: "`").map { "Sources/GIC" + $0 }
    .filter { $0.contains("/") && ($0.hasSuffix(".swift") || $0.hasSuffix(".md")) }
    .filter { $0.dropFirst(8).contains("/") }
  #expect(links.count >= 1 && files.count >= 8)
  for path in links + files {
    let file = SourceTree.root.appendingPathComponent(path).path
    #expect(FileManager.default.fileExists(atPath: file), "\(path)")
  }
  for name in parts(of: try text("Makefile"), from: ".PHONY: ", to: "\n")[0].split(separator: " ") {
    #expect(try text("Makefile").contains("\n\(name):"), "make \(name)")
  }
}

@Test func `every module of the house has its line in the README`() throws {
  let readme = try text("README.md")
  for module in Set(SourceTree.sources.map(\.module)) where module.hasPrefix("GIC") {
    #expect(readme.contains("\n| \(module) | "), "\(module)")
  }
}
