"""The calls: what a program asks of a machine."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import select
import struct
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import NamedTuple

from itsd import wire
from itsd.connection import Error
from itsd.inspection import Inspection
from itsd.wire import (
    Level,
    Lines,
    Machine,
    Outcome,
    Reply,
    Role,
    Slot,
    SourceKind,
    TimeMode,
    Type,
    Until,
)

# Linux, fcntl(2) "File Sealing"; not in the fcntl module of every Python.
_F_ADD_SEALS, _F_SEAL_SHRINK = 1033, 2


class MSIRecord(NamedTuple):
    """One MSI of a batch."""

    device: int
    event: int
    #: In the frame of the ITS meant; 0: the only one.
    address: int = 0
    #: Picoseconds; NONE: the time of the whole batch.
    time: int = wire.NONE


class WriteRecord(NamedTuple):
    """One register write of a batch."""

    address: int
    data: int
    size: int = 4
    pe: int = 0


class Client(Inspection):
    """A connection. As a context manager it says goodbye at the end, or closes on an exception."""

    def __init__(self, address: str, name: str = "python", timeout: float = 10.0) -> None:
        """Connects to ``unix:PATH`` or ``tcp:HOST:PORT`` and greets.

        ``timeout`` is how many seconds the daemon may take to greet back. Later calls wait for as
        long as it takes.
        """
        self._machine: Machine | None = None
        #: Picoseconds that requests carry; None: the machine chooses.
        self.now: int | None = None
        super().__init__(address, name, timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self._failure is None and self._socket.fileno() >= 0:
            self.leave()
        else:
            self.close()

    # ---- Coming and going ----

    @property
    def machine(self) -> Machine:
        """The machine's shape, once attached."""
        if self._machine is None:
            raise Error(errno.EPROTO, "attach first")
        return self._machine

    def attach(
        self,
        machine: str,
        *,
        yaml: str = "",
        role: Role = Role.CONTROL,
        source: int = 0,
        count: int = 0,
        time_mode: TimeMode = TimeMode.FREE,
        lines: bool = True,
        keep: bool = False,
        fresh: bool = False,
    ) -> Machine:
        """Attaches to a machine; control creates it if it is not there.

        ``yaml`` lies over the daemon's own configuration. ``source`` is the Processor_Number of a
        PE, or the first DeviceID of a device, which has ``count`` of them (0: all from there).
        ``lines`` asks for messages about outputs, ``keep`` lets the machine stay when nobody is
        attached, ``fresh`` makes a machine whose control was lost anew.
        """
        name = machine.encode()
        options = (not lines) | keep << 1 | time_mode << 2 | fresh << 4
        kinds = {Role.PE: SourceKind.PE, Role.DEVICE: SourceKind.DEVICE}
        slot = Slot(
            Type.ATTACH, source=source, attrs=kinds.get(role, SourceKind.NONE) << 4, a=role,
            b=len(name), c=count, d=options,
        )  # fmt: skip
        reply = self._ask(slot, name + yaml.encode())
        try:
            self._machine = Machine.parse(reply.value, reply.latency, reply.tail)
        except (ValueError, struct.error) as error:
            raise Error(errno.EPROTO, "the answer to ATTACH makes no sense") from error
        return self._machine

    def leave(self) -> None:
        """Says goodbye, waits until the machine has been left, and closes."""
        try:
            self._ask(Slot(Type.BYE))
        finally:
            self.close()

    # ---- Memory ----

    def ram(self, address: int, size: int) -> mmap.mmap:
        """Makes RAM of ``size`` bytes at ``address``, shared with the daemon, and maps it here."""
        descriptor = os.memfd_create("guest-ram", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, size)
            fcntl.fcntl(descriptor, _F_ADD_SEALS, _F_SEAL_SHRINK)
            self.map(address, size, descriptor)
            return mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)

    def map(
        self, address: int, size: int, descriptor: int | None = None, offset: int = 0
    ) -> None:
        """Makes a memfd from ``offset`` on RAM at ``address``; None: the daemon holds RAM there."""
        slot = Slot(
            Type.MEM_MAP, descriptors=0 if descriptor is None else 1, a=address, b=size, c=offset
        )
        self._ask(slot, descriptor=descriptor)

    def unmap(self, address: int) -> None:
        """Ends the range that begins at ``address``."""
        self._ask(Slot(Type.MEM_UNMAP, a=address))

    def mem_read(self, address: int, count: int) -> bytes:
        """Reads guest RAM through the daemon."""
        pieces = []
        limit = self._frame_limit - wire.SLOT_SIZE
        for done in range(0, count, limit):
            size = min(limit, count - done)
            pieces.append(self._ask(Slot(Type.MEM_READ, a=address + done, b=size)).tail)
        return b"".join(pieces)

    def mem_write(self, address: int, data: bytes) -> None:
        """Writes guest RAM through the daemon."""
        limit = self._frame_limit - wire.SLOT_SIZE
        for done in range(0, len(data), limit):
            self._ask(Slot(Type.MEM_WRITE, a=address + done), data[done : done + limit])

    def dirty(self, address: int, size: int, *, take: bool = True) -> list[int]:
        """Addresses of the pages of 4096 bytes in a range of RAM that the daemon has written since
        they were last taken. With ``take`` false they are told again next time."""
        pages = []
        limit = (self._frame_limit - wire.SLOT_SIZE) * 8 * 4096
        for done in range(0, size, limit):
            slot = Slot(
                Type.MEM_DIRTY, a=address + done, b=min(limit, size - done), c=int(not take)
            )
            for index, (word,) in enumerate(struct.iter_unpack("<Q", self._ask(slot).tail)):
                first = address + done + 64 * 4096 * index
                pages += [first + 4096 * bit for bit in range(64) if word >> bit & 1]
        return pages

    # ---- Accesses ----

    def read(self, pe: int, address: int, size: int = 4) -> Reply:
        """Reads a register as PE ``pe``; the reply's ``value``."""
        return self._ask(self._access(Type.MMIO_READ, pe, address, size))

    def write(self, pe: int, address: int, value: int, size: int = 4) -> Reply:
        """Writes a register as PE ``pe``."""
        return self._ask(self._access(Type.MMIO_WRITE, pe, address, size, value))

    def post_write(self, pe: int, address: int, value: int, size: int = 4) -> None:
        """The same without an answer: not even an error is reported."""
        self._post(self._access(Type.MMIO_WRITE, pe, address, size, value))

    def write_batch(self, writes: Iterable[WriteRecord]) -> Reply:
        """Writes all; ``value`` is the index of the first that the bus did not answer, or how many
        there were."""
        tail = b"".join(struct.pack("<QQII", w.address, w.data, w.size, w.pe) for w in writes)
        return self._ask(self._timed(Slot(Type.WRITE_BATCH)), tail)

    def sysreg_read(self, pe: int, key: int) -> Reply:
        """Reads a system register of PE ``pe``; ``key`` is from :func:`itsd.sysreg`."""
        return self._ask(self._access(Type.SYSREG_READ, pe, key))

    def sysreg_write(self, pe: int, key: int, value: int) -> Reply:
        """Writes a system register of PE ``pe``."""
        return self._ask(self._access(Type.SYSREG_WRITE, pe, key, value=value))

    # ---- Interrupts ----

    def msi(self, device: int, event: int, address: int = 0) -> Outcome:
        """Sends an MSI and says what became of it."""
        return Outcome.parse(self._ask(self._msi(Type.MSI, device, event, address)).value)

    def post_msi(self, device: int, event: int, address: int = 0) -> None:
        """Sends an MSI and does not wait."""
        self._post(self._msi(Type.MSI, device, event, address))

    def msi_batch(self, msis: Sequence[MSIRecord]) -> list[Outcome]:
        """Sends MSIs in one frame."""
        tail = b"".join(struct.pack("<QQII", m.time, m.address, m.device, m.event) for m in msis)
        reply = self._ask(self._timed(Slot(Type.MSI_BATCH)), tail)
        if len(reply.tail) != 8 * len(msis):
            raise Error(errno.EPROTO, "the answer to MSI_BATCH makes no sense")
        return [Outcome.parse(word) for (word,) in struct.iter_unpack("<Q", reply.tail)]

    def translate(self, device: int, event: int, address: int = 0) -> Outcome:
        """What an MSI would do now. Changes nothing."""
        return Outcome.parse(self._ask(self._msi(Type.TRANSLATE, device, event, address)).value)

    def input_line(self, pe: int, intid: int, level: bool) -> Reply:
        """Drives a PPI of ``pe``, or an SPI."""
        return self._ask(self._access(Type.INPUT_LINE, pe, intid, value=int(level)))

    def lines(self, pe: int) -> Lines:
        """The newest that is known of a PE's outputs. Does not wait."""
        if not 0 <= pe < self.machine.pe_count:
            raise Error(errno.ENXIO, f"there is no PE {pe}")
        if self._page is not None:
            return self._read_page(pe)
        return self._lines.get(pe, Lines(pe, Level(0), 0, 0, 0))

    def changed_lines(self) -> list[Lines]:
        """PEs whose outputs have changed since the last call, the longest ago first."""
        self.poll()
        self._hear_page()
        changed = [self._lines[pe] for pe in self._changed]
        self._changed.clear()
        return changed

    def wait_for_line(self, pe: int, timeout: float | None = None) -> Lines:
        """Waits until IRQ or FIQ of the PE is high; TimeoutError after ``timeout`` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        port = self._ring_of(pe)
        while True:
            self.poll()
            if port is not None:
                port.will_sleep()
            try:
                lines = self.lines(pe)
                if lines.levels & (Level.IRQ | Level.FIQ):
                    return lines
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"PE {pe} has no interrupt within {timeout} s")
                if port is not None:
                    port.sleep(left)
                else:
                    select.select([self], [], [], left)
            finally:
                if port is not None:
                    port.did_wake()

    # ---- Time and the machine ----

    def advance(
        self, limit: int | None = None, until: Until = Until.LIMIT, pe: int = 0
    ) -> Reply:
        """Lets time pass to ``limit`` picoseconds or until the condition holds; ``value`` is the
        time reached. Only :attr:`Until.IDLE` may go without a limit."""
        kind = SourceKind.PE if until == Until.LINE_RAISED else SourceKind.NONE
        slot = Slot(
            Type.TIME_ADVANCE, source=pe if kind else 0, attrs=kind << 4,
            a=wire.NONE if limit is None else limit, b=until,
        )  # fmt: skip
        return self._ask(self._timed(slot))

    def promise(self, picoseconds: int) -> Reply:
        """Conservative time: nothing will be asked for before ``picoseconds``."""
        self._promise_through_rings(picoseconds)
        return self._ask(Slot(Type.TIME_PROMISE, a=picoseconds))

    def flush_tables(self) -> None:
        """Makes the pending tables in guest RAM exact."""
        self._ask(Slot(Type.FLUSH))

    def reset(self) -> None:
        """As after power-on; RAM stays mapped."""
        self._ask(Slot(Type.RESET))

    def quiesce(self) -> None:
        """Lets everything under way end, and holds the machine until :meth:`resume`."""
        self._ask(Slot(Type.QUIESCE))

    def resume(self) -> None:
        """Lets a quiesced machine go on."""
        self._ask(Slot(Type.RESUME))

    def save(self) -> bytes:
        """The whole machine but guest RAM as the bytes of a file, as ``itsctl save`` writes it."""
        count = self._ask(Slot(Type.SNAPSHOT_SAVE)).value
        limit = self._frame_limit - wire.SLOT_SIZE
        pieces = []
        for done in range(0, count, limit):
            size = min(limit, count - done)
            pieces.append(self._ask(Slot(Type.SNAPSHOT_READ, a=done, b=size)).tail)
        return b"".join(pieces)

    def restore(self, data: bytes) -> None:
        """The machine, quiesced, becomes the one in ``data``. Then map its RAM as it was, and
        :meth:`resume`."""
        limit = self._frame_limit - wire.SLOT_SIZE
        for done in range(0, len(data), limit):
            slot = Slot(Type.SNAPSHOT_WRITE, a=done, b=len(data))
            self._ask(slot, data[done : done + limit])
        self._ask(Slot(Type.SNAPSHOT_RESTORE))

    def checkpoint(self) -> int:
        """The machine goes to the daemon's folder now; how many requests of this role, of those
        that count, it has carried out."""
        return self._ask(Slot(Type.CHECKPOINT)).value

    # ---- Device attributes: KVM_HAS_DEVICE_ATTR and its like; see itsd.kvm ----

    def has_device_attr(self, device: int, group: int, attr: int, number: int = 0) -> None:
        """Whether a device has an attribute; an :class:`Error` with KVM's errno if not.

        :param device: KVM's device type; ``number`` is which ITS.
        """
        self._attribute(Type.DEVICE_HAS, device, group, attr, number, None)

    def get_device_attr(
        self, device: int, group: int, attr: int, number: int = 0, value: int = 0
    ) -> int:
        """What an attribute holds; ``value`` is what the caller's memory held before."""
        return self._attribute(Type.DEVICE_GET, device, group, attr, number, value)

    def set_device_attr(
        self, device: int, group: int, attr: int, value: int | None = None, number: int = 0
    ) -> None:
        """Writes an attribute, or does what it stands for; then there is no value."""
        self._attribute(Type.DEVICE_SET, device, group, attr, number, value)

    def _attribute(
        self, what: Type, device: int, group: int, attr: int, number: int, value: int | None
    ) -> int:
        slot = Slot(
            what, source=number, a=attr, b=value or 0, c=device << 32 | group,
            d=0 if value is None else 1,
        )  # fmt: skip
        return self._ask(slot).value
