// What a steady-state loop must not do: count references, allocate, check exclusivity.

import Foundation

enum HotLoop {
  /// The runtime's and the C library's functions that must not be called, by how a name begins.
  private static let forbidden = [
    "swift_retain", "swift_release", "swift_bridgeObjectRetain", "swift_bridgeObjectRelease",
    "swift_allocObject", "swift_slowAlloc", "swift_deallocClassInstance", "swift_slowDealloc",
    "swift_beginAccess", "swift_endAccess", "swift_dynamicCast", "swift_getWitnessTable",
    "malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "_Znwm", "_ZdlPv",
  ]

  static func isForbidden(_ symbol: String) -> Bool {
    // "_swift_retain_" is what swift_retain jumps to; "malloc@plt" and "malloc'2" are malloc.
    let bare = symbol.drop { $0 == "_" }.prefix { $0 != "@" && $0 != "'" }
    return forbidden.contains { name in
      let name = name.drop { $0 == "_" }
      return bare == name || name.hasPrefix("swift_") && bare.hasPrefix(name)
    }
  }

  /// What a row's loop calls and must not, one line each.
  static func violations(_ loop: CountedLoop) -> [String] {
    loop.calls.filter { isForbidden($0.callee) && !isForbidden($0.caller) }.map { call in
      let each = fixed(Double(call.count) / Double(loop.operations), 3)
      return "\(loop.name): \(call.callee) \(call.count) times (\(each) an op), by \(call.caller)"
    }
  }

  /// A loop that breaks the rule on purpose: each pass makes an object. The check must find it.
  static var planted: Benchmark {
    Benchmark(
      name: "planted.allocation", measure: { _ in Measured() },
      loop: {
        {
          var sum = 0
          Clock.measuredRun { for number in 0..<64 { sum += keep(Planted(number)).number } }
          return sum > 0 ? 64 : 1
        }
      })
  }
}

private final class Planted {
  let number: Int
  init(_ number: Int) { self.number = number }
}

/// Not inlined, so that the object cannot be optimised away.
@inline(never) private func keep(_ object: Planted) -> Planted { object }
