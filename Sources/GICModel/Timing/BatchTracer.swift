// Tracing for whoever stands outside the model: events are collected, and handed out a batch at a
// time. What is drawn from them is written elsewhere.

/// Takes what the timed units did.
public protocol TimingSink: AnyObject {
  /// The next events, in order.
  func take(_ events: Span<TimingEvent>)
  /// The machine was reset: nothing is under way, and time and serials start again.
  func restart()
}

/// Keeps a bounded number of events, and hands them to its sink when there is no room for more.
struct BatchTracer: TimingTracer {
  static var isOn: Bool { true }
  /// 4,096 events are 200 KiB.
  private static var capacity: Int { 4096 }

  private var events: [TimingEvent] = []
  private let sink: any TimingSink
  private var meter: LevelMeter

  /// - Parameter meter: hears the levels too; its owner deallocates it.
  init(_ sink: any TimingSink, _ meter: LevelMeter) {
    (self.sink, self.meter) = (sink, meter)
    events.reserveCapacity(BatchTracer.capacity)
  }

  mutating func trace(_ event: TimingEvent) {
    meter.trace(event)
    events.append(event)
    if events.count == BatchTracer.capacity { flush() }
  }

  /// Hands out what there is.
  mutating func flush() {
    guard !events.isEmpty else { return }
    sink.take(events.span)
    events.removeAll(keepingCapacity: true)
  }

  /// What every level is now, for a sink that has heard of none. Of the command engine it is known
  /// that it works, not at what.
  mutating func tellLevels(at cycle: UInt64) {
    for level in TimingLevel.allCases {
      for unit in 0..<meter.shape.unitCount(level) {
        events.append(
          .level(level, unit: unit, value: meter.value(level, unit), cycle: cycle))
        if events.count == BatchTracer.capacity { flush() }
      }
    }
  }

  mutating func restart() {
    flush()
    sink.restart()
  }
}
