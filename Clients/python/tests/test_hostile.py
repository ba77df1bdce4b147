"""Peers that mean harm: nobody else notices, and nothing is left behind."""

from __future__ import annotations

import os
import random
import socket
import unittest

import itsd
from itsd import wire
from tests.daemon import Daemon

SEED = int(os.environ.get("ITSD_SEED", "1"))


def greeting() -> bytes:
    slot = wire.Slot(wire.Type.HELLO, id=1, a=wire.MAGIC, b=wire.VERSION)
    return slot.frame(wire.capabilities("hostile", 8))


class Hostile(unittest.TestCase):
    daemon: Daemon

    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = cls.enterClassContext(Daemon())

    def setUp(self) -> None:
        self.bystander = itsd.Client(self.daemon.address)
        self.name = self.id()[-64:]
        self.bystander.attach(self.name, yaml="machine: {pes: 2}\nclock: functional\n")
        self.addCleanup(self.bystander.close)

    def tearDown(self) -> None:
        self.assertEqual(self.bystander.read(0, 0x10).bus, itsd.Bus.DECODE_ERROR)
        self.assertIsNone(self.daemon.process.poll())

    def raw(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(peer.close)
        peer.settimeout(60)
        peer.connect(self.daemon.address[5:])
        return peer

    def read_to_end(self, peer: socket.socket) -> bytes:
        received = bytearray()
        try:
            while piece := peer.recv(1 << 20):
                received += piece
        except ConnectionResetError:
            pass
        return bytes(received)

    def test_every_field_of_every_message(self) -> None:
        generator = random.Random(SEED)
        name = self.name.encode()
        attach = wire.Slot(wire.Type.ATTACH, id=2, b=len(name)).frame(name)
        values = [0, 1, 2, 3, 63, 64, 255, 4096, 1 << 31, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]
        values += [0x808_0000, 0x4000_0000]
        for kind in wire.Type:
            with self.subTest(kind=kind, seed=SEED):
                peer = self.raw()
                peer.sendall(greeting() + attach)
                for _ in range(40):
                    pick = generator.choice
                    slot = wire.Slot(
                        kind, pick([0, 0, 0, 2, 8, 16, 1, 255]), pick([0, 0, 0, 0, 1, 255]),
                        generator.getrandbits(32), 0, pick(values), pick(values) & 0xFFFF_FFFF,
                        pick([0, 3, 0x13, 0x23, 0xFFFF_FFFF]),
                        pick(values), pick(values), pick(values), pick(values),
                    )  # fmt: skip
                    tail = generator.randbytes(generator.choice([0, 0, 8, 24, 48, 100]))
                    # Time may be advanced far, and what that takes is not a peer's harm.
                    if kind is wire.Type.TIME_ADVANCE:
                        slot.a = min(slot.a, 4096)
                    try:
                        peer.sendall(slot.frame(tail))
                    except (BrokenPipeError, ConnectionResetError):
                        break
                peer.close()

    def test_bytes_of_no_meaning(self) -> None:
        generator = random.Random(SEED)
        for round_ in range(50):
            peer = self.raw()
            if round_ % 2:
                peer.sendall(greeting())
            try:
                peer.sendall(generator.randbytes(generator.randrange(1, 4096)))
            except (BrokenPipeError, ConnectionResetError):
                pass
            peer.close()

    def test_half_closed(self) -> None:
        for sent in (b"", b"\x40", greeting()[:70], greeting()):
            peer = self.raw()
            peer.sendall(sent)
            peer.shutdown(socket.SHUT_WR)
            self.read_to_end(peer)

    def test_another_version_hears_of_both(self) -> None:
        peer = self.raw()
        slot = wire.Slot(wire.Type.HELLO, id=1, a=wire.MAGIC, b=7 << 16 | 3)
        peer.sendall(slot.frame(wire.capabilities("", 0)))
        answer = self.read_to_end(peer)
        self.assertEqual(wire.Slot.parse(answer).errno, 93)
        self.assertEqual(wire.Slot.parse(answer).b >> 16, 1)
        self.assertIn(b"7.3", answer)
        self.assertIn(b"1.1", answer)

    def test_descriptors_that_nobody_asked_for(self) -> None:
        before = self.daemon.descriptors
        for count in (1, 3, 16, 64):
            peer = self.raw()
            peer.sendall(greeting())
            peer.recv(4096)
            frame = wire.Slot(wire.Type.LIST, id=2).frame()
            try:
                socket.send_fds(peer, [frame], [0] * count)
                # More at once than any frame may bring are closed without a word.
                said = self.read_to_end(peer)
                self.assertEqual(b"descriptors" in said, count <= 16)
            except (BrokenPipeError, ConnectionResetError):
                pass
        self.bystander.list()
        self.assertLessEqual(self.daemon.descriptors, before)

    def test_ten_thousand_connections_leave_nothing(self) -> None:
        def some(count: int) -> None:
            for _ in range(count):
                peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                peer.connect(self.daemon.address[5:])
                peer.sendall(greeting())
                peer.recv(4096)
                peer.close()
            while len(self.bystander.list()["clients"]) > 1:
                pass

        some(1000)
        descriptors, resident = self.daemon.descriptors, self.daemon.resident
        some(9000)
        self.assertEqual(self.daemon.descriptors, descriptors)
        # What 9000 forgotten connections would keep: at least a receive buffer each.
        self.assertLess(self.daemon.resident - resident, 9000 * 4096)

    def test_a_memfd_that_changes_under_the_daemon(self) -> None:
        descriptor = os.memfd_create("shrinks", os.MFD_ALLOW_SEALING)
        self.addCleanup(os.close, descriptor)
        os.ftruncate(descriptor, 1 << 16)
        self.bystander.map(0x4000_0000, 1 << 16, descriptor)
        # The daemon has sealed it.
        with self.assertRaises(PermissionError):
            os.ftruncate(descriptor, 0)
        self.assertEqual(self.bystander.mem_read(0x4000_FFFF, 1), b"\0")
        plain = os.memfd_create("plain", 0)
        self.addCleanup(os.close, plain)
        os.ftruncate(plain, 1 << 16)
        with self.assertRaises(itsd.Error) as caught:
            self.bystander.map(0x5000_0000, 1 << 16, plain)
        self.assertEqual(caught.exception.errno, 1)

    def test_a_slow_reader_is_told_why(self) -> None:
        peer = self.raw()
        name = self.name.encode()
        attach = wire.Slot(wire.Type.ATTACH, id=2, a=4, b=len(name)).frame(name)
        peer.sendall(greeting() + attach)
        # A monitor that never reads, and lines that never rest.
        machine = self.bystander.machine
        self.bystander.write(0, machine.gicd_base, 0x12)
        self.bystander.write(0, machine.gicr_base + 0x10080, 0xFFFF_FFFF)
        self.bystander.write(0, machine.gicr_base + 0x10100, 1 << 27)
        self.bystander.sysreg_write(0, itsd.sysreg(3, 0, 4, 6, 0), 0xF0)
        self.bystander.sysreg_write(0, itsd.sysreg(3, 0, 12, 12, 7), 1)
        slots = []
        for level in (1, 0):
            slot = wire.Slot(wire.Type.INPUT_LINE, 2, source=0, attrs=0x10, a=27, b=level)
            slots.append(slot.frame())
        flood = b"".join(slots) * 1000
        sender = self.raw()
        control = wire.Slot(wire.Type.ATTACH, id=2, b=len(name), d=1).frame(name)
        sender.sendall(greeting() + control)

        def attached() -> int:
            return sum("machine" in client for client in self.bystander.list()["clients"])

        while attached() < 3:
            pass
        for _ in range(400):
            sender.sendall(flood)
            if attached() < 3:
                break
            self.bystander.changed_lines()
        received = self.read_to_end(peer)
        last = max(received.rfind(b"reads too slowly"), 0)
        self.assertGreater(last, 0, len(received))
