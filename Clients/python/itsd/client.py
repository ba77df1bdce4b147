"""One connection to a daemon, blocking, used by one thread at a time."""

from __future__ import annotations

import array
import collections
import fcntl
import json
import mmap
import os
import select
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, NoReturn

from itsd import wire
from itsd.wire import (
    Flag,
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

_WIDTHS = {1: 0, 2: 1, 4: 2, 8: 3}
# Linux, fcntl(2) "File Sealing"; not in the fcntl module of every Python.
_F_ADD_SEALS, _F_SEAL_SHRINK = 1033, 2
_GATHER = 32 << 10


class Error(OSError):
    """What a daemon refuses, or the host: an errno and a sentence."""


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


class Client:
    """A connection. As a context manager it says goodbye at the end, or closes on an exception."""

    def __init__(self, address: str, name: str = "python", timeout: float = 10.0) -> None:
        """Connects to ``unix:PATH`` or ``tcp:HOST:PORT`` and greets.

        ``timeout`` is how many seconds the daemon may take to greet back. Later calls wait for as
        long as it takes.
        """
        self._socket = _connect(address, timeout)
        self._is_unix = address.startswith("unix:")
        self._received = bytearray()
        self._out = bytearray()
        self._descriptors: collections.deque[int] = collections.deque()
        self._answer: tuple[Slot, bytes] | None = None
        self._failure: Error | None = None
        self._last_id = 0
        self._frame_limit = wire.HELLO_LIMIT
        self._lines: dict[int, Lines] = {}
        self._changed: collections.OrderedDict[int, None] = collections.OrderedDict()
        self._machine: Machine | None = None
        self._page: mmap.mmap | None = None
        #: Picoseconds that requests carry; None: the machine chooses.
        self.now: int | None = None
        try:
            self._greet(address, name)
        except BaseException:
            self.close()
            raise
        self._socket.settimeout(None)

    def _greet(self, address: str, name: str) -> None:
        descriptors = wire.DESCRIPTOR_LIMIT if self._is_unix else 0
        slot = Slot(Type.HELLO, a=wire.MAGIC, b=wire.VERSION)
        reply = self._ask(slot, wire.capabilities(name, descriptors))
        if reply.value != wire.MAGIC:
            raise Error(71, f"whoever answers at {address} is no itsd")
        limit = wire.parse_capabilities(reply.tail).get(1, b"")
        if len(limit) == 8:
            self._frame_limit = int.from_bytes(limit, "little")

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
            raise Error(71, "attach first")
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
            raise Error(71, "the answer to ATTACH makes no sense") from error
        return self._machine

    def leave(self) -> None:
        """Says goodbye, waits until the machine has been left, and closes."""
        try:
            self._ask(Slot(Type.BYE))
        finally:
            self.close()

    def close(self) -> None:
        """Closes without a goodbye: the daemon takes the client for lost."""
        self._socket.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())
        if self._page is not None:
            self._page.close()
            self._page = None

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
            raise Error(71, "the answer to MSI_BATCH makes no sense")
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
            raise Error(6, f"there is no PE {pe}")
        if self._page is not None:
            return self._read_page(pe)
        return self._lines.get(pe, Lines(pe, Level(0), 0, 0, 0))

    def changed_lines(self) -> list[Lines]:
        """PEs whose outputs have changed since the last call, the longest ago first."""
        self.poll()
        changed = [self._lines[pe] for pe in self._changed]
        self._changed.clear()
        return changed

    def wait_for_line(self, pe: int, timeout: float | None = None) -> Lines:
        """Waits until IRQ or FIQ of the PE is high; TimeoutError after ``timeout`` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            self.poll()
            lines = self.lines(pe)
            if lines.levels & (Level.IRQ | Level.FIQ):
                return lines
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"PE {pe} has no interrupt within {timeout} s")
            select.select([self._socket], [], [], left)

    def share_lines(self) -> None:
        """Maps the line page: :meth:`lines` then reads shared memory. Unix sockets only."""
        reply = self._ask(Slot(Type.LINE_PAGE))
        descriptor = self._descriptors.popleft()
        try:
            self._page = mmap.mmap(descriptor, reply.value, prot=mmap.PROT_READ)
        finally:
            os.close(descriptor)

    def _read_page(self, pe: int) -> Lines:
        page = self._page
        assert page is not None
        while True:
            (before,) = struct.unpack_from("<Q", page, 64 * pe + 32)
            summary, cycle, picoseconds, _, _, pending = struct.unpack_from("<6Q", page, 64 * pe)
            (after,) = struct.unpack_from("<Q", page, 64 * pe + 32)
            if before == after and not before & 1:
                intid = pending & 0xFFFF_FFFF
                levels = Level(summary & 0xF)
                return Lines(pe, levels, summary >> 32, picoseconds, cycle, intid)

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

    # ---- Looking inside ----

    def statistics(self) -> Any:
        """The machine's statistics."""
        return json.loads(self._ask(Slot(Type.STATS)).tail)

    def list(self) -> Any:
        """The daemon's machines and clients."""
        return json.loads(self._ask(Slot(Type.LIST)).tail)

    def events(self, first: int = 0, limit: int = 1024) -> tuple[Any, int]:
        """Rejected commands and dropped MSIs from a sequence number on, and where to go on."""
        reply = self._ask(Slot(Type.EVENTS, a=first, b=limit))
        return json.loads(reply.tail), reply.value

    def explain(self, device: int, event: int, address: int = 0) -> Any:
        """The way of an MSI, step by step. Changes nothing."""
        return json.loads(self._ask(self._msi(Type.EXPLAIN, device, event, address)).tail)

    def tables(self, address: int = 0, device: int | None = None, limit: int = 4096) -> Any:
        """The tables of an ITS, decoded; of one device if it is named."""
        slot = Slot(Type.TABLES, a=address, b=limit)
        if device is not None:
            slot.source, slot.attrs = device, SourceKind.DEVICE << 4
        return json.loads(self._ask(slot).tail)

    def registers(self, pe: int) -> Any:
        """All registers of the distributor, of one PE and of the ITSs, read without effect."""
        return json.loads(self._ask(self._access(Type.REGISTERS, pe, 0)).tail)

    # ---- Frames ----

    def _timed(self, slot: Slot) -> Slot:
        if self.now is not None:
            slot.flags |= Flag.TIMED
            slot.time = self.now
        return slot

    def _access(
        self, kind: Type, pe: int, address: int, size: int = 4, value: int = 0
    ) -> Slot:
        if size not in _WIDTHS:
            raise Error(22, f"an access of {size} bytes; 1, 2, 4 or 8 exist")
        attrs = _WIDTHS[size] | SourceKind.PE << 4
        return self._timed(Slot(kind, source=pe, attrs=attrs, a=address, b=value))

    def _msi(self, kind: Type, device: int, event: int, address: int) -> Slot:
        slot = Slot(kind, source=device, attrs=SourceKind.DEVICE << 4, a=address, b=event)
        return self._timed(slot)

    def _frame(self, slot: Slot, tail: bytes) -> bytes:
        if self._failure is not None:
            raise self._failure
        self._last_id = slot.id = self._last_id + 1 & 0xFFFF_FFFF
        frame = slot.frame(tail)
        if len(frame) > max(self._frame_limit, wire.HELLO_LIMIT):
            raise Error(90, f"a frame of {len(frame)} bytes; agreed are {self._frame_limit}")
        return frame

    def _post(self, slot: Slot, tail: bytes = b"") -> None:
        slot.flags |= Flag.NO_REPLY
        self._out += self._frame(slot, tail)
        if len(self._out) >= _GATHER:
            self.flush()

    def _ask(self, slot: Slot, tail: bytes = b"", descriptor: int | None = None) -> Reply:
        frame = self._frame(slot, tail)
        if descriptor is not None:
            self.flush()
            self._send(frame, descriptor)
        else:
            self._out += frame
            self.flush()
        while self._answer is None:
            self._take_frames()
            if self._answer is None:
                self._receive()
        answer, text = self._answer
        self._answer = None
        if (answer.id, answer.type) != (slot.id, slot.type):
            self._fail(Error(71, "the daemon answered what was not asked"))
        if answer.errno:
            raise Error(answer.errno, text.decode(errors="replace"))
        reply = Reply.parse(answer, text)
        if reply.levels is not None and slot.attrs >> 4 & 3 == SourceKind.PE:
            self._hear(
                Lines(slot.source, reply.levels, reply.sequence, reply.time, reply.cycle), False
            )
        return reply

    def flush(self) -> None:
        """Sends what was posted; calls that wait for an answer do so by themselves."""
        out, self._out = bytes(self._out), bytearray()
        if out:
            self._send(out)

    def poll(self) -> None:
        """Sends what was posted, and takes what has come, without waiting."""
        self.flush()
        while select.select([self._socket], [], [], 0)[0]:
            self._receive()
        self._take_frames()

    def fileno(self) -> int:
        """For select and poll: readable when something has come."""
        return self._socket.fileno()

    def _fail(self, error: Error) -> NoReturn:
        if self._failure is None:
            self._failure = error
        raise self._failure

    def _send(self, data: bytes, descriptor: int | None = None) -> None:
        view = memoryview(data)
        ancillary: list[tuple[int, int, array.array[int]]] = []
        if descriptor is not None:
            if not self._is_unix:
                raise Error(9, "TCP carries no descriptors: map without one")
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        while view:
            # What comes meanwhile is taken, so that neither end waits for the other.
            readable, writable, _ = select.select([self._socket], [self._socket], [])
            if readable:
                self._receive()
            if not writable:
                continue
            try:
                sent = self._socket.sendmsg([view], ancillary, socket.MSG_DONTWAIT)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                # The daemon may have said why before it closed.
                while self._failure is None:
                    self._receive()
                raise self._failure from error
            view, ancillary = view[sent:], []

    def _receive(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(
                1 << 18, socket.CMSG_SPACE(4 * wire.DESCRIPTOR_LIMIT) if self._is_unix else 0
            )
        except TimeoutError:
            self._fail(Error(110, "the daemon does not answer"))
        except OSError as error:
            self._fail(Error(error.errno or 104, f"the connection is lost: {error.strerror}"))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers = array.array("i")
                numbers.frombytes(content[: len(content) // 4 * 4])
                self._descriptors.extend(numbers)
        if not data:
            self._fail(Error(104, "the daemon closed the connection; its log says why"))
        self._received += data
        self._take_frames()

    def _take_frames(self) -> None:
        received = self._received
        at = 0
        while self._answer is None and len(received) - at >= wire.SLOT_SIZE:
            slot = Slot.parse(memoryview(received)[at : at + wire.SLOT_SIZE])
            if slot.size < wire.SLOT_SIZE or slot.size % 8 or slot.size > (1 << 24):
                self._fail(Error(71, "a frame of the daemon makes no sense"))
            if len(received) - at < slot.size:
                break
            tail = bytes(received[at + wire.SLOT_SIZE : at + slot.size - slot.padding])
            at += slot.size
            if slot.flags & Flag.REPLY:
                self._answer = slot, tail
            elif slot.type == Type.LINE:
                levels = Level(slot.c & 0xF)
                self._hear(Lines(slot.source, levels, slot.c >> 32, slot.time, slot.d), True)
            elif slot.type == Type.CLOSING:
                self._fail(Error(slot.errno, tail.decode(errors="replace")))
        if at:
            del received[:at]

    def _hear(self, lines: Lines, told: bool) -> None:
        known = self._lines.get(lines.pe)
        newer = known is None or 0 < (lines.sequence - known.sequence) & 0xFFFF_FFFF < 1 << 31
        if newer and (known is not None or lines.sequence):
            self._lines[lines.pe] = lines
            self._changed[lines.pe] = None
        elif told:
            self._changed[lines.pe] = None


def _connect(address: str, timeout: float) -> socket.socket:
    try:
        if address.startswith("unix:"):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(timeout)
            try:
                connection.connect(address[5:])
            except BaseException:
                connection.close()
                raise
            return connection
        host, colon, port = address.removeprefix("tcp:").rpartition(":")
        if not address.startswith("tcp:") or not colon or not port.isdigit():
            raise Error(22, f"'{address}' is neither unix:PATH nor tcp:HOST:PORT")
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    except Error:
        raise
    except OSError as error:
        raise Error(
            error.errno or 5, f"{address}: {error}; is itsd --listen {address} running?"
        ) from error
