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

  private func place(of device: UInt32) -> Int {
    let mask = entries.count &- 1
    var place = Int((device &* 0x9e37_79b1) &>> 7) & mask
    while entries[place].msis != 0, entries[place].device != device { place = (place &+ 1) & mask }
    return place
  }

  mutating func record(_ device: UInt32, latency: UInt64) {
    if entries[last].device != device || entries[last].msis == 0 {
      last = place(of: device)
      if entries[last].msis == 0 {
        if count &* 2 >= entries.count { grow() }
        last = place(of: device)
        entries[last].device = device
        count &+= 1
      }
    }
    entries[last].msis &+= 1
    entries[last].latencySum &+= latency
    if latency > entries[last].latencyMax { entries[last].latencyMax = latency }
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
