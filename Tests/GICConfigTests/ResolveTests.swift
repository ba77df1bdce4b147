import GICArch
import GICModel
import Testing

@testable import GICConfig

private func layer(_ text: String, _ name: String = "a.yaml") -> ConfigurationLayer {
  ConfigurationLayer(name: name, text: text)
}

/// What a file may say, and one value that it makes.
private let good: [(name: String, text: String, key: String, value: String)] = [
  ("plain", "timing: {memory_latency_cycles: 40}", "timing.memory_latency_cycles", "40"),
  (
    "annotated", "timing: {memory_latency_cycles: {value: 40, from: assumed, source: x}}",
    "timing.memory_latency_cycles", "40"
  ),
  ("underscores", "timing: {clock_hertz: 800_000_000}", "timing.clock_hertz", "800000000"),
  ("hexadecimal", "machine: {gicd_base: 0x800_0000}", "machine.gicd_base", "0x8000000"),
  ("decimal address", "machine: {gicd_base: 65536}", "machine.gicd_base", "0x10000"),
  ("top level", "clock: timed", "clock", "timed"),
  ("enumeration", "profile: {base: kvm}", "profile.base", "kvm"),
  ("base makes choices", "profile: {base: kvm}", "profile.tables", "at_save"),
  (
    "a choice beside its base", "profile: {quiescent: always, base: kvm}", "profile.quiescent",
    "always"
  ),
  (
    "Processor_Numbers", "machine: {pes: 2}\nidentity: {processor_numbers: [7, 0x100]}",
    "identity.processor_numbers", "[7, 256]"
  ),
  ("boolean", "timing: {invall_refetches: true}", "timing.invall_refetches", "true"),
  ("PEs", "machine: {pes: 18}", "machine.pes", "18"),
  ("PEs are linear", "machine: {pes: 18}", "machine.affinities", "linear"),
  (
    "affinities", "machine: {affinities: [0.0.1.0, 0x101]}", "machine.affinities",
    "[0.0.1.0, 0.0.1.1]"
  ),
  ("affinities count", "machine: {affinities: [0.0.1.0, 0x101]}", "machine.pes", "2"),
  ("no ITS", "machine: {its_bases: []}", "machine.its_bases", "[]"),
  ("greatest latency", "timing: {hop_cycles: 2147483648}", "timing.hop_cycles", "2147483648"),
  ("empty section", "timing:\n", "timing.hop_cycles", "2"),
  ("empty file", "", "machine.pes", "1"),
]

@Test(arguments: good)
func `a good value is taken`(_: String, text: String, key: String, value: String) throws {
  let resolved = try resolve([layer(text)])
  #expect(resolved.values.first { $0.key == key }?.value == value)
}

@Test func `affinities become the machine's, MPIDR and dotted alike`() throws {
  let resolved = try resolve([layer("machine: {affinities: [1.2.3.4, 0x1_0002_0305, 5]}")])
  #expect(resolved.machine.shape.affinities.map(\.rawValue) == [0x0102_0304, 0x0102_0305, 5])
}

/// Each kind of mistake, with the whole message.
private let bad: [(name: String, text: String, message: String)] = [
  (
    "unknown key", "timing:\n  memory_latency_cycels: 85",
    "a.yaml:2:3: unknown key timing.memory_latency_cycels; nearest: timing.memory_latency_cycles, "
      + "an integer from 0 through 2147483648"
  ),
  ("unknown section", "timng: {}", "a.yaml:1:1: unknown key timng; nearest: timing"),
  (
    "ill-typed", "timing:\n  hop_cycles: fast",
    "a.yaml:2:15: timing.hop_cycles: expected an integer from 0 through 2147483648"
  ),
  (
    "negative", "timing: {hop_cycles: -1}",
    "a.yaml:1:22: timing.hop_cycles: expected an integer from 0 through 2147483648"
  ),
  (
    "beyond 2^31", "timing: {hop_cycles: 2147483649}",
    "a.yaml:1:22: timing.hop_cycles: expected an integer from 0 through 2147483648"
  ),
  (
    "beyond 2^64", "timing: {hop_cycles: 99999999999999999999}",
    "a.yaml:1:22: timing.hop_cycles: expected an integer from 0 through 2147483648"
  ),
  (
    "0 slots", "timing: {translation_slots: 0}",
    "a.yaml:1:29: timing.translation_slots: expected an integer from 1 through 4096"
  ),
  (
    "0 accesses", "timing:\n  pending_accesses_in_flight: 0",
    "a.yaml:2:31: timing.pending_accesses_in_flight: expected an integer from 1 through 4096"
  ),
  (
    "no bus", "timing: {memory_bus_bytes: 0}",
    "a.yaml:1:28: timing.memory_bus_bytes: expected an integer from 1 through 4096"
  ),
  (
    "a store of nothing", "timing: {lpi_pending_entries: 0}",
    "a.yaml:1:31: timing.lpi_pending_entries: expected an integer from 1 through 1048576"
  ),
  (
    "more chips than PEs", "machine: {pes: 2}\ntiming: {chips: 3}",
    "a.yaml:2:17: timing.chips: expected at most the number of PEs, which is 2, not 3"
  ),
  (
    "a distribution that is none", "timing: {pe_handling_distribution: normal}",
    "a.yaml:1:36: timing.pe_handling_distribution: expected one of constant, uniform, exponential"
  ),
  (
    "0 credits", "timing: {link_credits: 0}",
    "a.yaml:1:24: timing.link_credits: expected an integer from 1 through 4096"
  ),
  (
    "small ITT entry", "identity: {itt_entry_bytes: 4}",
    "a.yaml:1:29: identity.itt_entry_bytes: expected an integer from 8 through 16"
  ),
  (
    "too many PEs", "machine: {pes: 1025}",
    "a.yaml:1:16: machine.pes: expected an integer from 1 through 1024"
  ),
  (
    "boolean", "identity: {direct_lpi: yes}",
    "a.yaml:1:24: identity.direct_lpi: expected true or false"
  ),
  (
    "enumeration", "profile: {base: xen}",
    "a.yaml:1:17: profile.base: expected one of architecture, kvm, qemu"
  ),
  (
    "ways do not divide", "timing:\n  device_cache_ways: 3",
    "a.yaml:2:22: timing.device_cache_entries: expected a multiple of timing.device_cache_ways, "
      + "which is 3, not 32"
  ),
  (
    "sets no power of two", "timing:\n  event_cache_entries: 24",
    "a.yaml:2:24: timing.event_cache_entries: expected timing.event_cache_ways, which is 2, times "
      + "a power of two, not 24"
  ),
  (
    "overlap", "machine: {gicd_base: 0x8080000}",
    "a.yaml:1:22: machine.its_bases 0x8080000...0x809ffff overlaps machine.gicd_base "
      + "0x8080000...0x808ffff"
  ),
  (
    "redistributors grow into the ITS", "machine: {gicr_base: 0x8040000, pes: 4}",
    "a.yaml:1:22: machine.gicr_base 0x8040000...0x80bffff overlaps machine.its_bases "
      + "0x8080000...0x809ffff"
  ),
  (
    "misaligned frame", "machine: {its_bases: [0x8081000]}",
    "a.yaml:1:22: machine.its_bases: expected a multiple of 0x10000, not 0x8081000"
  ),
  (
    "above 52 bits", "machine: {gicr_base: 0xfffffffff0000}",
    "a.yaml:1:22: machine.gicr_base: 0xfffffffff0000...0x1000000000ffff "
      + "ends above 52 bits of address"
  ),
  (
    "GICv4 stride", "identity: {gic_version: 4}",
    "a.yaml:1:25: machine.gicr_stride: expected at least 0x40000 with identity.gic_version 4, "
      + "whose redistributors have four frames"
  ),
  (
    "hidden collection width",
    "identity: {shows_collection_id_bits: false, collection_id_bits: 12}",
    "a.yaml:1:65: identity.collection_id_bits: expected 16 while identity.shows_collection_id_bits "
      + "is false, not 12"
  ),
  (
    "affinity twice", "machine: {affinities: [1, 0.0.0.1]}",
    "a.yaml:1:23: machine.affinities: expected affinities that differ; 0.0.0.1 is there twice"
  ),
  (
    "bad affinity", "machine: {affinities: [0x1000000]}",
    "a.yaml:1:23: machine.affinities: expected affinities such as 0.0.1.0 or an MPIDR such as "
      + "0x100, not 0x1000000"
  ),
  (
    "two shapes", "machine: {pes: 2, affinities: [0, 1]}",
    "a.yaml:1:16: machine.pes and machine.affinities exclude each other"
  ),
  (
    "timing is never merely chosen", "timing: {hop_cycles: {value: 1, from: chosen}}",
    "a.yaml:1:39: timing.hop_cycles: from: expected one of documented, measured, assumed"
  ),
  (
    "no value", "timing: {hop_cycles: {from: assumed}}",
    "a.yaml:1:22: timing.hop_cycles: value is missing"
  ),
  (
    "no provenance", "timing: {hop_cycles: {value: 1}}",
    "a.yaml:1:22: timing.hop_cycles: from is missing"
  ),
  (
    "odd annotation", "timing: {hop_cycles: {value: 1, form: assumed}}",
    "a.yaml:1:33: timing.hop_cycles: expected value, from or source beside a value"
  ),
  (
    "shared LPIs of tables in RAM", "profile: {lpis: shared}",
    "a.yaml:1:17: profile.lpis: shared expects profile.tables at_save: what an ITS reads from RAM "
      + "it cannot own"
  ),
  (
    "a number for each PE", "identity: {processor_numbers: [1, 2]}",
    "a.yaml:1:31: identity.processor_numbers: expected 1 numbers, one a PE, not 2"
  ),
  (
    "a number twice", "identity: {processor_numbers: [1, 1]}",
    "a.yaml:1:31: identity.processor_numbers: expected numbers from 0 through 65535 that differ, "
      + "not 1"
  ),
  (
    "an SPI that is not there",
    "profile: {unmapped_msis: interrupt}\nidentity: {it_lines_number: 0}",
    "a.yaml:2:29: identity.unmapped_msi_intid: expected an SPI of the machine, below 32, not 32"
  ),
  ("key twice", "clock: timed\nclock: timed", "a.yaml:1:1: clock is there twice"),
  ("no mapping", "- 1", "a.yaml:1:1: expected keys and values, such as timing: or machine:"),
  ("section is a scalar", "timing: 3", "a.yaml:1:9: timing: expected keys and values"),
  (
    "list for a scalar", "timing: {hop_cycles: [1]}",
    "a.yaml:1:22: timing.hop_cycles: expected an integer from 0 through 2147483648"
  ),
  ("name", "name: [a]", "a.yaml:1:7: name: expected a text"),
]

@Test(arguments: bad)
func `a mistake is named with its place`(_: String, text: String, message: String) {
  #expect { try resolve([layer(text)]) } throws: { "\($0)" == message }
}

@Test(arguments: ["\t: 1", "a: [", "a: b: c", "\"", "*x", "{"])
func `text that is no YAML has a place`(text: String) {
  #expect { try resolve([layer(text)]) } throws: { "\($0)".hasPrefix("a.yaml:") }
}

@Test func `later layers win, and say so`() throws {
  let resolved = try resolve([
    layer("name: first\nabout: one\ntiming: {memory_latency_cycles: 40, hop_cycles: 7}"),
    layer("timing: {memory_latency_cycles: {value: 60, from: measured, source: lab}}", "b.yaml"),
  ])
  #expect(resolved.machine.timing.memoryLatencyCycles == 60)
  #expect(resolved.machine.timing.hopCycles == 7)
  #expect(resolved.name == "first")
  let value = try #require(resolved.values.first { $0.key == "timing.memory_latency_cycles" })
  #expect(
    value
      == ConfiguredValue(
        key: value.key, value: "60", unit: "cycles", provenance: .measured, source: "lab",
        layer: "b.yaml", range: "an integer from 0 through 2147483648"))
  let plain = try #require(resolved.values.first { $0.key == "timing.hop_cycles" })
  #expect(plain.provenance == .assumed && plain.source == "set in a.yaml")
}

@Test func `a source names the file and not its directory`() throws {
  let resolved = try resolve([layer("timing: {hop_cycles: 1}", "/home/a/x.yaml")])
  let value = try #require(resolved.values.first { $0.key == "timing.hop_cycles" })
  #expect(value.source == "set in x.yaml" && value.layer == "/home/a/x.yaml")
}

@Test func `a later count of PEs replaces earlier affinities`() throws {
  let resolved = try resolve([
    layer("machine: {affinities: [7]}"), layer("machine: {pes: 2}", "b.yaml"),
  ])
  #expect(resolved.machine.shape.affinities.map(\.rawValue) == [0, 1])
  #expect(resolved.values.first { $0.key == "machine.affinities" }?.layer == "b.yaml")
}

@Test func `a later base replaces earlier choices, and says so`() throws {
  let resolved = try resolve([
    layer("profile: {quiescent: always, command_errors: stall}"),
    layer("profile: {base: kvm, command_errors: stall}", "b.yaml"),
  ])
  var profile = Profile(base: .kvm)
  profile.commandErrors = .stall
  #expect(resolved.machine.profile == profile)
  let value = try #require(resolved.values.first { $0.key == "profile.quiescent" })
  #expect(value.layer == "b.yaml" && value.provenance == .documented)
  #expect(value.source == "profile.base kvm: Linux arch/arm64/kvm/vgic")
}

@Test func `a combination is judged after all layers`() throws {
  let layers = [
    layer("timing: {device_cache_entries: 12, device_cache_ways: 3}"),
    layer("timing: {device_cache_ways: 2}", "b.yaml"),
  ]
  #expect(throws: Never.self) { try resolve([layers[0]]) }
  #expect(throws: ConfigurationError.self) { try resolve(layers) }
}
