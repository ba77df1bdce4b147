// swift-tools-version: 6.2
// Measurements, in a package of their own so that the house depends on nothing of theirs.
// Benchmarks for the package-benchmark plugin, which finds targets only under a folder of that
// name, will lie in `Benchmarks` beside `Sources`.
import PackageDescription

let package = Package(
  name: "Bench",
  dependencies: [
    .package(name: "itsd", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .executableTarget(
      name: "itsbench",
      dependencies: [
        .product(name: "GICArch", package: "itsd"),
        .product(name: "GICModel", package: "itsd"),
        .product(name: "GICConfig", package: "itsd"),
        .product(name: "GICReport", package: "itsd"),
        .product(name: "GICReplay", package: "itsd"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.strictMemorySafety(), .treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6]
)
