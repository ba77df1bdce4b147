// Where the program takes its machines from.

import GICModel

func newMachine(_ configuration: MachineConfiguration) -> any Machine {
  preconditionFailure("GICModel has no machine in this build")
}
