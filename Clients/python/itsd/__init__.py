"""A client of itsd, the simulator of Arm's GICv3 interrupt translation service.

    import itsd

    with itsd.Client("unix:/tmp/its.sock") as client:
        machine = client.attach("demo", yaml="clock: timed")
        ram = client.ram(0x4000_0000, 16 << 20)
        typer = client.read(0, machine.its_bases[0] + 8, 8).value
"""

from itsd import kvm
from itsd.client import Client, MSIRecord, WriteRecord
from itsd.connection import Error
from itsd.wire import (
    NONE,
    Bus,
    Level,
    Lines,
    Machine,
    Outcome,
    OutcomeKind,
    Reply,
    Role,
    TimeMode,
    Until,
    sysreg,
)

__all__ = [
    "NONE",
    "Bus",
    "Client",
    "Error",
    "Level",
    "Lines",
    "MSIRecord",
    "Machine",
    "Outcome",
    "OutcomeKind",
    "Reply",
    "Role",
    "TimeMode",
    "Until",
    "WriteRecord",
    "kvm",
    "sysreg",
]
