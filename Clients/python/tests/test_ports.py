"""Rings: the same calls, the same answers, one order with the socket."""

from __future__ import annotations

import errno
import os
import threading
import unittest
from unittest import mock

import itsd
from itsd import Level, OutcomeKind, Role, TimeMode, Until, ring
from tests.daemon import EOIR1, IAR1, PMR, Daemon, Guest
from tests.test_client import SHAPE, TIMED, YAML, Attached

_CBASER = 0x80


@unittest.skipUnless(ring.AVAILABLE, "rings need CPython on x86-64")
class Ports(Attached):
    def exercise(self, client: itsd.Client) -> list[int]:
        """Accesses of two PEs, posted and not, beside each other; what was answered."""
        its = client.machine.its_bases[0]
        answers = [client.read(0, its + 8, 8).value, client.read(1, 0x10).bus]
        client.sysreg_write(1, PMR, 0xF0)
        answers.append(client.sysreg_read(1, PMR).value)
        # Posted writes take effect before the next answer, whichever way it comes.
        for index in range(600):
            pe = index & 1
            client.post_write(pe, its + _CBASER, index << 12, 8)
            if index % 7 == 0:
                client.post_msi(0x10, 0)
            if index % 37:
                continue
            answers.append(client.read(1 - pe, its + _CBASER, 8).value)
            self.assertEqual(answers[-1], index << 12)
            if index % 3:
                continue
            client.write_batch([itsd.WriteRecord(its + _CBASER, 1 << 12, 8, pe)])
            answers.append(client.read(pe, its + _CBASER, 8).value)
            self.assertEqual(answers[-1], 1 << 12)
        answers += [client.msi(0x10, 0).kind, client.translate(0x10, 0).kind]
        records = [itsd.MSIRecord(1, 0), itsd.MSIRecord(2, 0)]
        answers += [outcome.kind for outcome in client.msi_batch(records)]
        client.flush()
        answers.append(client.statistics()["conservation"]["msis"])
        return answers

    def test_the_answers_are_those_of_the_socket(self) -> None:
        with itsd.Client(self.daemon.address) as client:
            client.attach("socket", yaml=YAML)
            expected = self.exercise(client)
        self.assertEqual(expected[-5:], [OutcomeKind.ITS_DISABLED] * 4 + [600 // 7 + 1 + 3])
        # Without spinning, a wake-up that is lost shows as a test that does not end.
        for slots, spins in ((2, 200), (4, 0), (256, 200)):
            with (
                self.subTest(slots=slots, spins=spins),
                mock.patch.object(ring, "SPINS", spins),
                itsd.Client(self.daemon.address) as client,
            ):
                client.attach(f"ring-{slots}", yaml=YAML)
                client.open_port(0, slots)
                client.open_port(1, slots)
                self.assertEqual(self.exercise(client), expected)

    def test_a_ring_wraps_many_times(self) -> None:
        client = self.attached()
        client.open_port(0, 2)
        its = client.machine.its_bases[0]
        for index in range(2000):
            client.write(0, its + _CBASER, index << 12, 8)
            self.assertEqual(client.read(0, its + _CBASER, 8).value, index << 12)

    def test_an_lpi_of_a_port(self) -> None:
        client = self.attached()
        guest = Guest(client)
        guest.map_event(0x10, 3, 8197, 1)
        client.open_port(1)
        with self.assertRaises(TimeoutError):
            client.wait_for_line(1, timeout=0.01)
        with itsd.Client(self.daemon.address) as device:
            device.attach(self.name, role=Role.DEVICE, source=0x10, count=1)
            # While the port's owner sleeps.
            timer = threading.Timer(0.05, lambda: device.msi(0x10, 3))
            timer.start()
            lines = client.wait_for_line(1, timeout=60)
            timer.join()
        self.assertEqual((lines.levels, lines.intid), (Level.IRQ, 8197))
        self.assertEqual([line.pe for line in client.changed_lines()], [1])
        self.assertEqual(client.sysreg_read(1, IAR1).value, 8197)
        self.assertEqual(client.sysreg_write(1, EOIR1, 8197).levels, Level(0))
        self.assertEqual(client.lines(1).levels, Level(0))
        self.assertEqual([line.levels for line in client.changed_lines()], [Level(0)])
        self.assertEqual(client.changed_lines(), [])

    def test_who_may_not(self) -> None:
        client = self.attached()
        client.open_port(1, 8)
        self.assertErrno(errno.EBUSY, client.open_port, 1, 8)
        self.assertErrno(errno.ENXIO, client.open_port, 2, 8)
        self.assertErrno(errno.EINVAL, client.open_port, 0, 3)
        self.assertErrno(errno.ENXIO, client.close_port, 0)
        # A refusal through the ring has an errno, and the client finds words.
        self.assertErrno(errno.EINVAL, client.advance, None, Until.LINE_RAISED, 1)
        client.close_port(1)
        client.read(1, client.machine.its_bases[0])
        client.open_port(1, 8)
        remote = self.connect(self.daemon.tcp)
        remote.attach("remote", yaml=SHAPE)
        self.assertErrno(errno.EOPNOTSUPP, remote.open_port, 0)
        with mock.patch.object(ring, "AVAILABLE", False):
            text = self.assertErrno(errno.EOPNOTSUPP, client.open_port, 0)
        self.assertIn("x86-64", text)

    def test_ports_in_conservative_time(self) -> None:
        client = self.connect()
        client.attach(self.name, yaml=TIMED, time_mode=TimeMode.CONSERVATIVE)
        for pe in (0, 1):
            client.open_port(pe, 8)
        # Each port holds the others up until it has promised more.
        client.promise(9_000_000)
        client.now = 9_000_000
        self.assertEqual(client.read(0, client.machine.its_bases[0]).time, 9_000_000)

    def test_a_daemon_that_ends_wakes_who_waits(self) -> None:
        with Daemon() as daemon:
            client = itsd.Client(daemon.address)
            self.addCleanup(client.close)
            client.attach("m", yaml=SHAPE)
            client.open_port(0, 8)
            client.read(0, client.machine.its_bases[0])
        self.assertErrno(errno.ECONNRESET, client.read, 0, client.machine.its_bases[0])

    def test_nothing_is_left_open(self) -> None:
        def mine() -> int:
            return len(os.listdir("/proc/self/fd"))

        before, daemons = mine(), self.daemon.descriptors
        for _ in range(20):
            with itsd.Client(self.daemon.address) as client:
                client.attach(self.name, yaml=SHAPE)
                client.open_port(0, 8)
                client.open_port(1, 8)
                client.close_port(0)
        self.assertEqual(mine(), before)
        # The daemon closes its own within a few turns.
        while self.daemon.descriptors > daemons:
            pass
