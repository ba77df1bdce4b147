import GICArch
import GICConfig
import GICModel
import Testing

@testable import GICReplay

@Test func `a header says the machine's shape`() throws {
  let text = header(
    cpus: 3,
    [
      "affinity": "0x0=0 0x100=2 0x100000203=1", "gicr_stride": "0x40000",
      "arguments": "-M virt,virtualization=on,gic-version=4,its=on -smp 3",
      "alias": "{'4308': ['4300', 0], '4310': ['4300', 2]}",
    ])
  let found = try Trace(text: text, file: "t").header
  #expect(found.name == "tiny")
  #expect(found.cpuCount == 3)
  #expect(found.clock == "ns")
  #expect(found.ramBase == 0x4000_0000)
  #expect(found.ramByteCount == 0x10_0000)
  #expect((found.gicdBase, found.itsBase, found.gicrBase) == (0x800_0000, 0x808_0000, 0x80a_0000))
  #expect(found.gicrStride == 0x4_0000)
  #expect(found.affinities.map(\.rawValue) == [0, 0x0100_0203, 0x100])
  #expect(found.gicVersion == 4)
  #expect(
    found.aliases == [
      DeviceID(rawValue: 0x4308): .init(device: DeviceID(rawValue: 0x4300), firstEvent: 0),
      DeviceID(rawValue: 0x4310): .init(device: DeviceID(rawValue: 0x4300), firstEvent: 2),
    ])
}

private let badHeaders: [(name: String, changes: [String: String?], problem: String)] =
  [
    "name", "cpus", "clock", "ram_base", "ram_size", "gicd_base", "its_base", "gicr_base",
    "gicr_stride", "affinity",
  ].map {
    ("no \($0)", [$0: nil], "t: expected a header line '# \($0): ...', found none")
  } + [
    ("no CPUs", ["cpus": "0"], "t:3: expected 1 through 1024 for 'cpus', found '0'"),
    ("too many CPUs", ["cpus": "1025"], "t:3: expected 1 through 1024 for 'cpus', found '1025'"),
    ("CPUs in words", ["cpus": "two"], "t:3: expected a decimal number for 'cpus', found 'two'"),
    (
      "version 2", ["arguments": "-M virt,gic-version=2"],
      "t:6: expected 'gic-version=3' or 'gic-version=4' for 'arguments', found "
        + "'-M virt,gic-version=2'"
    ),
    (
      "RAM at 1", ["ram_base": "0x1"],
      "t:7: expected a multiple of 1000 for 'ram_base', found '0x1'"
    ),
    (
      "RAM that wraps", ["ram_size": "0x10000000000000"],
      "t:8: expected a multiple of 1000 that ends within 52 address bits for 'ram_size', found "
        + "'0x10000000000000'"
    ),
    (
      "address in words", ["gicd_base": "here"],
      "t:9: expected a hexadecimal number for 'gicd_base', found 'here'"
    ),
    (
      "no redistributors' frames", ["gicr_stride": "0x00000"],
      "t:12: expected a multiple of 10000, at least 20000, for 'gicr_stride', found '0x00000'"
    ),
    (
      "frames that are no pages", ["gicr_stride": "0x20001"],
      "t:12: expected a multiple of 10000, at least 20000, for 'gicr_stride', found '0x20001'"
    ),
    (
      "an affinity is missing", ["affinity": "0x0=0"],
      "t:13: expected '0xAFFINITY=CPU' for each of 2 CPUs, once for 'affinity', found '0x0=0'"
    ),
    (
      "an affinity twice", ["affinity": "0x0=0 0x0=1"],
      "t:13: expected '0xAFFINITY=CPU' for each of 2 CPUs, once for 'affinity', found '0x0=0 0x0=1'"
    ),
    (
      "half an alias", ["alias": "{'4308': ['4300']}"],
      "t:14: expected {'DEVICE': ['DEVICE', FIRST EVENT], ...} for 'alias', found "
        + "'{'4308': ['4300']}'"
    ),
  ]

@Test(arguments: badHeaders.indices)
func `a bad header is named`(row: Int) {
  let (_, changes, problem) = badHeaders[row]
  #expect {
    _ = try Trace(text: header(changes) + "1 0 iar 3ff\n", file: "t")
  } throws: { "\($0)" == problem }
}

private let versions: [(name: String, changes: [String: String?], version: Int)] = [
  ("said", ["arguments": "-M virt,gic-version=4", "gicr_stride": "0x40000"], 4),
  ("not said, two frames", ["arguments": "-M sbsa-ref"], 3),
  ("not said, four frames", ["arguments": "-M sbsa-ref", "gicr_stride": "0x40000"], 4),
  ("no emulator", ["arguments": nil, "gicr_stride": "0x40000"], 4),
]

@Test(arguments: versions.indices)
func `the GIC version is said, or shows in the redistributors`(row: Int) throws {
  let (_, changes, version) = versions[row]
  let found = try Trace(text: header(changes) + "1 0 iar 3ff\n", file: "t").header
  #expect(found.gicVersion == version)
}

@Test func `a file that is no trace is refused at once`() {
  #expect(
    complaint(about: "# something: else\n")
      == "tiny.trace:1: expected '# its-trace 1', found '# something: else'")
  #expect(complaint(about: "") == "tiny.trace: expected a header line '# cpus: ...', found none")
}

@Test func `the header becomes a layer of configuration`() throws {
  let text = header(
    ["affinity": "0x0=0 0x101=1", "arguments": "gic-version=4", "gicr_stride": "0x40000"])
  let found = try Trace(text: text, file: "t").header
  let resolved = try resolve([found.layer(name: "t")])
  let shape = resolved.machine.shape
  #expect(shape.affinities == found.affinities)
  #expect(shape.gicdBase == found.gicdBase)
  #expect(shape.itsBases == [found.itsBase])
  #expect(shape.gicrBase == found.gicrBase)
  #expect(shape.gicrStride == found.gicrStride)
  #expect(resolved.machine.identity.gicVersion == 4)
}

@Test(arguments: ["0x0=0 0x1=1", "0x3=0 0x100000001=1"])
func `a resolved configuration survives being written`(affinity: String) throws {
  let shape = try Trace(text: header(["affinity": affinity]), file: "t").header.layer(name: "t")
  let first = try resolve([
    shape,
    ConfigurationLayer(
      name: "more", text: "clock: timed\ntiming:\n  memory_latency_cycles: 99\n"),
  ])
  let second = try resolve([ConfigurationLayer(name: "written", text: first.yaml)])
  #expect(second.machine == first.machine)
  #expect(second.hash == first.hash)
}
