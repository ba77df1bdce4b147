import Foundation
import GICModel
import Testing

@testable import GICConfig

/// The package's own presets, wherever the tests run.
private let configs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .appendingPathComponent("../../Configs").standardizedFileURL.path

private func load(_ name: String) throws -> ResolvedConfiguration {
  try resolve([try Presets.load(name, among: [configs])])
}

@Test func `the presets are those of the documentation`() {
  #expect(
    Presets.names(among: [configs])
      == [
        "architecture", "gic600", "gic600-agilex5", "gic600-max", "gic720ae-like", "ideal", "kvm",
        "n1sdp-like", "qemu-virt",
      ])
}

@Test(arguments: Presets.names(among: [configs]))
func `a preset says of every timing value where it comes from`(name: String) throws {
  let resolved = try load(name)
  #expect(resolved.name == name)
  #expect(!resolved.about.isEmpty)
  for value in resolved.values where value.key.hasPrefix("timing.") {
    #expect(value.layer.hasSuffix("/\(name).yaml"), "\(value.key) is left to the defaults")
    #expect(value.provenance != .chosen)
    #expect(!value.source.isEmpty && !value.source.hasPrefix("set in"), "\(value.key)")
  }
}

@Test func `gic600 and the defaults of the code say the same`() throws {
  let preset = try load("gic600")
  #expect(preset.machine.timing == TimingParameters())
  for setting in Settings.timing {
    let value = try #require(preset.values.first { $0.key == setting.key })
    #expect(value.provenance == setting.provenance, "\(setting.key)")
    #expect(value.source == setting.source, "\(setting.key)")
  }
}

@Test func `only its credits tell the Agilex 5 from gic600`() throws {
  var timing = try load("gic600").machine.timing
  timing.linkCredits = 1
  #expect(try load("gic600-agilex5").machine.timing == timing)
}

/// What tells a preset from gic600, and nothing else does.
private let others: [(name: String, values: [String: String])] = [
  (
    "gic600-max",
    [
      "device_cache_entries": "256", "event_cache_entries": "4096",
      "collection_cache_entries": "1024", "link_beats": "1", "link_credits": "16",
      "lpi_cache_entries": "1024", "lpi_pending_entries": "1024", "memory_bus_bytes": "32",
    ]
  ),
  (
    "gic720ae-like",
    [
      "device_cache_entries": "1024", "event_cache_entries": "4096",
      "collection_cache_entries": "1024", "translation_slots": "8", "link_beats": "1",
      "link_credits": "16", "lpi_cache_entries": "1024", "lpi_banks": "4",
      "property_reads_in_flight": "9", "lpi_pending_entries": "1024",
      "pending_accesses_in_flight": "4",
    ]
  ),
  (
    "n1sdp-like",
    [
      "clock_hertz": "800000000", "memory_latency_cycles": "68", "link_hops": "1",
      "cross_chip_cycles": "80",
    ]
  ),
]
@Test(arguments: others)
func `a preset differs from gic600 where its part does`(
  name: String, values: [String: String]
) throws {
  var found: [String: String] = [:]
  for (value, usual) in zip(try load(name).values, try load("gic600").values)
  where value.key.hasPrefix("timing.") && value.value != usual.value {
    found[String(value.key.dropFirst("timing.".count))] = value.value
  }
  #expect(found == values)
}

@Test func `in the ideal every latency is 0 and nothing else changes`() throws {
  let (ideal, usual) = (try load("ideal").values, try load("gic600").values)
  for (value, other) in zip(ideal, usual) where value.key.hasPrefix("timing.") {
    let isLatency = value.unit == "cycles" || value.unit == "beats"
    #expect(value.value == (isLatency ? "0" : other.value), "\(value.key)")
  }
}

@Test func `qemu-virt has the identity that a guest read`() throws {
  let machine = try load("qemu-virt").machine
  #expect(machine.profile.base == .qemu)
  let identity = machine.identity
  // GITS_TYPER 0x1f0001efb1, put together from the fields.
  let typer: UInt64 =
    1 | UInt64(identity.ittEntryByteCount - 1) << 4 | UInt64(identity.eventIDBits - 1) << 8
    | UInt64(identity.deviceIDBits - 1) << 13 | UInt64(identity.hardwareCollections) << 24
    | UInt64(identity.collectionIDBits - 1) << 32 | (identity.showsCollectionIDBits ? 1 << 36 : 0)
  #expect(typer == 0x1f_0001_efb1)
  // GICD_TYPER 0x37a0007.
  let distributor =
    identity.itLinesNumber | 1 << 17 | (identity.intidBits - 1) << 19
    | (identity.affinity3Valid ? 1 << 24 : 0) | (identity.oneOfNSupported ? 0 : 1 << 25)
  #expect(distributor == 0x37a_0007)
  #expect(identity.iidr == 0x43b && identity.distributorIIDR == 0x43b)
  #expect(identity.priorityBits == 5 && identity.cpuInterfaceIDBits == 24)
}

@Test(arguments: [("architecture", Profile.Base.architecture), ("kvm", .kvm), ("qemu-virt", .qemu)])
func `a preset makes the choices of its base, and says where they come from`(
  name: String, base: Profile.Base
) throws {
  let resolved = try load(name)
  #expect(resolved.machine.profile == Profile(base: base))
  for value in resolved.values where value.key.hasPrefix("profile.") && value.key != "profile.base"
  {
    #expect(value.provenance == .documented, "\(value.key)")
    #expect(!value.source.isEmpty && !value.source.hasPrefix("set in"), "\(value.key)")
  }
}

@Test func `kvm has the identity that KVM shows`() throws {
  let machine = try load("kvm").machine
  #expect(machine.profile.base == .kvm)
  let identity = machine.identity
  let typer =
    1 | (identity.ittEntryByteCount - 1) << 4 | (identity.eventIDBits - 1) << 8
    | (identity.deviceIDBits - 1) << 13 | (identity.showsCollectionIDBits ? 1 << 36 : 0)
  #expect(typer == 0x1ef71)
  #expect(identity.iidr == 0x4b00_043b)
}

@Test func `every field of timing and identity can be configured`() {
  let timing = Mirror(reflecting: TimingParameters()).children.reduce(0) {
    $0 + ($1.value is TimingParameters.CacheShape ? 2 : 1)
  }
  #expect(Settings.timing.count == timing)
  let identity = Mirror(reflecting: MachineConfiguration.Identity()).children.count
  #expect(Settings.identity.count == identity)
  let profile = Mirror(reflecting: Profile()).children.count
  #expect(Settings.profile.count == profile)
  #expect(Set(Settings.all.map(\.key)).count == Settings.all.count)
}

@Test(arguments: Settings.all)
func `a setting reads back what it wrote`(setting: Setting) throws {
  var machine = MachineConfiguration()
  let text = setting.read(machine)
  let inner = text.hasPrefix("[") ? text.dropFirst().dropLast() : text[...]
  let list = inner.split(separator: ", ").map(String.init)
  try setting.write(&machine, text.hasPrefix("[") ? .list(list) : .scalar(text))
  #expect(machine == MachineConfiguration())
}

@Test func `the hash is FNV-1a over sorted lines`() throws {
  func resolved(_ values: [(String, String)]) -> ResolvedConfiguration {
    ResolvedConfiguration(
      machine: MachineConfiguration(), name: "", about: "",
      values: values.map {
        ConfiguredValue(
          key: $0.0, value: $0.1, unit: "", provenance: .chosen, source: "", layer: "",
          range: "")
      })
  }
  // The published offset basis, and "a.b=1\nk=v\n" computed by another program.
  #expect(resolved([]).hash == "cbf29ce484222325")
  #expect(resolved([("k", "v"), ("a.b", "1")]).hash == "dad0906874f32e88")
}

@Test func `the hash depends on values only`() throws {
  func hash(_ text: String) throws -> String {
    try resolve([ConfigurationLayer(name: "x", text: text)]).hash
  }
  let base = try hash("")
  #expect(try hash("name: other\nabout: words") == base)
  #expect(try hash("timing: {hop_cycles: 2}") == base)
  #expect(try hash("timing: {hop_cycles: {value: 2, from: measured, source: y}}") == base)
  var seen = [base]
  for text in [
    "timing: {hop_cycles: 1}", "timing: {hop_cycles: 3}", "clock: timed", "machine: {pes: 2}",
    "machine: {affinities: [1]}", "identity: {direct_lpi: true}",
  ] {
    let hash = try hash(text)
    #expect(hash.count == 16 && !seen.contains(hash))
    seen.append(hash)
  }
}

@Test func `a preset that is not there is answered with those that are`() {
  #expect { try Presets.load("gic700", among: [configs]) } throws: {
    "\($0)"
      == "gic700: no such preset; presets: architecture, gic600, gic600-agilex5, gic600-max, "
      + "gic720ae-like, ideal, kvm, n1sdp-like, qemu-virt; a file's path contains / or ends .yaml"
  }
  #expect { try Presets.load("/nowhere/x.yaml", among: [configs]) } throws: {
    "\($0)" == "/nowhere/x.yaml: no such file"
  }
}

@Test func `the environment names the directory first, then it is looked for`() {
  let places = Presets.directories(
    environment: ["ITSD_CONFIGS": "/etc/itsd"], executable: "/src/.build/x86/release/itsd")
  #expect(places.first == "/etc/itsd")
  #expect(places.contains("Configs"))
  #expect(places.contains("/src/Configs"))
}
