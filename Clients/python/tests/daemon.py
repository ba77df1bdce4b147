"""A daemon for a test, and a guest that sets its ITS up."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
import tempfile

import itsd

RAM = 0x4000_0000
RAM_SIZE = 16 << 20
_QUEUE, _DEVICES, _COLLECTIONS, _ITTS = RAM, RAM + 0x100000, RAM + 0x200000, RAM + 0x300000
_PROPERTIES, _PENDING = RAM + 0x400000, RAM + 0x500000
_VALID = 1 << 63

PMR = itsd.sysreg(3, 0, 4, 6, 0)
IAR1 = itsd.sysreg(3, 0, 12, 12, 0)
EOIR1 = itsd.sysreg(3, 0, 12, 12, 1)
IGRPEN1 = itsd.sysreg(3, 0, 12, 12, 7)


class Daemon:
    """A running itsd, ended at the end of the with statement."""

    def __init__(self, *arguments: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="itsd-python-")
        self.address = f"unix:{self.folder}/s"
        self.process = subprocess.Popen(
            [os.environ["ITSD"], "--config", "gic600",
             "--log-level", os.environ.get("ITSD_LOG", "critical"),
             "--threads", os.environ.get("ITSD_THREADS", "1"),
             "--listen", self.address, "--listen", "tcp:127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline() for _ in range(2)]
        self.tcp = lines[1].removeprefix("listening on ").strip()

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        status = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        shutil.rmtree(self.folder)
        assert status == 0, f"itsd ended with {status}"

    @property
    def descriptors(self) -> int:
        """How many descriptors the daemon has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    @property
    def resident(self) -> int:
        """The daemon's resident set in bytes."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * mmap.PAGESIZE


class Guest:
    """What a driver does: tables, queue, and LPIs of every PE."""

    def __init__(self, client: itsd.Client, *, shared: bool = True) -> None:
        self.client = client
        self.machine = client.machine
        self.its = self.machine.its_bases[0]
        self.ram = client.ram(RAM, RAM_SIZE) if shared else None
        if not shared:
            client.map(RAM, RAM_SIZE)
        self.queued = 0
        client.write(0, self.machine.gicd_base, 0x12)
        for pe in range(self.machine.pe_count):
            gicr = self.gicr(pe)
            client.write(pe, gicr + 0x14, 0)
            client.write(pe, gicr + 0x70, _PROPERTIES | 15, 8)
            client.write(pe, gicr + 0x78, _PENDING + pe * 0x10000, 8)
            client.write(pe, gicr, 1)
            client.sysreg_write(pe, PMR, 0xF0)
            client.sysreg_write(pe, IGRPEN1, 1)
        for index in range(8):
            table = {1: _DEVICES, 4: _COLLECTIONS}.get(self.read(0x100 + 8 * index) >> 56 & 7)
            if table is not None:
                self.write(0x100 + 8 * index, _VALID | table | 0x20F)
        self.write(0x80, _VALID | _QUEUE | 15)
        client.write(0, self.its, 1)

    def gicr(self, pe: int) -> int:
        return self.machine.gicr_base + pe * self.machine.gicr_stride

    def read(self, offset: int) -> int:
        return self.client.read(0, self.its + offset, 8).value

    def write(self, offset: int, value: int) -> None:
        self.client.write(0, self.its + offset, value, 8)

    def store(self, address: int, data: bytes) -> None:
        if self.ram is not None:
            self.ram[address - RAM : address - RAM + len(data)] = data
        else:
            self.client.mem_write(address, data)

    def target(self, pe: int) -> int:
        if self.read(8) >> 19 & 1:
            return self.gicr(pe) & ~0xFFFF
        return (self.client.read(pe, self.gicr(pe) + 8, 8).value >> 8 & 0xFFFF) << 16

    def command(self, dw0: int, dw1: int = 0, dw2: int = 0) -> None:
        self.store(_QUEUE + 32 * self.queued, struct.pack("<4Q", dw0, dw1, dw2, 0))
        self.queued += 1

    def run(self) -> None:
        """Has the queued commands carried out."""
        self.write(0x88, 32 * self.queued)
        self.client.advance(until=itsd.Until.IDLE)
        assert self.read(0x90) == 32 * self.queued

    def map_event(self, device: int, event: int, lpi: int, pe: int) -> None:
        """An LPI for (device, event) on a PE, whose collection is its number."""
        self.store(_PROPERTIES + lpi - 8192, b"\xa1")
        self.command(device << 32 | 0x08, 7, _VALID | _ITTS + 0x10000 * (device & 15))
        self.command(0x09, 0, _VALID | self.target(pe) | pe)
        self.command(device << 32 | 0x0A, lpi << 32 | event, pe)
        self.command(0x05, 0, self.target(pe))
        self.run()
