// swift-tools-version: 6.2
// The house, lowest row first. A target depends on lower rows only; the tests check it. What holds
// for every target stands at the end.
import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

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
    .target(name: "GICArch"),
    .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
    .systemLibrary(name: "CHints"),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),

    // Row 2: the model; bytes and messages; the loop. None of them knows another.
    .target(name: "GICModel", dependencies: ["GICArch", "CHints"]),
    .target(name: "GICWire", dependencies: ["GICArch"]),
    .target(name: "UVLoop", dependencies: ["CUV", system]),

    // Row 3: what joins them.
    .target(
      name: "GICConfig",
      dependencies: ["GICArch", "GICModel", .product(name: "Yams", package: "Yams")]),
    .target(
      name: "GICReport",
      dependencies: [
        "GICArch", "GICModel", .product(name: "Histogram", package: "hdrhistogram-swift"),
      ]),
    .target(name: "GICClient", dependencies: ["GICArch", "GICWire", "UVLoop"]),
    .target(
      name: "GICServer",
      dependencies: [
        "GICArch", "GICModel", "GICWire", "UVLoop", "GICConfig", "GICReport",
        logging, system,
      ]),
    .target(
      name: "GICReplay",
      dependencies: [
        "GICArch", "GICModel", "GICClient", "GICConfig", "GICReport", "CLZMA",
        system,
      ]),
    .target(
      name: "GICStudy",
      dependencies: [
        "GICArch", "GICModel", "GICWire", "UVLoop", "GICClient", "GICConfig", "GICReport",
        "GICReplay", system,
      ]),
    .target(
      name: "GICConformance",
      dependencies: ["GICArch", "GICModel", "GICConfig", "GICReport", "GICReplay"]),

    // Row 4: programs; argument parsing only.
    .executableTarget(
      name: "itsd", dependencies: ["GICServer", "GICModel", "GICWire", arguments, logging]),
    .executableTarget(
      name: "itsctl",
      dependencies: [
        "GICReplay", "GICConformance", "GICStudy", "GICReport", "GICClient", "GICConfig",
        arguments,
      ]),

    .testTarget(name: "GICArchTests", dependencies: ["GICArch"]),
    .testTarget(name: "GICModelTests", dependencies: ["GICModel"]),
    .testTarget(name: "GICWireTests", dependencies: ["GICWire"]),
    .testTarget(name: "GICConfigTests", dependencies: ["GICConfig"]),
    .testTarget(name: "GICReportTests", dependencies: ["GICReport"]),
    .testTarget(name: "UVLoopTests", dependencies: ["CUV", "UVLoop"]),
    .testTarget(
      name: "GICServerTests",
      dependencies: ["CUV", "GICServer", "GICClient", "GICModel", "GICWire", "UVLoop", "itsd"]),
    .testTarget(name: "TidyTests"),
    .testTarget(
      name: "GICStudyTests",
      dependencies: ["GICStudy", "GICModel", "GICReport", "GICConfig", "itsctl"]),
    .testTarget(
      name: "GICReplayTests",
      dependencies: [
        "GICReplay", "GICServer", "GICClient", "GICWire", "GICReport", "GICConfig", "itsd",
        "itsctl", logging,
      ]),
    .testTarget(
      name: "GICConformanceTests",
      dependencies: [
        "GICConformance", "GICServer", "GICClient", "GICWire", "GICConfig", "GICModel", "GICArch",
        "itsctl", logging,
      ]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system { target.swiftSettings = strict }
