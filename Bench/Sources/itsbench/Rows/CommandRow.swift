// The rows of the command queue: what each puts into it. The rows whose figures QEMU has are its
// batches too.

import GICArch

/// What is done in one pass.
struct Pass {
  /// At most a queue's length.
  var timed: [ITSCommand]
  /// Puts things back, so that the next pass finds them as this one did; not timed.
  var undo: [ITSCommand] = []
  /// What every configuration byte in RAM becomes before the pass, if it changes.
  var property: UInt8?

  var encoded: EncodedPass {
    EncodedPass(
      timed: timed.map { QueueEntry($0) }, undo: undo.map { QueueEntry($0) }, property: property)
  }
}

/// What a row does: once at its beginning, with everything mapped, and then in each pass.
struct Program {
  var setUp: [ITSCommand] = []
  /// Every pass is another order: one that repeats exactly would measure the branch predictor.
  var next: (inout SplitMix64) -> Pass
}

struct CommandRow: Sendable {
  var name: String
  var layout = Layout()
  /// Passes of each side in a row before the other's turn; 1 where a pass takes long.
  var passes = 8
  var program: @Sendable (Layout) -> Program
}

/// Numbers that a seed gives, the same every time.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

/// A batch of events, each another, in an order that each pass changes.
private func shuffled(
  _ layout: Layout, setUp: [ITSCommand] = [], _ pass: @escaping (ArraySlice<Int>) -> Pass
) -> Program {
  var events = Array(0..<layout.events)
  return Program(setUp: setUp) { random in
    events.shuffle(using: &random)
    return pass(events.prefix(Layout.batch))
  }
}

/// The same of every event.
private func each(
  _ layout: Layout, setUp: [ITSCommand] = [], _ command: @escaping (Int) -> ITSCommand
) -> Program {
  shuffled(layout, setUp: setUp) { Pass(timed: $0.map(command)) }
}

/// As many rounds of several commands on one event as fill the queue, then SYNCs.
private func rounds(
  _ layout: Layout, _ round: @escaping (Int) -> [ITSCommand]
) -> Program {
  shuffled(layout) { events in
    let length = round(0).count
    var timed = events.prefix(Layout.batch / length).flatMap(round)
    while timed.count < Layout.batch { timed.append(sync) }
    return Pass(timed: timed)
  }
}

private let sync = ITSCommand.sync(RDbase(rawValue: 0))

private func everyEvent(_ layout: Layout, _ command: (Int) -> ITSCommand) -> [ITSCommand] {
  (0..<layout.events).map(command)
}

/// Any number of commands without an order, drawn anew for each pass.
private func drawn(
  _ count: Int = Layout.batch, setUp: [ITSCommand] = [],
  _ command: @escaping (inout SplitMix64) -> ITSCommand
) -> Program {
  Program(setUp: setUp) { random in
    var timed: [ITSCommand] = []
    timed.reserveCapacity(count)
    for _ in 0..<count { timed.append(command(&random)) }
    return Pass(timed: timed)
  }
}

/// One command moves everything from PE to PE, round and round.
private func movingOn(_ count: Int, _ layout: Layout) -> Program {
  var pe = 0
  return drawn(count) { _ in
    let from = pe
    pe = (pe + 1) % layout.pes
    return .movall(from: RDbase(rawValue: UInt64(from)), to: RDbase(rawValue: UInt64(pe)))
  }
}

/// Each event's collection is another one after each of its moves.
private func moving(_ layout: Layout) -> Program {
  var target = (0..<layout.events).map { $0 % layout.pes }
  return each(layout, setUp: everyEvent(layout, layout.int)) { event in
    target[event] = (target[event] + 1) % layout.pes
    return .movi(
      layout.device(event), layout.eventID(event), ICID(rawValue: UInt16(target[event])))
  }
}

private func discardAndMap(_ layout: Layout) -> Program {
  shuffled(layout) { events in
    var timed = events.prefix(Layout.batch / 2).flatMap {
      [.discard(layout.device($0), layout.eventID($0)), layout.mapti($0)]
    }
    timed.append(layout.mapti(events[events.startIndex]))
    return Pass(timed: timed)
  }
}

private func inv(_ layout: Layout, _ event: Int) -> ITSCommand {
  .inv(layout.device(event), layout.eventID(event))
}

/// Each INV finds another byte than the one remembered.
private func changingProperties(_ layout: Layout) -> Program {
  var property: UInt8 = 0x81
  return shuffled(layout) { events in
    property ^= 0x20
    return Pass(timed: events.map { inv(layout, $0) }, property: property)
  }
}

private func mixed(_ layout: Layout, _ event: Int, withINV: Bool) -> [ITSCommand] {
  let (device, id) = (layout.device(event), layout.eventID(event))
  let other = ICID(rawValue: UInt16((event + 1) % layout.pes))
  return [
    layout.mapti(event), sync, layout.int(event), layout.clear(event), .movi(device, id, other),
  ] + (withINV ? [inv(layout, event)] : []) + [sync, .discard(device, id)]
}

private let disabled = Layout(property: 0xa0)
private let onePEFull = Layout(full: [0])
private let allFull = Layout(full: [0, 1, 2, 3])
/// 2 M events, random: neither entries nor pending bits are in the nearer caches.
private let large = Layout(devices: 65536, pes: 512)

/// In the order of the table.
let commandRows: [CommandRow] = [
  CommandRow(name: "command.sync") { layout in
    drawn { _ in sync }
  },
  CommandRow(name: "command.int_pending") { layout in
    each(layout, setUp: everyEvent(layout, layout.int), layout.int)
  },
  CommandRow(name: "command.int_set") { layout in
    shuffled(layout) { Pass(timed: $0.map(layout.int), undo: $0.map(layout.clear)) }
  },
  CommandRow(name: "command.int_set_disabled", layout: disabled) { layout in
    shuffled(layout) { Pass(timed: $0.map(layout.int), undo: $0.map(layout.clear)) }
  },
  CommandRow(name: "command.int_unmapped_device") { layout in
    drawn { random in
      .int(
        DeviceID(rawValue: UInt32.random(in: 64..<4096, using: &random)), EventID(rawValue: 0))
    }
  },
  CommandRow(name: "command.mapti") { layout in each(layout, layout.mapti) },
  CommandRow(name: "command.mapi_rejected") { layout in
    // The INTID is the EventID, which is no LPI's.
    each(layout) { .mapi(layout.device($0), layout.eventID($0), layout.collection($0)) }
  },
  CommandRow(name: "command.mapd") { layout in
    drawn { layout.mapd(Int.random(in: 0..<layout.devices, using: &$0)) }
  },
  CommandRow(name: "command.mapc") { layout in
    drawn { layout.mapc(Int.random(in: 0..<layout.pes, using: &$0)) }
  },
  CommandRow(name: "command.clear_not_pending") { layout in each(layout, layout.clear) },
  CommandRow(name: "command.movi_same") { layout in
    each(layout) { .movi(layout.device($0), layout.eventID($0), layout.collection($0)) }
  },
  CommandRow(name: "command.movi_pending", program: moving),
  CommandRow(name: "command.discard_mapti", program: discardAndMap),
  CommandRow(name: "command.int_clear_disabled", layout: disabled) { layout in
    rounds(layout) { [layout.int($0), layout.clear($0)] }
  },
  CommandRow(name: "command.int_clear_enabled") { layout in
    rounds(layout) { [layout.int($0), layout.clear($0)] }
  },
  // QEMU's figures are of LPIs that are disabled: else its CLEARs would be all that is measured.
  CommandRow(name: "command.mixed", layout: disabled) { layout in
    rounds(layout) { mixed(layout, $0, withINV: false) }
  },
  CommandRow(name: "command.mixed_inv", layout: disabled) { layout in
    rounds(layout) { mixed(layout, $0, withINV: true) }
  },
  CommandRow(name: "command.mixed_enabled") { layout in
    rounds(layout) { mixed(layout, $0, withINV: false) }
  },
  CommandRow(name: "command.inv") { layout in each(layout) { inv(layout, $0) } },
  CommandRow(name: "command.inv_full", layout: allFull) { layout in
    each(layout) { inv(layout, $0) }
  },
  CommandRow(name: "command.inv_changed", program: changingProperties),
  CommandRow(name: "command.invall_64pe", layout: Layout(pes: 64), passes: 1) { layout in
    drawn(256) { .invall(ICID(rawValue: UInt16.random(in: 0..<64, using: &$0))) }
  },
  CommandRow(name: "command.movall_empty", passes: 1) { movingOn(Layout.batch, $0) },
  CommandRow(name: "command.movall_full", layout: onePEFull, passes: 1) { movingOn(64, $0) },
  CommandRow(name: "command.int_cold", layout: large) { layout in
    drawn(setUp: everyEvent(layout, layout.int)) {
      layout.int(Int.random(in: 0..<layout.events, using: &$0))
    }
  },
  CommandRow(name: "command.int_cold_set", layout: large) { layout in
    Program { random in
      var chosen: Set<Int> = []
      while chosen.count < Layout.batch {
        chosen.insert(Int.random(in: 0..<layout.events, using: &random))
      }
      let events = chosen.shuffled(using: &random)
      return Pass(timed: events.map(layout.int), undo: events.map(layout.clear))
    }
  },
]
