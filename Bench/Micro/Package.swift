// swift-tools-version: 6.2
// Micro benchmarks for package-benchmark, in a package of their own: what it needs would add a
// minute to a clean build of itsbench.
import PackageDescription

let package = Package(
  name: "Micro",
  dependencies: [
    .package(name: "itsd", path: "../.."),
    // Without the trait that counts allocations, which needs jemalloc.
    .package(url: "https://github.com/ordo-one/package-benchmark", from: "1.29.0", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "Model",
      dependencies: [
        .product(name: "Benchmark", package: "package-benchmark"),
        .product(name: "GICArch", package: "itsd"),
        .product(name: "GICModel", package: "itsd"),
      ],
      path: "Benchmarks/Model",
      swiftSettings: [.strictMemorySafety(), .treatAllWarnings(as: .error)],
      plugins: [.plugin(name: "BenchmarkPlugin", package: "package-benchmark")])
  ],
  swiftLanguageModes: [.v6]
)
