"""A guest whose monitor saves and restores it as one of KVM's does: by device attributes."""

from __future__ import annotations

import struct

import itsd
from itsd import kvm
from tests.daemon import IAR1, IGRPEN1, PMR, RAM, Guest

DEVICES, COLLECTIONS, ITTS = RAM + 0x100000, RAM + 0x200000, RAM + 0x300000
PROPERTIES, PENDING, LEVEL2 = RAM + 0x400000, RAM + 0x500000, RAM + 0x600000
#: Room for 16 bits of EventIDs.
LARGE_ITT = RAM + 0x800000
VALID = 1 << 63
CTLR, IIDR, CBASER, CWRITER, CREADR, BASER0, BASER1 = 0, 4, 0x80, 0x88, 0x90, 0x100, 0x108

ITS, VGIC = kvm.KVM_DEV_TYPE_ARM_VGIC_ITS, kvm.KVM_DEV_TYPE_ARM_VGIC_V3
CTRL, ITS_REGS = kvm.KVM_DEV_ARM_VGIC_GRP_CTRL, kvm.KVM_DEV_ARM_VGIC_GRP_ITS_REGS
REDIST, SYSREGS = kvm.KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, kvm.KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS
DIST = kvm.KVM_DEV_ARM_VGIC_GRP_DIST_REGS
SAVE, RESTORE = kvm.KVM_DEV_ARM_ITS_SAVE_TABLES, kvm.KVM_DEV_ARM_ITS_RESTORE_TABLES
RESET = kvm.KVM_DEV_ARM_ITS_CTRL_RESET
SAVE_PENDING = kvm.KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES

Attribute = tuple[int, int, int, int | None]


def dte(itt: int, bits: int = 8, following: int = 0) -> int:
    """V[63], next[62:49], ITT_addr[48:5] = PA[51:8], Size[4:0] = bits - 1."""
    return VALID | following << 49 | itt >> 8 << 5 | bits - 1


def ite(lpi: int, collection: int, following: int = 0) -> int:
    """next[63:48], pINTID[47:16], ICID[15:0]."""
    return following << 48 | lpi << 16 | collection


def cte(collection: int, target: int) -> int:
    """V[63], RDBase[51:16], ICID[15:0]."""
    return VALID | target << 16 | collection


def itt(device: int) -> int:
    """Where :meth:`Guest.map_event` has a device's table."""
    return ITTS + 0x10000 * (device & 15)


class Monitor(Guest):
    """A guest, and who saves it."""

    def word(self, address: int) -> int:
        assert self.ram is not None
        return int(struct.unpack_from("<Q", self.ram, address - RAM)[0])

    def put(self, address: int, word: int) -> None:
        self.store(address, struct.pack("<Q", word))

    # ---- Commands ----

    def mapd(self, device: int, table: int | None = None, bits: int = 8) -> None:
        valid = VALID | (itt(device) if table is None else table)
        self.command(device << 32 | 0x08, bits - 1, valid)

    def unmapd(self, device: int) -> None:
        self.command(device << 32 | 0x08)

    def mapc(self, collection: int, pe: int) -> None:
        self.command(0x09, 0, VALID | pe << 16 | collection)

    def unmapc(self, collection: int) -> None:
        self.command(0x09, 0, collection)

    def mapti(self, device: int, event: int, lpi: int, collection: int) -> None:
        self.store(PROPERTIES + lpi - 8192, b"\xa1")
        self.command(device << 32 | 0x0A, lpi << 32 | event, collection)

    def discard(self, device: int, event: int) -> None:
        self.command(device << 32 | 0x0F, event)

    def take(self, pe: int) -> int:
        """Acknowledges and ends; 1023 is none."""
        intid = self.client.sysreg_read(pe, IAR1).value
        if intid != 1023:
            self.client.sysreg_write(pe, itsd.sysreg(3, 0, 12, 12, 1), intid)
        return intid

    # ---- Attributes ----

    def its_register(self, offset: int, value: int | None = None) -> int:
        if value is None:
            return self.client.get_device_attr(ITS, ITS_REGS, offset)
        self.client.set_device_attr(ITS, ITS_REGS, offset, value)
        return value

    def do(self, control: int, device: int = ITS) -> None:
        self.client.set_device_attr(device, CTRL, control)

    def save(self) -> None:
        self.do(SAVE)

    def restore(self) -> None:
        self.do(RESTORE)

    def names(self) -> list[tuple[int, int, int]]:
        """The attributes of a save, in the order in which they are restored."""
        names = [(VGIC, DIST, 0)]
        for affinity in self.machine.affinities:
            pe = affinity << kvm.KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT
            names += [(VGIC, REDIST, pe | at) for at in (0x70, 0x74, 0x78, 0x7C, 0x14, 0)]
        for affinity in self.machine.affinities:
            pe = affinity << kvm.KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT
            names += [(VGIC, SYSREGS, pe | key) for key in (PMR, IGRPEN1)]
        names += [(ITS, ITS_REGS, at) for at in (IIDR, CBASER, CREADR, CWRITER)]
        names += [(ITS, ITS_REGS, BASER0 + 8 * n) for n in range(8)]
        return names + [(ITS, CTRL, RESTORE), (ITS, ITS_REGS, CTLR)]

    def image(self) -> list[Attribute]:
        """Saves pending tables and tables into RAM, and reads the registers."""
        self.do(SAVE_PENDING, VGIC)
        self.save()
        return [
            (*name, None if name[1] == CTRL else self.client.get_device_attr(*name))
            for name in self.names()
        ]

    def apply(self, image: list[Attribute]) -> None:
        for device, group, attr, value in image:
            self.client.set_device_attr(device, group, attr, value)

    def empty(self) -> None:
        """No mappings, the ITS off, its tables described: what a restore begins with."""
        self.do(RESET)
        self.its_register(BASER0, VALID | DEVICES | 0x207)
        self.its_register(BASER1, VALID | COLLECTIONS | 0x200)
        self.its_register(CBASER, VALID | RAM | 15)
        self.queued = 0

    def enable(self) -> None:
        self.its_register(CTLR, 1)

    def wipe(self, *words: tuple[int, int]) -> None:
        """Tables of zeros, but for these words; the first LPIs are enabled."""
        self.store(PROPERTIES, b"\xa1" * 8)
        self.store(DEVICES, bytes(0x80000))
        self.store(COLLECTIONS, bytes(0x10000))
        self.store(ITTS, bytes(0x100000))
        for address, word in words:
            self.put(address, word)
