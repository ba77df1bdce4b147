"""One port: two rings of slots in memory that the daemon and this process share.

Python has no atomic accesses. What a ring needs of them is there nonetheless in CPython on x86-64,
and nowhere else, so rings are refused elsewhere:

- A word is one aligned load or store: an item of a memoryview of format "I" is copied by a memcpy
  of four bytes that the C compiler has known the length of.
- Order: the processor shows stores in the order of the program and loads in theirs (total store
  order), and the interpreter carries one after the other out, each behind a call that no compiler
  moves memory accesses over.
- A store before a load of another word, which that order does not give: taking a lock is an atomic
  compare-and-exchange, a full fence.
"""

from __future__ import annotations

import mmap
import os
import platform
import select
import struct
import sys
import threading

from itsd.wire import SLOT_SIZE

#: Whether rings work in this interpreter on this processor.
AVAILABLE = sys.implementation.name == "cpython" and platform.machine() in ("x86_64", "AMD64")

_REQUEST_HEAD, _REQUEST_TAIL, _DAEMON_SLEEPS = 0x40 // 4, 0x80 // 4, 0xC0 // 4
_REPLY_HEAD, _REPLY_TAIL, _CLIENT_SLEEPS = 0x100 // 4, 0x140 // 4, 0x180 // 4
_REQUEST_SLOTS = 0x1000
_WRAP = 0xFFFF_FFFF
_ONE = struct.pack("=Q", 1)
#: Looks before a wait sleeps; alone on one CPU, the daemon cannot run meanwhile.
SPINS = 200 if len(os.sched_getaffinity(0)) > 1 else 0
#: Posted slots are shown in small batches: the daemon works while more are put.
_BATCH = 16


class Ring:
    """This end of a port; ``number`` is its PE's, or a device's first DeviceID."""

    def __init__(self, number: int, slots: int, descriptors: list[int], socket: int) -> None:
        """Takes the three descriptors of PORT_OPEN. Waits hear ``socket``, too."""
        memory, self._daemon_bell, self._bell = descriptors
        self.number = number
        self._slots = slots
        self._replies_at = _REQUEST_SLOTS + slots * SLOT_SIZE
        size = (_REQUEST_SLOTS + 2 * slots * SLOT_SIZE + 4095) & ~4095
        try:
            self._memory = mmap.mmap(memory, size)
        except (OSError, ValueError):
            os.close(self._daemon_bell)
            os.close(self._bell)
            raise
        finally:
            os.close(memory)
        self._bytes = memoryview(self._memory)
        self._words = self._bytes.cast("I")
        self._fence = threading.Lock()
        self._put = self._taken = self._shown = 0
        #: Something posted has not been waited for.
        self.is_dirty = False
        self._socket = socket
        self._poll = select.poll()
        self._poll.register(self._bell, select.POLLIN)
        self._poll.register(socket, select.POLLIN)

    def close(self) -> None:
        """Unmaps it; the daemon is told by PORT_CLOSE."""
        self._words.release()
        self._bytes.release()
        self._memory.close()
        os.close(self._daemon_bell)
        os.close(self._bell)

    # ---- Putting ----

    @property
    def put_count(self) -> int:
        """Slots put, wrapping at 2^32."""
        return self._put

    @property
    def has_room(self) -> bool:
        """Whether another request may be put."""
        return (self._put - self._words[_REQUEST_TAIL]) & _WRAP < self._slots

    def put(self, slot: bytes) -> None:
        """Puts a request where there is room; the daemon sees it with :meth:`publish`."""
        at = _REQUEST_SLOTS + (self._put & self._slots - 1) * SLOT_SIZE
        self._bytes[at : at + SLOT_SIZE] = slot
        self._put = self._put + 1 & _WRAP
        if (self._put - self._shown) & _WRAP >= _BATCH:
            self.publish()

    def publish(self) -> None:
        """Shows what was put and taken, and wakes the daemon if it sleeps."""
        words = self._words
        words[_REQUEST_HEAD] = self._put
        words[_REPLY_TAIL] = self._taken
        self._shown = self._put
        with self._fence:
            pass
        if words[_DAEMON_SLEEPS]:
            try:
                os.write(self._daemon_bell, _ONE)
            except BlockingIOError:
                pass  # One that is full has been rung.

    def show_rest(self) -> None:
        """Shows what has not been shown."""
        if self._put != self._shown:
            self.publish()

    # ---- Taking ----

    @property
    def has_reply(self) -> bool:
        """Whether a reply can be taken."""
        return self._words[_REPLY_HEAD] != self._taken

    def take(self) -> bytes:
        """The next reply: a copy."""
        at = self._replies_at + (self._taken & self._slots - 1) * SLOT_SIZE
        slot = bytes(self._bytes[at : at + SLOT_SIZE])
        self._taken = self._taken + 1 & _WRAP
        return slot

    # ---- Sleeping ----

    def will_sleep(self) -> None:
        """Says that this end will sleep. Afterwards it must look once more before it does."""
        self._words[_CLIENT_SLEEPS] = 1
        with self._fence:
            pass

    def did_wake(self) -> None:
        """This end does not sleep any more."""
        self._words[_CLIENT_SLEEPS] = 0

    def sleep(self, seconds: float | None = None) -> bool:
        """Until the daemon rings, or so long. Returns whether the socket has something."""
        milliseconds = None if seconds is None else max(seconds, 0) * 1000
        heard = [descriptor for descriptor, _ in self._poll.poll(milliseconds)]
        if self._bell in heard:
            try:
                os.read(self._bell, 8)
            except BlockingIOError:
                pass
        return self._socket in heard
