// What each row is to come to, and what QEMU's ITS took for the same commands. The ratios are
// binding; nanoseconds are of a quiet machine of 2 cores (AMD EPYC).

/// Upper bounds, and QEMU's figure. Nil where there is none.
struct Goal {
  var ns: Double?
  /// Ours to the C kernel's.
  var ratio: Double?
  var bytes: Double?
  /// Nanoseconds to those of another row.
  var relative: (to: String, atMost: Double)?
  /// QEMU 7.2.22, nanoseconds: medians of a quiet machine of the same kind.
  var qemu: Double?

  static subscript(name: String) -> Goal? { table[name] }

  private static let table: [String: Goal] = [
    "command.sync": Goal(qemu: 36),
    "command.int_pending": Goal(ns: 10, ratio: 1.15, qemu: 93),
    "command.int_set": Goal(ns: 20, ratio: 1.15, qemu: 209),
    "command.int_set_disabled": Goal(qemu: 214),
    "command.int_unmapped_device": Goal(qemu: 47),
    "command.mapti": Goal(ns: 8, ratio: 1.15, qemu: 83),
    "command.mapi_rejected": Goal(qemu: 47),
    "command.mapd": Goal(ns: 8, ratio: 1.15, qemu: 58),
    "command.mapc": Goal(ns: 8, ratio: 1.15, qemu: 51),
    "command.clear_not_pending": Goal(qemu: 92),
    "command.movi_same": Goal(qemu: 133),
    "command.movi_pending": Goal(ns: 30, ratio: 1.15, qemu: 273),
    "command.discard_mapti": Goal(ns: 15, ratio: 1.15, qemu: 128),
    "command.int_clear_disabled": Goal(qemu: 137),
    "command.int_clear_enabled": Goal(ns: 25, ratio: 1.15, qemu: 33_100),
    "command.mixed": Goal(ns: 12, ratio: 1.15, qemu: 101),
    "command.mixed_inv": Goal(ns: 15, ratio: 1.15, qemu: 8760),
    "command.inv": Goal(ns: 25, ratio: 1.15, qemu: 65_600),
    "command.inv_full": Goal(ns: 25, ratio: 1.15, qemu: 705_000),
    "command.invall_64pe": Goal(ns: 10_000, qemu: 4_160_000),
    "command.movall_empty": Goal(ns: 1000, qemu: 200_000),
    "command.movall_full": Goal(ns: 40_000, qemu: 1_250_000),
    "command.int_cold": Goal(ns: 40, ratio: 0.4),
    "msi.translate_set.1thread": Goal(ns: 8, ratio: 1.25, qemu: 2240),
    // 1.9 times the MSIs of one thread.
    "msi.translate_set.2threads": Goal(
      ratio: 1.25, relative: ("msi.translate_set.1thread", 2 / 1.9)),
    "msi.translate_set.2threads_remap": Goal(
      relative: ("msi.translate_set.2threads", 1.1)),
    "hppi.find": Goal(ns: 3, ratio: 1.1, qemu: 65_000),
    "hppi.cycle": Goal(ns: 42, ratio: 1.1),
    "timed.command_mixed": Goal(ns: 100),
    "timed.msi_warm": Goal(ns: 83.3),
    "timed.msi_cold": Goal(ns: 200),
    "timed.msi_traced": Goal(ns: 667),
    "timed.msi_1024pe": Goal(relative: ("timed.msi_8pe", 1.3)),
    "save.tables_32768": Goal(ns: 20_000_000),
    "restore.tables_32768": Goal(ns: 20_000_000),
    "save.tables_1m": Goal(ns: 150_000_000),
    "restore.tables_1m": Goal(ns: 150_000_000),
    "snapshot.1024pe": Goal(ns: 250_000_000),
    "snapshot.restore_1024pe": Goal(ns: 250_000_000),
    "attach.read_socket": Goal(ratio: 1.2),
    "attach.read_socket_one_core": Goal(ns: 10_000),
    "attach.read_ring": Goal(ns: 500, ratio: 1.3),
    // 150,000 a second, all clients together.
    "attach.read_32_sockets": Goal(ns: 6667),
    "attach.post_socket": Goal(ns: 200),
    "attach.post_ring": Goal(ns: 125),
    "attach.command_ring": Goal(ns: 1000),
    "attach.longest_read": Goal(ns: 200_000),
    "attach.backlog_read": Goal(ns: 200_000),
    "attach.unicorn_read": Goal(ns: 1000),
    "attach.rss_1024_ports": Goal(bytes: 300_000_000),
    "size.state_per_pe": Goal(bytes: 17 * 1024),
    "size.rss_1024pe": Goal(bytes: 200_000_000),
    "size.rss_1024pe_timed": Goal(bytes: 200_000_000),
  ]
}

extension Row {
  /// Its time to that of the row that its goal names; nil where there is none.
  func relative(among rows: [Row]) -> Double? {
    guard let name = Goal[name]?.relative?.to, let ns = nsPerOp,
      let other = rows.first(where: { $0.name == name })?.nsPerOp
    else { return nil }
    return ns / other
  }

  /// Which of its goals the row is beyond, in words; nil if it keeps them all.
  func beyond(among rows: [Row]) -> String? {
    guard let goal = Goal[name] else { return nil }
    let breaches = [
      (nsPerOp, goal.ns, "ns"), (ratioToC, goal.ratio, "ratio to C"), (bytes, goal.bytes, "bytes"),
      (relative(among: rows), goal.relative?.atMost, "time to that of \(goal.relative?.to ?? "")"),
    ].compactMap { value, bound, what -> String? in
      guard let value, let bound, value > bound else { return nil }
      return "\(what) x \(fixed(value / bound, 2))"
    }
    return breaches.isEmpty ? nil : breaches.joined(separator: ", ")
  }
}
