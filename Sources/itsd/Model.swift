// Where the program takes its machines from.

import GICModel
import GICWire

func newMachine(_ configuration: MachineConfiguration) throws(WireError) -> any Machine {
  throw WireError(.eopnotsupp, "GICModel has no machine in this build")
}
