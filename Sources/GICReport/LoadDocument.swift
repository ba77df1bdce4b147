// How busy a timed machine's units were: parts of the statistics.

import GICModel

extension StatisticsDocument {
  /// How full a queue, or how busy a unit, was.
  public struct Queue: Codable, Equatable, Sendable {
    public var name: String
    /// Absent where nothing bounds it but what software does.
    public var capacity: Int?
    /// Each cycle's occupancy, added up. Exact; the mean follows from it.
    public var occupancyCycles: UInt64
    public var mean: Double
    public var max: UInt64
    /// The mean as a part of the capacity, 0 through 1.
    public var utilisation: Double?

    public init(_ queue: MachineStatistics.Queue, cycles: UInt64) {
      (name, capacity, max) = (queue.name, queue.capacity, queue.max)
      occupancyCycles = queue.occupancyCycles
      let mean = cycles == 0 ? 0 : Double(queue.occupancyCycles) / Double(cycles)
      self.mean = mean
      utilisation = queue.capacity.map { $0 > 0 ? mean / Double($0) : 0 }
    }

    enum CodingKeys: String, CodingKey {
      case name, capacity, mean, max, utilisation
      case occupancyCycles = "occupancy_cycles"
    }
  }

  /// What of one kind has crossed the memory ports.
  public struct Traffic: Codable, Equatable, Sendable {
    public var name: String
    /// Reads and writes.
    public var requests: UInt64
    public var bytes: UInt64
    public var bytesPerCycle: Double

    public init(_ traffic: MachineStatistics.Traffic, cycles: UInt64) {
      (name, requests, bytes) = (traffic.name, traffic.requests, traffic.bytes)
      bytesPerCycle = cycles == 0 ? 0 : Double(traffic.bytes) / Double(cycles)
    }

    enum CodingKeys: String, CodingKey {
      case name, requests, bytes
      case bytesPerCycle = "bytes_per_cycle"
    }
  }

  /// The MSIs of one DeviceID that were shown or merged.
  public struct Device: Codable, Equatable, Sendable {
    public var device: UInt32
    public var msis: UInt64
    /// Cycles, from arrival to acceptance or merge.
    public var latencyMean: Double
    public var latencyMax: UInt64

    public init(_ device: MachineStatistics.Device) {
      (self.device, msis, latencyMax) = (device.device, device.msis, device.latencyMax)
      latencyMean = device.msis == 0 ? 0 : Double(device.latencySum) / Double(device.msis)
    }

    enum CodingKeys: String, CodingKey {
      case device, msis
      case latencyMean = "latency_mean"
      case latencyMax = "latency_max"
    }
  }
}

extension StatisticsDocument {
  /// Of more devices than this a terminal shows the busiest; JSON has all.
  private static var maximumDeviceRows: Int { 16 }

  /// What was ever used, for a terminal.
  func loadText(_ clockHertz: Double?) -> String {
    [queuesText, trafficText(clockHertz), devicesText].filter { !$0.isEmpty }
      .joined(separator: "\n")
  }

  private var queuesText: String {
    let used = queues.filter { $0.max > 0 }
    guard !used.isEmpty else { return "" }
    var table = TextTable(["queue or unit", "capacity", "mean", "max", "utilisation"])
    for queue in used {
      table.add([
        queue.name, queue.capacity.map { "\($0)" } ?? "-", Format.fixed(queue.mean, 6),
        "\(queue.max)", queue.utilisation.map { Format.fixed($0 * 100, 4) + " %" } ?? "-",
      ])
    }
    return table.text
  }

  private func trafficText(_ clockHertz: Double?) -> String {
    let used = traffic.filter { $0.requests > 0 }
    guard !used.isEmpty else { return "" }
    var table = TextTable(["memory ports", "requests", "bytes", "bytes/cycle", "MB/s"])
    for row in used {
      let rate = clockHertz.map { Format.fixed(row.bytesPerCycle * $0 / 1e6, 3) } ?? "-"
      table.add([
        Format.words(row.name), Format.grouped(row.requests), Format.grouped(row.bytes),
        Format.fixed(row.bytesPerCycle, 6), rate,
      ])
    }
    return table.text
  }

  private var devicesText: String {
    guard !perDevice.isEmpty else { return "" }
    var table = TextTable(["DeviceID", "MSIs", "mean latency", "max latency"])
    let busiest = perDevice.sorted { ($1.msis, $0.device) < ($0.msis, $1.device) }
      .prefix(StatisticsDocument.maximumDeviceRows)
    for device in busiest {
      table.add([
        "0x" + String(device.device, radix: 16), Format.grouped(device.msis),
        Format.fixed(device.latencyMean, 1), Format.grouped(device.latencyMax),
      ])
    }
    let hidden = perDevice.count - busiest.count
    return table.text + (hidden > 0 ? "and \(hidden) devices that sent fewer MSIs\n" : "")
  }
}
