import GICModel
import Testing

@testable import GICConfig

private func errors(_ texts: String...) -> [ConfigurationError] {
  check(texts.enumerated().map { ConfigurationLayer(name: "\($0).yaml", text: $1) }).errors
}

@Test func `a check tells every mistake, in the order of the file, as compilers do`() {
  let found = errors(
    """
    about: all wrong
    clock: fast
    timing:
      hop_cycels: 1
      translation_slots: 0
      link_beats: 4
      memory_latency_cycles: {value: 1}
    machine: {pes: 0}
    """)
  #expect(
    found.map(\.description) == [
      "0.yaml:2:8: clock: expected one of functional, timed",
      "0.yaml:4:3: unknown key timing.hop_cycels; nearest: timing.hop_cycles, an integer from 0 "
        + "through 2147483648",
      "0.yaml:5:22: timing.translation_slots: expected an integer from 1 through 4096",
      "0.yaml:7:26: timing.memory_latency_cycles: from is missing",
      "0.yaml:8:16: machine.pes: expected an integer from 1 through 1024",
    ])
}

@Test func `a mistake names the key, the nearest one and what it may be`() throws {
  let unknown = try #require(errors("timing: {link_credit: 1}").first)
  #expect(unknown.key == "timing.link_credit" && unknown.nearest == "timing.link_credits")
  #expect(unknown.range == "an integer from 1 through 4096")
  let unfit = try #require(errors("timing: {link_credits: 0}").first)
  #expect(unfit.key == "timing.link_credits" && unfit.nearest == nil)
  #expect(unfit.range == "an integer from 1 through 4096")
  let section = try #require(errors("timng: {}").first)
  #expect(section.nearest == "timing" && section.range == nil)
}

@Test func `combinations are judged only where every key is right`() throws {
  #expect(errors("timing: {device_cache_ways: 3}").map(\.key) == ["timing.device_cache_entries"])
  let both = errors("timing: {device_cache_ways: 3, hop_cycles: -1}")
  #expect(both.map(\.key) == ["timing.hop_cycles"])
}

@Test func `a layer that is no table of keys ends the check`() {
  let found = errors("- 1", "timing: {hop_cycles: -1}")
  #expect(found.count == 1 && found[0].file == "0.yaml")
  #expect(errors("", "name: x").isEmpty)
}

@Test func `what a check finds first is what a resolution throws`() {
  let text = "clock: fast\ntiming: {hop_cycles: -1}"
  #expect(throws: errors(text)[0]) {
    try resolve([ConfigurationLayer(name: "0.yaml", text: text)])
  }
}

@Test(arguments: Settings.all)
func `a setting says what it may be, and refuses the rest in these words`(setting: Setting) {
  var machine = MachineConfiguration()
  #expect(!setting.expected.isEmpty)
  #expect {
    try setting.write(&machine, .scalar("neither a number nor a name"))
  } throws: { ($0 as? Unfit)?.expected == setting.expected }
}
