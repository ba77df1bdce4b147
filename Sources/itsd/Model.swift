// Where the program takes its machines from.

import GICModel
import GICWire

func newMachine(_ configuration: MachineConfiguration) throws(WireError) -> any Machine {
  makeMachine(configuration)
}
