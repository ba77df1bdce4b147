"""What a connection shares with the daemon beside guest RAM: rings, and the page of lines."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable

from itsd import ring
from itsd.connection import Connection, Error
from itsd.ring import Ring
from itsd.wire import Flag, Level, Lines, Reply, Slot, SourceKind, Type, Until

_BY_SOURCE = frozenset(
    {Type.MMIO_READ, Type.MMIO_WRITE, Type.SYSREG_READ, Type.SYSREG_WRITE, Type.INPUT_LINE}
)
_BY_FIRST = frozenset({Type.MSI, Type.TRANSLATE})


class Ports(Connection):
    """A connection whose accesses may go through rings, in one order with those of its socket."""

    _ring_slots = 1024 if ring.AVAILABLE else 0

    def __init__(self, address: str, name: str = "python", timeout: float = 10.0) -> None:
        self._rings: list[Ring] = []
        self._page: mmap.mmap | None = None
        self._page_words: memoryview | None = None
        super().__init__(address, name, timeout)

    def close(self) -> None:
        """Closes without a goodbye: the daemon takes the client for lost."""
        while self._rings:
            self._rings.pop().close()
        if self._page_words is not None:
            self._page_words.release()
            self._page_words = None
        if self._page is not None:
            self._page.close()
            self._page = None
        super().close()

    # ---- Ports ----

    def open_port(self, number: int, slots: int = 256) -> None:
        """Sends accesses of PE ``number`` through a ring from now on: the same calls.

        A device's client names its first DeviceID. MSIs go through the port that was opened first.
        ``slots`` is a power of two from 2 to 1024. Unix sockets, and CPython on x86-64 only:
        elsewhere EOPNOTSUPP.
        """
        if not ring.AVAILABLE:
            text = "rings need CPython on x86-64, whose order of memory accesses they rely on"
            raise Error(errno.EOPNOTSUPP, text)
        self.share_lines()
        self._ask(Slot(Type.PORT_OPEN, source=number, attrs=SourceKind.PE << 4, a=slots))
        descriptors = self._take_descriptors(3)
        self._rings.append(Ring(number, slots, descriptors, self.fileno()))

    def close_port(self, number: int) -> None:
        """Ends a port: accesses of that PE go over the socket again."""
        found = self._ring_of(number)
        if found is None:
            raise Error(errno.ENXIO, f"there is no port {number}")
        try:
            self._ask(Slot(Type.PORT_CLOSE, source=number, attrs=SourceKind.PE << 4))
        finally:
            self._rings.remove(found)
            found.close()

    def flush(self) -> None:
        """Sends what was posted; calls that wait for an answer do so by themselves."""
        for each in self._rings:
            each.show_rest()
        self._send_gathered()

    def poll(self) -> None:
        """Sends what was posted, and takes what has come, without waiting."""
        self.flush()
        self._receive_ready()

    def _ring_of(self, number: int) -> Ring | None:
        return next((each for each in self._rings if each.number == number), None)

    def _route(self, slot: Slot) -> Ring | None:
        """The ring that a request goes through; None: the socket."""
        if not self._rings:
            return None
        if slot.type in _BY_SOURCE:
            return self._ring_of(slot.source)
        if slot.type == Type.TIME_ADVANCE:
            return self._ring_of(slot.source) if slot.b == Until.LINE_RAISED else self._rings[0]
        return self._rings[0] if slot.type in _BY_FIRST else None

    # ---- One order ----

    def _wait(self, through: Ring, ready: Callable[[], bool], spins: int) -> None:
        for _ in range(spins):
            if ready():
                return
        while True:
            through.will_sleep()
            try:
                if ready():
                    return
                if through.sleep():
                    self._receive_ready()
            finally:
                through.did_wake()

    def _put(self, through: Ring, slot: Slot) -> None:
        if self._failure is not None:
            raise self._failure
        if not through.has_room:
            through.publish()
            # A ring that is full is being worked on: room comes soon.
            self._wait(through, lambda: through.has_room, 10 * ring.SPINS)
        through.put(slot.frame())

    def _fence_rings(self, beside: Ring | None = None) -> None:
        """What was posted through rings comes before what the socket brings next."""
        for each in self._rings:
            if each is beside or not each.is_dirty:
                continue
            each.publish()
            each.is_dirty = False
            fence = Slot(Type.PORT_FENCE, Flag.NO_REPLY, source=each.number, a=each.put_count)
            self._append(fence)
            self._is_dirty = True

    def _fence_others(self, through: Ring) -> None:
        """What was posted otherwise comes before what this ring brings next."""
        self._fence_rings(beside=through)
        if not self._is_dirty:
            return
        self._send_gathered()
        self._is_dirty = False
        fence = Slot(Type.PORT_FENCE, Flag.NO_REPLY, source=through.number, a=self._frames_sent)
        self._put(through, fence)

    def _post(self, slot: Slot, tail: bytes = b"") -> None:
        through = None if tail else self._route(slot)
        if through is None:
            self._fence_rings()
            super()._post(slot, tail)
            return
        self._fence_others(through)
        slot.flags |= Flag.NO_REPLY
        self._put(through, slot)
        through.is_dirty = True

    def _ask(self, slot: Slot, tail: bytes = b"", descriptor: int | None = None) -> Reply:
        through = None if tail or descriptor is not None else self._route(slot)
        if through is None:
            self._fence_rings()
            return super()._ask(slot, tail, descriptor)
        self._fence_others(through)
        self._last_id = slot.id = self._last_id + 1 & 0xFFFF_FFFF
        self._put(through, slot)
        through.publish()
        self._wait(through, lambda: through.has_reply, ring.SPINS)
        answer = Slot.parse(through.take())
        through.is_dirty = False
        return self._judge(slot, answer, b"")

    def _promise_through_rings(self, picoseconds: int) -> None:
        for each in self._rings:
            self._put(each, Slot(Type.TIME_PROMISE, Flag.NO_REPLY, a=picoseconds))
            each.publish()

    # ---- The page of lines ----

    def share_lines(self) -> None:
        """Maps the line page: ``lines`` then reads shared memory. Unix sockets only."""
        if self._page is not None:
            return
        reply = self._ask(Slot(Type.LINE_PAGE))
        (descriptor,) = self._take_descriptors(1)
        try:
            self._page = mmap.mmap(descriptor, reply.value, prot=mmap.PROT_READ)
            self._page_words = memoryview(self._page).cast("Q")
        finally:
            os.close(descriptor)

    def _read_page(self, pe: int) -> Lines:
        words = self._page_words
        assert words is not None
        at = 8 * pe
        while True:
            before = words[at + 4]
            summary, cycle, picoseconds, _, _, pending = words[at : at + 6]
            # The count is odd while the others change, and another one afterwards.
            if words[at + 4] == before and not before & 1:
                intid = pending & 0xFFFF_FFFF
                levels = Level(summary & 0xF)
                return Lines(pe, levels, summary >> 32, picoseconds, cycle, intid)

    def _hear_page(self) -> None:
        """Lines of PEs with a port: no message tells of them."""
        for each in self._rings:
            if 8 * each.number < len(self._page_words or b""):
                self._hear(self._read_page(each.number), False)
