"""The socket: bytes to frames and back, and what is heard on the way."""

from __future__ import annotations

import array
import collections
import errno
import os
import select
import socket
from typing import NoReturn

from itsd import wire
from itsd.wire import Flag, Level, Lines, Reply, Slot, SourceKind, Type

_GATHER = 32 << 10


class Error(OSError):
    """What a daemon refuses, or the host: an errno and a sentence."""


class Connection:
    """One connection, blocking, used by one thread at a time."""

    #: Slots that a ring may have; 0: this end has no rings.
    _ring_slots = 0

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
        #: Frames that have been sent, or will be with the next flush.
        self._frames_sent = 0
        #: Something posted over the socket has not been waited for.
        self._is_dirty = False
        self._frame_limit = wire.HELLO_LIMIT
        self._lines: dict[int, Lines] = {}
        self._changed: collections.OrderedDict[int, None] = collections.OrderedDict()
        try:
            self._greet(address, name)
        except BaseException:
            self.close()
            raise
        self._socket.settimeout(None)

    def _greet(self, address: str, name: str) -> None:
        descriptors = wire.DESCRIPTOR_LIMIT if self._is_unix else 0
        slot = Slot(Type.HELLO, a=wire.MAGIC, b=wire.VERSION)
        reply = self._ask(slot, wire.capabilities(name, descriptors, self._ring_slots))
        if reply.value != wire.MAGIC:
            raise Error(errno.EPROTO, f"whoever answers at {address} is no itsd")
        limit = wire.parse_capabilities(reply.tail).get(1, b"")
        if len(limit) == 8:
            self._frame_limit = int.from_bytes(limit, "little")

    def close(self) -> None:
        """Closes without a goodbye: the daemon takes the client for lost."""
        self._socket.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())

    def fileno(self) -> int:
        """For select and poll: readable when something has come."""
        return self._socket.fileno()

    # ---- Requests ----

    def _frame(self, slot: Slot, tail: bytes) -> bytes:
        if self._failure is not None:
            raise self._failure
        self._last_id = slot.id = self._last_id + 1 & 0xFFFF_FFFF
        frame = slot.frame(tail)
        if len(frame) > max(self._frame_limit, wire.HELLO_LIMIT):
            raise Error(
                errno.EMSGSIZE, f"a frame of {len(frame)} bytes; agreed are {self._frame_limit}"
            )
        return frame

    def _append(self, slot: Slot, tail: bytes = b"") -> None:
        self._out += self._frame(slot, tail)
        self._frames_sent += 1

    def _post(self, slot: Slot, tail: bytes = b"") -> None:
        slot.flags |= Flag.NO_REPLY
        self._append(slot, tail)
        self._is_dirty = True
        if len(self._out) >= _GATHER:
            self._send_gathered()

    def _ask(self, slot: Slot, tail: bytes = b"", descriptor: int | None = None) -> Reply:
        if descriptor is not None:
            self._send_gathered()
            frame = self._frame(slot, tail)
            self._frames_sent += 1
            self._send(frame, descriptor)
        else:
            self._append(slot, tail)
            self._send_gathered()
        while self._answer is None:
            self._take_frames()
            if self._answer is None:
                self._receive()
        answer, text = self._answer
        self._answer = None
        self._is_dirty = False
        return self._judge(slot, answer, text)

    def _judge(self, slot: Slot, answer: Slot, text: bytes) -> Reply:
        """The reply to a request, or the error that it is."""
        if (answer.id, answer.type) != (slot.id, slot.type):
            self._fail(Error(errno.EPROTO, "the daemon answered what was not asked"))
        if answer.errno:
            sentence = text.decode(errors="replace")
            if not sentence:
                name = Type(slot.type).name
                sentence = f"{name}: {os.strerror(answer.errno)} (the daemon's log says more)"
            raise Error(answer.errno, sentence)
        reply = Reply.parse(answer, text)
        if reply.levels is not None and slot.attrs >> 4 & 3 == SourceKind.PE:
            self._hear(
                Lines(slot.source, reply.levels, reply.sequence, reply.time, reply.cycle), False
            )
        return reply

    def _fail(self, error: Error) -> NoReturn:
        if self._failure is None:
            self._failure = error
        raise self._failure

    # ---- Bytes ----

    def _send_gathered(self) -> None:
        out, self._out = bytes(self._out), bytearray()
        if out:
            self._send(out)

    def _send(self, data: bytes, descriptor: int | None = None) -> None:
        view = memoryview(data)
        ancillary: list[tuple[int, int, array.array[int]]] = []
        if descriptor is not None:
            if not self._is_unix:
                raise Error(errno.EBADF, "TCP carries no descriptors: map without one")
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

    def _receive_ready(self) -> None:
        """Takes what has come, without waiting."""
        while select.select([self._socket], [], [], 0)[0]:
            self._receive()
        self._take_frames()

    def _receive(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(
                1 << 18, socket.CMSG_SPACE(4 * wire.DESCRIPTOR_LIMIT) if self._is_unix else 0
            )
        except TimeoutError:
            self._fail(Error(errno.ETIMEDOUT, "the daemon does not answer"))
        except OSError as error:
            number = error.errno or errno.ECONNRESET
            self._fail(Error(number, f"the connection is lost: {error.strerror}"))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers = array.array("i")
                numbers.frombytes(content[: len(content) // 4 * 4])
                self._descriptors.extend(numbers)
        if not data:
            text = "the daemon closed the connection; its log says why"
            self._fail(Error(errno.ECONNRESET, text))
        self._received += data
        self._take_frames()

    def _take_frames(self) -> None:
        received = self._received
        at = 0
        while self._answer is None and len(received) - at >= wire.SLOT_SIZE:
            slot = Slot.parse(memoryview(received)[at : at + wire.SLOT_SIZE])
            if slot.size < wire.SLOT_SIZE or slot.size % 8 or slot.size > (1 << 24):
                self._fail(Error(errno.EPROTO, "a frame of the daemon makes no sense"))
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

    def _take_descriptors(self, count: int) -> list[int]:
        """The descriptors that came with the last reply."""
        if len(self._descriptors) != count:
            came = len(self._descriptors)
            while self._descriptors:
                os.close(self._descriptors.popleft())
            raise Error(errno.EBADF, f"{came} descriptors came, and not {count}")
        return [self._descriptors.popleft() for _ in range(count)]

    # ---- Interrupt outputs ----

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
            raise Error(errno.EINVAL, f"'{address}' is neither unix:PATH nor tcp:HOST:PORT")
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    except Error:
        raise
    except OSError as error:
        raise Error(
            error.errno or errno.EIO, f"{address}: {error}; is itsd --listen {address} running?"
        ) from error
