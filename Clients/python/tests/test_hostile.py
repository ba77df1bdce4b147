"""Peers that mean harm: nobody else notices, and nothing is left behind."""

from __future__ import annotations

import errno
import mmap
import os
import random
import select
import socket
import struct
import time
import unittest
from collections.abc import Iterator

import itsd
from itsd import wire
from tests.daemon import Daemon

SEED = int(os.environ.get("ITSD_SEED", "1"))
#: For so long, with one seed after the other; 0: once.
SECONDS = float(os.environ.get("ITSD_FUZZ_SECONDS", "0"))


def seeds() -> Iterator[int]:
    """The seed, and the ones after it until the time is over."""
    end = time.monotonic() + SECONDS
    seed = SEED
    while seed == SEED or time.monotonic() < end:
        yield seed
        seed += 1


def greeting() -> bytes:
    slot = wire.Slot(wire.Type.HELLO, id=1, a=wire.MAGIC, b=wire.VERSION)
    # What is left out is as the other end has it.
    return slot.frame()


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

    def attached(self, role: int = 0) -> socket.socket:
        """A peer that is attached to this test's machine; its answers are not read."""
        peer = self.raw()
        name = self.name.encode()
        attach = wire.Slot(wire.Type.ATTACH, id=2, a=role, b=len(name), d=1)
        peer.sendall(greeting() + attach.frame(name))
        return peer

    def any_slot(self, generator: random.Random, kind: int) -> wire.Slot:
        """A slot whose fields are what somebody might have forgotten."""
        pick = generator.choice
        values = [0, 1, 2, 3, 63, 64, 255, 4096, 1 << 31, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]
        values += [0x808_0000, 0x4000_0000, generator.getrandbits(64)]
        slot = wire.Slot(
            kind, pick([0, 0, 0, 2, 8, 16, 1, 255]), pick([0, 0, 0, 0, 1, 255]),
            generator.getrandbits(32), 0, pick(values), pick(values) & 0xFFFF_FFFF,
            pick([0, 3, 0x13, 0x23, 0xFFFF_FFFF]),
            pick(values), pick(values), pick(values), pick(values),
        )  # fmt: skip
        # Held by a quiesced machine, the others would hear nothing but EBUSY.
        if slot.type == wire.Type.QUIESCE:
            slot.flags |= wire.Flag.REPLY
        return slot

    def test_every_field_of_every_message(self) -> None:
        for seed in seeds():
            generator = random.Random(seed)
            for kind in wire.Type:
                with self.subTest(kind=kind, seed=seed), self.attached() as peer:
                    for _ in range(40):
                        slot = self.any_slot(generator, kind)
                        tail = generator.randbytes(generator.choice([0, 0, 8, 24, 48, 100]))
                        try:
                            peer.sendall(slot.frame(tail))
                        except (BrokenPipeError, ConnectionResetError):
                            break
            self.assertEqual(self.bystander.read(0, 0x10).bus, itsd.Bus.DECODE_ERROR)

    def open_port(self, peer: socket.socket, number: int, slots: int) -> tuple[mmap.mmap, int]:
        """The memory of a port, and the daemon's bell."""
        request = wire.Slot(wire.Type.PORT_OPEN, id=3, source=number, attrs=0x10, a=slots)
        numbers: list[int] = []
        received = b""
        # The port of a peer that has just gone may be there for a moment.
        while len(numbers) < 3:
            peer.sendall(request.frame())
            answer = None
            while answer is None:
                data, more, _, _ = socket.recv_fds(peer, 4096, 3)
                self.assertTrue(data)
                numbers += more
                received += data
                while len(received) >= 64 and len(received) >= wire.Slot.parse(received).size:
                    slot = wire.Slot.parse(received)
                    received = received[slot.size :]
                    answer = slot if slot.id == 3 else answer
            self.assertIn(answer.errno, (0, errno.EBUSY))
        memory = mmap.mmap(numbers[0], (0x1000 + 128 * slots + 4095) & ~4095)
        os.close(numbers[0])
        os.close(numbers[2])
        return memory, numbers[1]

    def test_a_ring_of_any_content(self) -> None:
        for seed in seeds():
            generator = random.Random(seed)
            for _ in range(20):
                with self.subTest(seed=seed), self.attached() as peer:
                    slots = 1 << generator.randrange(1, 11)
                    memory, bell = self.open_port(peer, generator.randrange(2), slots)
                    head = 0
                    for _ in range(60):
                        kind = generator.choice([*wire.Type, generator.getrandbits(16)])
                        slot = self.any_slot(generator, kind).frame()
                        at = 0x1000 + 64 * (head % slots)
                        memory[at : at + 64] = slot
                        head += 1
                        if generator.random() < 0.1:
                            word = 0x40 * generator.randrange(8)
                            value = generator.choice([0, 1, head, slots, generator.getrandbits(32)])
                            struct.pack_into("<I", memory, word, value & 0xFFFF_FFFF)
                        else:
                            struct.pack_into("<I", memory, 0x40, head)
                        # Replies are taken as fast as they come, or not at all.
                        struct.pack_into("<I", memory, 0x140, generator.choice([head, 0]))
                        os.write(bell, struct.pack("<Q", 1))
                        if select.select([peer], [], [], 0)[0] and not peer.recv(1 << 16):
                            break
                    memory.close()
                    os.close(bell)
            self.assertEqual(self.bystander.read(0, 0x10).bus, itsd.Bus.DECODE_ERROR)

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
        self.assertIn(b"1.2", answer)

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
        # What 9000 forgotten connections would keep: at least a few words each.
        self.assertLess(self.daemon.resident - resident, 9000 * 32)

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
        monitor = wire.Slot(wire.Type.ATTACH, id=2, a=4, b=len(name)).frame(name)
        peer.sendall(greeting() + monitor)
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
        sender = self.attached()

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
