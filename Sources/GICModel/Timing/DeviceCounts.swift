/// MSIs and their latencies by DeviceID: an open-addressing table with linear probing. It grows by
/// doubling and is at most half full, so its size follows how many devices there are.
struct DeviceCounts: ~Copyable {
  private struct Entry: BitwiseCopyable {
    var device: UInt32 = 0
    /// 0: an empty place.
    var msis: UInt64 = 0
    var latencySum: UInt64 = 0
    var latencyMax: UInt64 = 0
  }
  private var entries = Slab(repeating: Entry(), count: 64)
  private var count = 0
  /// A device rarely sends one MSI alone.
  private var last = 0

  init() {}
  deinit { entries.deallocate() }

  @inline(__always) private func place(of device: UInt32) -> Int {
    let (entries, mask) = (entries, entries.count &- 1)
    var place = Int((device &* 0x9e37_79b1) &>> 7) & mask
    while entries[place].msis != 0, entries[place].device != device { place = (place &+ 1) & mask }
    return place
  }

  @inline(__always) mutating func record(_ device: UInt32, latency: UInt64) {
    var entry = entries.element(last)
    if entry.value.device != device || entry.value.msis == 0 {
      last = place(of: device)
      entry = entries.element(last)
      if entry.value.msis == 0 {
        add(device)
        entry = entries.element(last)
      }
    }
    entry.value.msis &+= 1
    entry.value.latencySum &+= latency
    if latency > entry.value.latencyMax { entry.value.latencyMax = latency }
  }

  /// A device that has sent nothing yet.
  @inline(never) private mutating func add(_ device: UInt32) {
    if count &* 2 >= entries.count { grow() }
    last = place(of: device)
    entries[last].device = device
    count &+= 1
  }

  private mutating func grow() {
    let old = entries
    entries = Slab(repeating: Entry(), count: old.count * 2)
    for index in 0..<old.count where old[index].msis != 0 {
      entries[place(of: old[index].device)] = old[index]
    }
    old.deallocate()
  }

  mutating func reset() {
    entries.fill(Entry())
    (count, last) = (0, 0)
  }

  /// By rising DeviceID.
  var devices: [MachineStatistics.Device] {
    (0..<entries.count).filter { entries[$0].msis != 0 }.map {
      MachineStatistics.Device(
        device: entries[$0].device, msis: entries[$0].msis, latencySum: entries[$0].latencySum,
        latencyMax: entries[$0].latencyMax)
    }.sorted { $0.device < $1.device }
  }
}

extension DeviceCounts {
  mutating func archive(_ archive: inout Archive) throws(SnapshotError) {
    var words = devices.flatMap { [UInt64($0.device), $0.msis, $0.latencySum, $0.latencyMax] }
    try archive.field("devices", &words)
    guard archive.isReading else { return }
    guard words.count % 4 == 0 else { throw .field("devices") }
    reset()
    for place in stride(from: 0, to: words.count, by: 4) where words[place + 1] > 0 {
      record(UInt32(truncatingIfNeeded: words[place]), latency: 0)
      entries[last].msis = words[place + 1]
      (entries[last].latencySum, entries[last].latencyMax) = (words[place + 2], words[place + 3])
    }
  }
}
