"""The client against a daemon, end to end."""

from __future__ import annotations

import errno
import mmap
import struct
import unittest

import itsd
from itsd import Bus, Level, OutcomeKind, Role, TimeMode, Until
from tests.daemon import EOIR1, IAR1, RAM, Daemon, Guest

SHAPE = "machine: {pes: 2}\n"
YAML = SHAPE + "clock: functional\n"
TIMED = SHAPE + "clock: timed\n"


class Attached(unittest.TestCase):
    """A daemon for all tests of a class."""

    daemon: Daemon

    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = cls.enterClassContext(Daemon())

    @property
    def name(self) -> str:
        """A machine of this test's own; names have at most 64 characters."""
        return self.id()[-64:]

    def connect(self, address: str | None = None) -> itsd.Client:
        client = itsd.Client(address or self.daemon.address, name=self.id())
        self.addCleanup(client.close)
        return client

    def attached(self, yaml: str = YAML, **options: object) -> itsd.Client:
        client = self.connect()
        client.attach(self.name, yaml=yaml, **options)  # type: ignore[arg-type]
        return client

    def assertErrno(
        self, number: int, body: object, /, *arguments: object, **more: object
    ) -> str:
        with self.assertRaises(itsd.Error) as caught:
            body(*arguments, **more)  # type: ignore[operator]
        self.assertEqual(caught.exception.errno, number, caught.exception)
        self.assertTrue(caught.exception.strerror)
        return str(caught.exception)


class Accesses(Attached):
    def test_an_lpi_end_to_end(self) -> None:
        for kind, address in (("unix", self.daemon.address), ("tcp", self.daemon.tcp)):
            for clock in ("functional", "timed"):
                with self.subTest(kind=kind, clock=clock), itsd.Client(address) as client:
                    client.attach(f"{kind}-{clock}", yaml=SHAPE + f"clock: {clock}\n")
                    guest = Guest(client, shared=kind == "unix")
                    guest.map_event(0x10, 3, 8197, 1)
                    outcome = client.msi(0x10, 3)
                    self.assertFalse(outcome.dropped)
                    if clock == "functional":
                        self.assertEqual((outcome.intid, outcome.pe), (8197, 1))
                    client.advance(until=Until.IDLE)
                    lines = client.wait_for_line(1, timeout=60)
                    self.assertEqual(lines.levels, Level.IRQ)
                    self.assertEqual(client.lines(0).levels, Level(0))
                    self.assertEqual(client.sysreg_read(1, IAR1).value, 8197)
                    reply = client.sysreg_write(1, EOIR1, 8197)
                    self.assertEqual(reply.levels, Level(0))
                    self.assertGreater(reply.sequence, lines.sequence)

    def test_shared_ram_is_the_same_memory(self) -> None:
        client = self.attached()
        ram = client.ram(RAM, 1 << 20)
        ram[0x100:0x103] = b"abc"
        self.assertEqual(client.mem_read(RAM + 0x100, 3), b"abc")
        client.mem_write(RAM + (1 << 20) - 1, b"z")
        self.assertEqual(ram[-1:], b"z")
        client.unmap(RAM)
        self.assertErrno(errno.EFAULT, client.mem_read, RAM, 1)

    def test_ram_of_the_daemon_over_a_connection_of_its_own(self) -> None:
        control = self.connect(self.daemon.tcp)
        control.attach(self.name, yaml=YAML)
        memory = self.connect(self.daemon.tcp)
        memory.attach(self.name, role=Role.MEMORY)
        memory.map(RAM, 4 << 20)
        data = bytes(range(256)) * 10_000
        memory.mem_write(RAM + 5, data)
        self.assertEqual(control.mem_read(RAM + 5, len(data)), data)
        self.assertErrno(errno.EBADF, control.map, 0, 4096, 0)
        self.assertErrno(errno.EPERM, memory.read, 0, control.machine.its_bases[0])
        # The ITS fetches from there; RAM is read while the machine holds still.
        its = control.machine.its_bases[0]
        memory.mem_write(RAM, bytes([5] + [0] * 31) * 2)
        control.write(0, its + 0x80, 1 << 63 | RAM, 8)
        control.write(0, its, 1)
        control.write(0, its + 0x88, 64, 8)
        self.assertEqual(control.read(0, its + 0x90, 8).value, 64)
        control.quiesce()
        self.assertEqual(memory.mem_read(RAM + 32, 1), b"\5")
        control.resume()
        # It goes with the connection that mapped it.
        memory.leave()
        self.assertErrno(errno.EFAULT, control.mem_read, RAM, 1)

    def test_bus_status_is_no_errno(self) -> None:
        client = self.attached()
        self.assertEqual(client.read(0, 0x10).bus, Bus.DECODE_ERROR)
        self.assertEqual(client.read(0, client.machine.its_bases[0]).bus, Bus.OKAY)
        self.assertErrno(errno.EINVAL, client.read, 0, 0, 3)

    def test_batches_and_posts(self) -> None:
        client = self.attached()
        guest = Guest(client)
        guest.map_event(0x10, 0, 8192, 0)
        guest.map_event(0x11, 1, 8193, 1)
        outcomes = client.msi_batch(
            [itsd.MSIRecord(0x10, 0), itsd.MSIRecord(0x10, 0), itsd.MSIRecord(0x12, 0)]
        )
        self.assertEqual(
            [o.kind for o in outcomes],
            [OutcomeKind.SET, OutcomeKind.MERGED, OutcomeKind.DEVICE_UNMAPPED],
        )
        for _ in range(5000):
            client.post_msi(0x11, 1)
        self.assertEqual(client.translate(0x11, 1).intid, 8193)
        self.assertEqual(client.wait_for_line(1, 60).levels, Level.IRQ)
        gicd = client.machine.gicd_base
        batch = [itsd.WriteRecord(gicd, 0x12), itsd.WriteRecord(0x10, 0)]
        reply = client.write_batch(batch)
        self.assertEqual((reply.value, reply.bus), (1, Bus.DECODE_ERROR))
        client.post_write(0, guest.its, 0)
        self.assertEqual(client.msi(0x11, 1).kind, OutcomeKind.ITS_DISABLED)
        self.assertEqual(client.statistics()["conservation"]["msis"], 5004)

    def test_looking_inside(self) -> None:
        client = self.attached()
        guest = Guest(client)
        guest.map_event(0x10, 3, 8197, 1)
        client.msi(0x10, 4)
        events, following = client.events()
        self.assertEqual(len(events["events"]), following)
        self.assertGreater(following, 0)
        self.assertTrue(client.explain(0x10, 3)["steps"])
        self.assertTrue(client.tables(device=0x10))
        self.assertTrue(client.registers(1))
        names = [machine["name"] for machine in client.list()["machines"]]
        self.assertIn(self.name, names)

    def test_tracing(self) -> None:
        client = self.attached(TIMED)
        guest = Guest(client)
        guest.map_event(0x10, 3, 8197, 1)
        self.assertErrno(errno.ENOENT, client.trace_records, 0)
        self.assertIn("clock: timed", client.trace_begin())
        client.msi(0x10, 3)
        client.advance(until=Until.IDLE)
        records, first = client.trace_records(0)
        self.assertEqual((len(records) % 48, first), (0, 0))
        began = [at for at in range(0, len(records), 48) if records[at : at + 2] == b"\0\1"]
        self.assertEqual(len(began), 1)
        device, event = struct.unpack_from("<2I", records, began[0] + 16)
        self.assertEqual((device, event), (0x10, 3))
        again, first = client.trace_records(2, 1)
        self.assertEqual((again, first), (records[96:144], 2))
        client.trace_end()
        self.assertErrno(errno.ENOENT, client.trace_records, 0)


class Lines(Attached):
    def test_lines_are_told_once_and_in_their_newest_state(self) -> None:
        control, monitor = self.attached(), self.connect()
        monitor.attach(self.name, role=Role.MONITOR)
        Guest(control)
        control.write(0, control.machine.gicr_base + 0x10080, 0xFFFF_FFFF)  # GICR_IGROUPR0
        control.write(0, control.machine.gicr_base + 0x10100, 1 << 27)  # GICR_ISENABLER0
        for level in (True, False, True):
            control.input_line(0, 27, level)
        monitor.list()
        told = monitor.changed_lines()
        self.assertEqual([line.pe for line in told], [0])
        self.assertEqual(told[0].levels, Level.IRQ)
        self.assertEqual(told[0].sequence, control.lines(0).sequence)
        self.assertEqual(monitor.changed_lines(), [])
        # The page says the same.
        self.assertEqual(monitor.lines(0).sequence, told[0].sequence)
        monitor.share_lines()
        self.assertEqual(monitor.lines(0).levels, Level.IRQ)
        self.assertEqual(monitor.lines(0).sequence, told[0].sequence)
        self.assertEqual((monitor.lines(0).intid, monitor.lines(1).intid), (27, 1023))
        self.assertErrno(errno.ENXIO, monitor.lines, 2)

    def test_nobody_writes_the_page_but_the_daemon(self) -> None:
        client = self.attached()
        client.share_lines()
        page = client._page
        assert page is not None
        with self.assertRaises(TypeError):
            page[0:1] = b"x"

    def test_a_wait_ends_with_its_time(self) -> None:
        client = self.attached()
        with self.assertRaises(TimeoutError):
            client.wait_for_line(0, timeout=0)


class Times(Attached):
    def test_latency_and_horizon(self) -> None:
        client = self.connect()
        client.attach(self.name, yaml=TIMED, time_mode=TimeMode.PACED)
        guest = Guest(client)
        guest.map_event(0x10, 3, 8197, 1)
        start = client.advance(2_000_000_000).time
        client.now = start
        client.post_msi(0x10, 3)
        read = client.read(0, guest.its + 0x90, 8)
        # The MSI is under way: the outputs may change soon, and not at once.
        self.assertGreater(read.horizon, 0)
        self.assertLess(read.horizon, 1000)
        raised = client.advance(2 * start, Until.LINE_RAISED, 1)
        self.assertEqual(raised.levels, Level.IRQ)
        self.assertGreaterEqual(raised.cycle, read.cycle + read.horizon)
        client.now = None
        self.assertEqual(client.sysreg_read(1, IAR1).value, 8197)

    def test_conservative_time_does_not_depend_on_the_host(self) -> None:
        def run(machine: str, first: int) -> dict[str, object]:
            """Two devices at the same times; the one of index ``first`` reaches the host first."""
            with itsd.Client(self.daemon.address) as control:
                control.attach(machine, yaml=TIMED)
                guest = Guest(control)
                guest.map_event(0x10, 0, 8192, 0)
                guest.map_event(0x11, 0, 8193, 1)
                start = control.advance(1_000_000_000).time
                devices = [self.connect(), self.connect()]
                for client, device in zip(devices, (0x10, 0x11)):
                    client.attach(
                        machine, role=Role.DEVICE, source=device, count=1,
                        time_mode=TimeMode.CONSERVATIVE,
                    )  # fmt: skip
                    for step in range(20):
                        client.now = start + 3_000 * step
                        client.post_msi(device, 0)
                    client.now = None
                for client in (devices[first], devices[1 - first]):
                    client.flush()
                    control.list()
                for client in devices:
                    client.promise(itsd.NONE - 1)
                for client in devices:
                    client.leave()
                control.advance(until=Until.IDLE)
                statistics = control.statistics()
                self.assertEqual(statistics["conservation"]["msis"], 40)
                assert isinstance(statistics, dict)
                return statistics

        self.assertEqual(run(self.name, 0), run(self.name[1:], 1))

    def test_what_reaches_past_others_is_refused(self) -> None:
        client = self.attached(TIMED, time_mode=TimeMode.CONSERVATIVE)
        self.assertErrno(errno.EINVAL, client.advance, until=Until.IDLE)


class States(Attached):
    def test_quiesced(self) -> None:
        client = self.attached()
        client.quiesce()
        self.assertErrno(errno.EBUSY, client.read, 0, client.machine.its_bases[0])
        client.resume()
        client.read(0, client.machine.its_bases[0])

    def test_device_attributes(self) -> None:
        client, kvm = self.attached(), itsd.kvm
        its, registers = kvm.KVM_DEV_TYPE_ARM_VGIC_ITS, kvm.KVM_DEV_ARM_VGIC_GRP_ITS_REGS
        client.has_device_attr(its, registers, 0x80)
        self.assertErrno(errno.EINVAL, client.has_device_attr, its, registers, 0x84)
        self.assertErrno(errno.ENXIO, client.has_device_attr, its, registers, 0x98)
        client.set_device_attr(its, registers, 0x80, 1 << 63 | RAM)
        self.assertEqual(client.get_device_attr(its, registers, 0x80), 1 << 63 | RAM)
        control, save = kvm.KVM_DEV_ARM_VGIC_GRP_CTRL, kvm.KVM_DEV_ARM_ITS_SAVE_TABLES
        client.set_device_attr(its, control, save)
        self.assertErrno(errno.ENODEV, client.set_device_attr, its, control, save, number=9)
        client.quiesce()
        client.resume()
        self.assertErrno(errno.EBUSY, client.set_device_attr, its, control, save)
        client.quiesce()
        client.set_device_attr(its, control, save)

    def test_lost_control_comes_back(self) -> None:
        first = self.attached()
        Guest(first).map_event(0x10, 3, 8197, 1)
        first.close()
        second = self.attached()
        self.assertFalse(second.machine.created)
        self.assertTrue(second.machine.quiesced)
        self.assertErrno(errno.EBUSY, second.msi, 0x10, 3)
        second.resume()
        self.assertEqual(second.msi(0x10, 3).intid, 8197)
        second.close()
        third = self.attached(fresh=True)
        self.assertTrue(third.machine.created)

    def test_one_client_a_pe(self) -> None:
        control, one, two = self.attached(), self.connect(), self.connect()
        one.attach(self.name, role=Role.PE, source=1)
        self.assertErrno(errno.EBUSY, two.attach, self.name, role=Role.PE, source=1)
        self.assertErrno(errno.ENXIO, two.attach, self.name, role=Role.PE, source=2)
        one.leave()
        two.attach(self.name, role=Role.PE, source=1)
        self.assertEqual(control.list()["machines"][0]["offline"], [])

    def test_refusals_have_sentences(self) -> None:
        client = self.connect()
        text = self.assertErrno(errno.EINVAL, client.attach, "m", yaml="clok: timed\n")
        self.assertIn("clock", text)
        self.assertErrno(errno.EPROTO, client.reset)
        self.assertErrno(errno.ENOENT, client.attach, "none", role=Role.MONITOR)
        with self.assertRaises(itsd.Error) as caught:
            itsd.Client("unix:/tmp/no-such-itsd.sock")
        self.assertIn("itsd --listen unix:/tmp/no-such-itsd.sock", str(caught.exception))
        self.assertErrno(errno.EINVAL, itsd.Client, "/tmp/s")

    def test_a_daemon_that_ends(self) -> None:
        with Daemon() as daemon:
            client = itsd.Client(daemon.address)
            self.addCleanup(client.close)
            client.attach("m")
        self.assertErrno(errno.ECONNRESET, client.reset)

    def test_a_small_file_is_no_ram(self) -> None:
        client = self.attached()
        with mmap.mmap(-1, 4096):
            self.assertErrno(errno.EINVAL, client.map, RAM, 4095)
