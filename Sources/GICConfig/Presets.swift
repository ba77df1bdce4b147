// Configurations that come with the program, found by name.

import Foundation

/// The `Configs` directory, wherever it lies.
public enum Presets {
  /// The environment's variable that names the directory, before all other places.
  public static var environmentKey: String { "ITSD_CONFIGS" }

  /// Where presets are looked for, in this order: `$ITSD_CONFIGS`; `Configs` in the working
  /// directory; beside the executable, and above it as SwiftPM builds
  /// (`.build/TRIPLE/release/itsd`).
  public static func directories(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executable: String = executablePath()
  ) -> [String] {
    var places: [String] = []
    if let set = environment[environmentKey], !set.isEmpty { places.append(set) }
    places.append("Configs")
    let folder = URL(fileURLWithPath: executable).deletingLastPathComponent()
    for up in ["Configs", "../../Configs", "../../../Configs", "../share/itsd/Configs"] {
      places.append(folder.appendingPathComponent(up).standardizedFileURL.path)
    }
    return places
  }

  /// The running program's file.
  public static func executablePath() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments.first ?? ""
  }

  /// The first directory of the list that exists.
  public static func directory(among places: [String] = directories()) -> String? {
    places.first { (try? FileManager.default.contentsOfDirectory(atPath: $0)) != nil }
  }

  /// Names of all presets, sorted; empty where there is no directory.
  public static func names(among places: [String] = directories()) -> [String] {
    guard let directory = directory(among: places),
      let files = try? FileManager.default.contentsOfDirectory(atPath: directory)
    else { return [] }
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }

  /// A preset by its name (`gic600`), or a file by its path (anything with a `/` or ending
  /// `.yaml`).
  /// - Throws: ``ConfigurationError`` if it cannot be read; its message lists what there is.
  public static func load(
    _ nameOrPath: String, among places: [String] = directories()
  ) throws(ConfigurationError) -> ConfigurationLayer {
    var path = nameOrPath
    if !nameOrPath.contains("/") && !nameOrPath.hasSuffix(".yaml") {
      let known = names(among: places)
      guard known.contains(nameOrPath), let directory = directory(among: places) else {
        let list = known.isEmpty ? "none found" : known.joined(separator: ", ")
        throw ConfigurationError(
          file: nameOrPath,
          message: "no such preset; presets: \(list); a file's path contains / or ends .yaml")
      }
      path = directory + "/" + nameOrPath + ".yaml"
    }
    do {
      return ConfigurationLayer(name: path, text: try String(contentsOfFile: path, encoding: .utf8))
    } catch {
      let type = (try? FileManager.default.attributesOfItem(atPath: path))?[.type]
      throw ConfigurationError(
        file: path,
        message: type == nil
          ? "no such file"
          : type as? FileAttributeType == .typeDirectory
            ? "is a folder; name a file or a preset" : "cannot be read as UTF-8 text")
    }
  }
}
