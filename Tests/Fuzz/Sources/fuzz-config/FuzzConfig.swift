// Bytes as the text of a configuration. What resolves is a machine that can be built, if it is not
// a large one.

import FuzzDriver
import GICConfig
import GICModel

private func attempt(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let resolved = try? resolve([ConfigurationLayer(name: "fuzz.yaml", text: text)])
  else { return }
  precondition(!resolved.hash.isEmpty)
  let machine = resolved.machine
  guard machine.shape.affinities.count <= 8, machine.identity.deviceIDBits <= 20,
    machine.identity.intidBits <= 18
  else { return }
  let made = makeMachine(machine)
  _ = made.perform(Access(.read, size: 8, source: 0, address: machine.shape.gicrBase + 8))
}

@main enum FuzzConfig {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
