import GICModel
import GICReport

extension Study {
  /// What the ITS's caches are worth.
  static let workingSet = Study(
    name: "working-set", title: "Working set",
    about: "How many MSIs a second does an ITS translate when its devices and events do not fit "
      + "into its caches? As many MSIs as --window are always under way.",
    parameters: [
      .axis(
        "devices", "devices that send MSIs", .integers(1...4_096),
        "1,4,8,16,32,64,128,256,512,1024,2048,4096", quick: "1,8,32,128,1024,4096"),
      .axis("events", "events of each device", .integers(1...64), "1,4,16,64", quick: "1,16"),
      .axis(
        "skew", "Zipf exponent over all events; 0: all alike", .reals(0...3), "0,0.6,0.9,1.2",
        quick: "0,0.9"),
      .axis(
        "event-cache", "entries of the event cache", .integers(2...65_536), "256,1024,4096",
        quick: "256,4096"),
      .value("window", "MSIs under way", .integers(1...4_096), "64"),
      .value(
        "msis", "measured MSIs of a point", .integers(100...1_000_000_000), "200000",
        quick: "20000"),
    ],
    columns: [
      .init("part", "figure", .set), .init("devices", "devices", .set),
      .init("events", "events of each", .set), .init("all_events", "events in all", .set),
      .init("skew", "skew", .set),
      .init("event-cache", "event cache", unit: "entries", .set),
    ] + StudyDocument.Column.traffic,
    plan: { (chosen) throws(StudyError) in
      let (devices, events) = (chosen.integers("devices"), chosen.integers("events"))
      guard (devices.max() ?? 1) * (events.max() ?? 1) <= 1 << 18 else {
        throw StudyError("--devices times --events must be at most 262,144 for the largest of both")
      }
      for entries in chosen.integers("event-cache") where entries & (entries - 1) != 0 {
        throw StudyError(
          "--event-cache \(entries): the cache has two ways, so expected a power of two")
      }
      let first = { (key: String) in chosen.all(key)[0] }
      let bySkew = combinations(
        chosen, ["skew", "devices"],
        fixed: [
          "part": .name("skew"), "events": chosen.all("events").last ?? .number(1),
          "event-cache": first("event-cache"),
        ])
      let byCache = combinations(
        chosen, ["event-cache", "events", "devices"],
        fixed: ["part": .name("cache"), "skew": first("skew")])
      return (bySkew + byCache).map { point in
        var point = point
        point.set("all_events", point.integer("devices") * point.integer("events"))
        return point
      }
    },
    measure: { (point, context) throws(StudyError) in
      var traffic = Traffic(
        context, point, devices: point.integer("devices"), events: point.integer("events"))
      traffic.skew = point.real("skew")
      traffic.configuration.timing.eventCache = .init(
        entries: point.integer("event-cache"),
        ways: context.configuration.timing.eventCache.ways)
      let rig = try traffic.makeRig()
      rig.keep(context.chosen.integer("window"), traffic.makePick())
      let count = context.chosen.integer("msis")
      // Every event comes about once before anything is measured.
      let warm = max(count / 10, min(point.integer("all_events") * 2, count * 2))
      point.setTraffic(try rig.measure(Phases(warmup: warm, measured: count)))
    },
    figures: { chosen in
      [
        StudyFigure(
          "rate-by-devices", title: "MSIs a second by number of devices",
          caption: "\(chosen.integers("events").last ?? 1) events of each device. Dashed: the "
            + "slowest unit, given how often each table was read. Skew keeps what is frequent in "
            + "the caches.",
          filter: ["part": .name("skew")], x: .init("devices", .logarithmic, key: "devices"),
          y: .init("MSIs per second", .logarithmic), series: ["skew"],
          lines: [.init("msis_per_second"), .init("bound_per_second", "bound", isBound: true)]),
        StudyFigure(
          "misses", title: "Misses of the three caches by number of devices",
          caption: "All events alike, \(chosen.name("event-cache")) entries in the event cache. "
            + "Each cache has its knee where what it must hold exceeds its entries.",
          filter: [
            "part": .name("cache"), "event-cache": chosen.all("event-cache")[0],
            "events": chosen.all("events").last ?? .number(1),
          ],
          x: .init("devices", .logarithmic, key: "devices"), y: .init("part that misses"),
          lines: [
            .init("device_misses", "device cache"), .init("event_misses", "event cache"),
            .init("collection_misses", "collection cache"),
          ]),
        StudyFigure(
          "event-cache", title: "Misses of the event cache by number of events",
          caption: "The knee is at the capacity; two ways make it soft.",
          filter: ["part": .name("cache"), "events": chosen.all("events").last ?? .number(1)],
          x: .init("events in all", .logarithmic, key: "all_events"),
          y: .init("part that misses"), series: ["event-cache"], lines: [.init("event_misses")]),
      ]
    },
    conclude: { document in
      document.check({ _ in true }, ["devices", "events", "skew", "event-cache"])
      document.note(best: "msis_per_second", "everything cached") {
        $0.integer("all_events") <= 256
      }
      let cold = document.points.filter { $0.real("reads_per_msi") > 0.9 }
      if let worst = cold.min(by: { $0.real("msis_per_second") < $1.real("msis_per_second") }) {
        document.findings.append(
          "Where nothing fits, \(readable(worst.real("reads_per_msi"))) table reads an MSI leave "
            + "\(readable(worst.real("msis_per_second"))) MSIs a second "
            + "(\(worst.name("devices")) devices of \(worst.name("events")) events).")
      }
    })
}
