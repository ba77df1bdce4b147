import GICArch

/// Which collections exist, mapped or not, in the order in which they came to be. Only an ITS that
/// holds its tables itself needs to know: a save writes its collection table in this order.
struct CollectionList {
  private var created: [ICID: UInt64] = [:]
  private var count: UInt64 = 0

  /// The collection exists; if it did already, it keeps its place.
  mutating func insert(_ collection: ICID) {
    guard created[collection] == nil else { return }
    created[collection] = count
    count += 1
  }
  mutating func remove(_ collection: ICID) { created[collection] = nil }
  mutating func removeAll() { created.removeAll() }

  func contains(_ collection: ICID) -> Bool { created[collection] != nil }
  /// Oldest first.
  var inOrder: [ICID] { created.sorted { $0.value < $1.value }.map(\.key) }
}
