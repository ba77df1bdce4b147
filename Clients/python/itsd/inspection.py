"""Looking inside a machine and the daemon, which changes nothing that a guest can see."""

from __future__ import annotations

import json
from typing import Any

from itsd.requests import Requests
from itsd.wire import Slot, SourceKind, Type


class Inspection(Requests):
    """A connection that shows what is inside."""

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

    def trace_begin(self) -> str:
        """From now on the machine records what its units do; its configuration as YAML."""
        return self._ask(Slot(Type.TRACE)).tail.decode()

    def trace_records(self, first: int, limit: int = 16384) -> tuple[bytes, int]:
        """Records of 48 bytes each, and the first one's number: later if some have gone."""
        reply = self._ask(Slot(Type.TRACE, a=first, b=limit, c=1))
        return reply.tail, reply.value

    def trace_end(self) -> None:
        """The machine records nothing any more."""
        self._ask(Slot(Type.TRACE, c=2))

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
