// swift-tools-version: 6.2
// Measurements, in a package of their own so that the house depends on nothing of theirs. The micro
// benchmarks lie in `Micro`, a package again, so that what they need does not slow this one's
// build.
import PackageDescription

let strict: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

let package = Package(
  name: "Bench",
  dependencies: [
    .package(name: "itsd", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    // The same work in plain C, as the compiler's best: what the model is held against.
    .target(name: "CKernel", cSettings: [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror"])]),
    .executableTarget(
      name: "itsbench",
      dependencies: [
        "CKernel",
        .product(name: "GICArch", package: "itsd"),
        .product(name: "GICModel", package: "itsd"),
        .product(name: "GICConfig", package: "itsd"),
        .product(name: "GICReport", package: "itsd"),
        .product(name: "GICReplay", package: "itsd"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
