// swift-tools-version: 6.2
// Fuzz targets for libFuzzer, in a package of their own: `make fuzz` builds it, and every module
// that it uses, with the fuzzer's instrumentation. One executable per target.
import PackageDescription

let strict: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

/// A target that fuzzes `products` of the house; `guest` if it needs a machine.
func fuzzTarget(_ name: String, _ products: [String], guest: Bool = false) -> Target {
  .executableTarget(
    name: name,
    dependencies: ["FuzzDriver"] + (guest ? ["FuzzGuest"] : [])
      + products.map { .product(name: $0, package: "itsd") },
    swiftSettings: strict)
}

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "itsd", path: "../..")],
  targets: [
    .target(name: "CLibFuzzer"),
    .target(name: "FuzzDriver", dependencies: ["CLibFuzzer"], swiftSettings: strict),
    .target(
      name: "FuzzGuest",
      dependencies: [
        "FuzzDriver", .product(name: "GICArch", package: "itsd"),
        .product(name: "GICModel", package: "itsd"),
      ],
      swiftSettings: strict),
    fuzzTarget("fuzz-commands", ["GICArch", "GICModel"], guest: true),
    fuzzTarget("fuzz-registers", ["GICArch", "GICModel"], guest: true),
    fuzzTarget("fuzz-tables", ["GICArch", "GICModel"], guest: true),
    fuzzTarget("fuzz-restore", ["GICArch", "GICModel"], guest: true),
    fuzzTarget("fuzz-snapshot", ["GICArch", "GICModel"], guest: true),
    fuzzTarget("fuzz-wire", ["GICWire"]),
    fuzzTarget("fuzz-trace", ["GICReplay"]),
    fuzzTarget("fuzz-config", ["GICConfig", "GICModel"]),
    fuzzTarget("fuzz-counters", ["GICModel", "GICReplay"]),
    fuzzTarget("fuzz-http", ["GICServer"]),
  ],
  swiftLanguageModes: [.v6]
)
