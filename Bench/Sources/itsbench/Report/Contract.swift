// What others read in the file of a run: rows by these names, each with these keys. A run of
// everything checks the file that it has written.

import Foundation

enum Contract {
  /// Rows of commands, MSIs and selection.
  static let names =
    [
      "int_pending", "int_set", "mapti", "mapd", "mapc", "movi_pending", "discard_mapti",
      "int_clear_enabled", "mixed", "mixed_inv", "inv", "inv_full", "invall_64pe", "movall_empty",
      "movall_full", "int_cold",
    ].map { "command.\($0)" } + [
      "msi.translate_set.1thread", "msi.translate_set.2threads",
      "msi.translate_set.2threads_remap", "hppi.find", "hppi.cycle", "size.state_per_pe",
      "size.rss_1024pe",
    ]

  /// Of each row; null where there is none.
  static let keys = [
    "name", "ns_per_op", "ops_per_second", "c_ns_per_op", "ratio_to_c", "instructions_per_op",
  ]

  /// What a file lacks, in words; nil if nothing.
  static func missing(in data: Data) -> String? {
    guard let rows = try? JSONSerialization.jsonObject(with: data) as? [[String: Any]] else {
      return "a list of rows"
    }
    var missing = rows.flatMap { row in
      keys.filter { row[$0] == nil }.map { "\($0) of \(row["name"] as? String ?? "a row")" }
    }
    let found = Set(rows.compactMap { $0["name"] as? String })
    missing += names.filter { !found.contains($0) }
    // A time that every one of these rows but those of memory has.
    missing += rows.compactMap { row in
      guard let name = row["name"] as? String, names.contains(name), !name.hasPrefix("size."),
        !(row["ns_per_op"] is Double)
      else { return nil }
      return "ns_per_op of \(name)"
    }
    return missing.isEmpty ? nil : missing.joined(separator: ", ")
  }
}
