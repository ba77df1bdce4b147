"""The bytes are the protocol's: the documented frames go through this package unchanged."""

from __future__ import annotations

import os
import pathlib
import re
import struct
import unittest

from itsd import wire

_BESIDE = pathlib.Path(__file__).resolve().parents[3] / "Sources/GICWire/GICWire.docc"
DOCUMENTS = pathlib.Path(os.environ.get("ITSD_DOCUMENTS", _BESIDE))


class Bytes(unittest.TestCase):
    def test_documented_frames(self) -> None:
        seen = set()
        for path in DOCUMENTS.glob("*.md"):
            text = path.read_text(encoding="utf-8")
            for block in re.findall(r"```hex\n(.*?)```", text, re.DOTALL):
                frame = bytes.fromhex(block)
                slot = wire.Slot.parse(frame)
                self.assertEqual(slot.size, len(frame))
                seen.add(wire.Type(slot.type))
                tail = frame[64 : len(frame) - slot.padding]
                slot.attrs &= ~(7 << 28)
                self.assertEqual(slot.frame(tail), frame)
        self.assertEqual(seen, set(wire.Type))

    def test_tail_is_filled_up(self) -> None:
        for length in range(17):
            frame = wire.Slot(wire.Type.MEM_WRITE).frame(bytes(length))
            slot = wire.Slot.parse(frame)
            self.assertEqual(len(frame) % 8, 0)
            self.assertEqual(slot.size - 64 - slot.padding, length)

    def test_outcome(self) -> None:
        outcome = wire.Outcome.parse(16 << 56 | 3 << 40 | 0x22 << 24 | 8197)
        self.assertEqual(
            outcome, wire.Outcome(wire.OutcomeKind.ITS_DISABLED, 8197, 0x22, 3)
        )
        self.assertTrue(outcome.dropped)

    def test_machine(self) -> None:
        for tail in (b"", bytes(47), bytes(49), b"\xff" * 64):
            with self.assertRaises((ValueError, struct.error)):
                wire.Machine.parse(0, 0, tail)

    def test_sysreg(self) -> None:
        self.assertEqual(wire.sysreg(3, 0, 12, 12, 5), 0xC665)
