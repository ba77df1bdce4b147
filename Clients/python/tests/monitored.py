"""What tests of saving share: a machine as KVM's, and a monitor that works it."""

from __future__ import annotations

from itsd import OutcomeKind, kvm
from tests.daemon import RAM, RAM_SIZE, Daemon
from tests.monitor import (
    BASER0, COLLECTIONS, CTLR, DEVICES, LEVEL2, VALID, Monitor, cte, dte, itt, ite,
)  # fmt: skip
from tests.test_client import Attached

YAML = "machine: {pes: 4}\n"
LPI = 8192
#: Collection 1 at PE 1; device 0 with 8 bits of events; its event 0 is LPI 8192.
GOOD = ((COLLECTIONS, cte(1, 1)), (DEVICES, dte(itt(0))), (itt(0), ite(LPI, 1)))


class Monitored(Attached):
    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = cls.enterClassContext(Daemon("--config", "kvm"))

    def guest(self, yaml: str = YAML) -> Monitor:
        return Monitor(self.attached(yaml))

    def indirect(self) -> Monitor:
        """A device table of two levels, whose pages 0 and 2 are there."""
        guest = self.guest()
        guest.its_register(CTLR, 0)
        guest.its_register(BASER0, VALID | 1 << 62 | DEVICES | 0x200)
        for page in (0, 2):
            guest.put(DEVICES + 8 * page, VALID | LEVEL2 + 0x10000 * page)
        guest.enable()
        return guest

    def move(self, guest: Monitor) -> Monitor:
        """To another machine with RAM of its own."""
        image = guest.image()
        client = self.connect()
        client.attach(self.name[-60:] + "-to", yaml=YAML)
        other = Monitor.__new__(Monitor)
        other.client, other.machine = client, client.machine
        other.its, other.queued = client.machine.its_bases[0], guest.queued
        other.ram = client.ram(RAM, RAM_SIZE)
        assert guest.ram is not None
        other.ram[:] = guest.ram[:]
        other.apply(image)
        return other

    def assertDelivered(self, guest: Monitor, device: int, event: int, lpi: int, pe: int) -> None:
        self.assertEqual(guest.client.msi(device, event).kind, OutcomeKind.SET)
        self.assertEqual(guest.take(pe), lpi)

    def assertOutcome(self, guest: Monitor, device: int, event: int, kind: OutcomeKind) -> None:
        self.assertEqual(guest.client.msi(device, event).kind, kind)
