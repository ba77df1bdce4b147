// swift-tools-version: 6.2
// The house, lowest row first. A target depends on lower rows only; the tests check it.
import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "itsd",
  products: [
    .executable(name: "itsd", targets: ["itsd"]),
    .executable(name: "itsctl", targets: ["itsctl"]),
    .library(name: "GICArch", targets: ["GICArch"]),
    .library(name: "GICModel", targets: ["GICModel"]),
    .library(name: "GICWire", targets: ["GICWire"]),
    .library(name: "GICConfig", targets: ["GICConfig"]),
    .library(name: "GICReport", targets: ["GICReport"]),
    .library(name: "GICClient", targets: ["GICClient"]),
    .library(name: "GICServer", targets: ["GICServer"]),
    .library(name: "GICReplay", targets: ["GICReplay"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // Row 1: vocabulary, and the C libraries' module maps.
    .target(name: "GICArch", swiftSettings: strict),
    .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
    .systemLibrary(name: "CHints"),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),

    // Row 2: the model; bytes and messages; the loop. None of them knows another.
    .target(name: "GICModel", dependencies: ["GICArch", "CHints"], swiftSettings: strict),
    .target(name: "GICWire", dependencies: ["GICArch"], swiftSettings: strict),
    .target(
      name: "UVLoop",
      dependencies: ["CUV", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: strict),

    // Row 3: what joins them.
    .target(
      name: "GICConfig",
      dependencies: ["GICArch", "GICModel", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    .target(
      name: "GICReport",
      dependencies: [
        "GICArch", "GICModel", .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: strict),
    .target(
      name: "GICClient",
      dependencies: [
        "GICArch", "GICWire", "UVLoop",
      ],
      swiftSettings: strict),
    .target(
      name: "GICServer",
      dependencies: [
        "GICArch", "GICModel", "GICWire", "UVLoop", "GICConfig", "GICReport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(
      name: "GICReplay",
      dependencies: [
        "GICArch", "GICModel", "GICClient", "GICConfig", "GICReport", "CLZMA",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(
      name: "GICStudy",
      dependencies: [
        "GICArch", "GICModel", "GICWire", "UVLoop", "GICClient", "GICConfig", "GICReport",
        "GICReplay",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(
      name: "GICConformance",
      dependencies: ["GICArch", "GICModel", "GICConfig", "GICReport", "GICReplay"],
      swiftSettings: strict),

    // Row 4: programs; argument parsing only.
    .executableTarget(
      name: "itsd",
      dependencies: [
        "GICServer", "GICModel", "GICWire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "itsctl",
      dependencies: [
        "GICReplay", "GICConformance", "GICStudy", "GICReport", "GICClient", "GICConfig",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .testTarget(name: "GICArchTests", dependencies: ["GICArch"], swiftSettings: strict),
    .testTarget(name: "GICModelTests", dependencies: ["GICModel"], swiftSettings: strict),
    .testTarget(name: "GICWireTests", dependencies: ["GICWire"], swiftSettings: strict),
    .testTarget(name: "GICConfigTests", dependencies: ["GICConfig"], swiftSettings: strict),
    .testTarget(name: "GICReportTests", dependencies: ["GICReport"], swiftSettings: strict),
    .testTarget(name: "UVLoopTests", dependencies: ["CUV", "UVLoop"], swiftSettings: strict),
    .testTarget(
      name: "GICServerTests",
      dependencies: ["CUV", "GICServer", "GICClient", "GICModel", "GICWire", "UVLoop", "itsd"],
      swiftSettings: strict),
    .testTarget(name: "TidyTests", swiftSettings: strict),
    .testTarget(
      name: "GICStudyTests",
      dependencies: ["GICStudy", "GICModel", "GICReport", "GICConfig", "itsctl"],
      swiftSettings: strict),
    .testTarget(
      name: "GICReplayTests",
      dependencies: [
        "GICReplay", "GICServer", "GICClient", "GICWire", "GICReport", "GICConfig", "itsd",
        "itsctl",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "GICConformanceTests",
      dependencies: [
        "GICConformance", "GICServer", "GICClient", "GICWire", "GICConfig", "GICModel", "GICArch",
        "itsctl",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
