"""Requests in the making: whom they act for, how wide they are, and when they happen."""

from __future__ import annotations

import errno

from itsd.connection import Error
from itsd.ports import Ports
from itsd.wire import Flag, Slot, SourceKind, Type

_WIDTHS = {1: 0, 2: 1, 4: 2, 8: 3}


class Requests(Ports):
    """A connection that knows what time it is for the program."""

    #: Picoseconds at which requests happen; None: when they come.
    now: int | None = None

    def _timed(self, slot: Slot) -> Slot:
        if self.now is not None:
            slot.flags |= Flag.TIMED
            slot.time = self.now
        return slot

    def _access(
        self, kind: Type, pe: int, address: int, size: int = 4, value: int = 0
    ) -> Slot:
        if size not in _WIDTHS:
            raise Error(errno.EINVAL, f"an access of {size} bytes; 1, 2, 4 or 8 exist")
        attrs = _WIDTHS[size] | SourceKind.PE << 4
        return self._timed(Slot(kind, source=pe, attrs=attrs, a=address, b=value))

    def _msi(self, kind: Type, device: int, event: int, address: int) -> Slot:
        slot = Slot(kind, source=device, attrs=SourceKind.DEVICE << 4, a=address, b=event)
        return self._timed(slot)
