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

  /// What a row's loop calls and must not, and who calls it; one line each. What the harness itself
  /// does once a pass is not the model's, unless it was planted there.
  static func violations(_ loop: CountedLoop) -> [String] {
    let counts = { (caller: String) in
      loop.name == plantedName || !caller.hasPrefix("$s8itsbench")
    }
    return loop.calls.filter { call in
      isForbidden(call.callee) && !isForbidden(call.caller) && counts(call.caller)
    }.map { call in
      let each = fixed(Double(call.instructions) / Double(loop.operations), 3)
      let caller = Callgrind.demangled(call.caller)
      return "\(loop.name): \(call.callee), \(each) instructions an op, by \(caller)"
    }
  }

  /// A loop that breaks the rule on purpose: each operation makes an object. The check must find
  /// it.
  static let plantedName = "planted.allocation"
  static var planted: Benchmark {
    Benchmark(
      name: plantedName, measure: { _ in Measured() },
      loop: {
        let shelf = Shelf()
        return {
          Clock.measuredRun { for number in 1...64 { shelf.put(number) } }
          return shelf.last.number
        }
      })
  }
}

private final class Planted {
  let number: Int
  init(_ number: Int) { self.number = number }
}

private final class Shelf {
  private(set) var last = Planted(0)
  /// Not inlined, so that the object must be there.
  @inline(never) func put(_ number: Int) { last = Planted(number) }
}
