"""What saving refuses and survives over the socket, as a monitor that was written for KVM does it;
and machines in files. The numbers are the lines of the conformance checklist, 111 to 116."""

from __future__ import annotations

import errno
import mmap
import random
import struct

import itsd
from itsd import OutcomeKind, kvm
from tests.daemon import PMR, RAM, RAM_SIZE, Daemon
from tests.monitor import (
    BASER0, CBASER, COLLECTIONS, CREADR, CTLR, CTRL, CWRITER, DEVICES, ITS, ITS_REGS, VALID,
    cte, dte, itt, ite,
)  # fmt: skip
from tests.monitored import GOOD, LPI, YAML, Monitored


class Interface(Monitored):
    def test_111_addresses(self) -> None:
        client = self.attached("machine: {pes: 2, frames: attributes}\n")
        address = (ITS, kvm.KVM_DEV_ARM_VGIC_GRP_ADDR, kvm.KVM_VGIC_ITS_ADDR_TYPE)
        for value, number in ((0x401000, errno.EINVAL), (1 << 52, errno.E2BIG)):
            self.assertErrno(number, client.set_device_attr, *address, value)
        self.assertErrno(errno.E2BIG, client.set_device_attr, *address, (1 << 52) - 0x10000)
        client.set_device_attr(*address, 0x400000)
        self.assertErrno(errno.EEXIST, client.set_device_attr, *address, 0x300000)
        wrong = (ITS, kvm.KVM_DEV_ARM_VGIC_GRP_ADDR, 9)
        self.assertErrno(errno.ENODEV, client.set_device_attr, *wrong, 0)
        self.assertErrno(errno.ENXIO, client.has_device_attr, *wrong)

    def test_112_registers(self) -> None:
        client = self.connect()
        client.attach(self.name[-60:] + "-new", yaml="machine: {pes: 2, frames: attributes}\n")
        self.assertErrno(errno.EINVAL, client.set_device_attr, ITS, ITS_REGS, 0x84, 0)
        self.assertErrno(errno.ENXIO, client.set_device_attr, ITS, ITS_REGS, 0x80, 0)
        self.assertErrno(errno.ENXIO, client.set_device_attr, ITS, CTRL, 77)
        guest = self.guest()
        self.assertErrno(errno.ENXIO, guest.its_register, 0x98)
        guest.client.quiesce()
        guest.client.resume()
        self.assertErrno(errno.EINVAL, guest.its_register, 0x84)
        self.assertErrno(errno.EBUSY, guest.its_register, 0x98)
        self.assertErrno(errno.EBUSY, guest.its_register, CBASER)

    def test_113_tables_outside_ram(self) -> None:
        guest = self.guest()
        guest.map_event(2, 0, LPI, 1)
        guest.its_register(CTLR, 0)
        # A device table in the ITS's own frame; a queue of which 64 KiB are RAM, and 960 are not.
        guest.its_register(BASER0, VALID | guest.its & ~0xFFFF | 0x207)
        queue = RAM + RAM_SIZE - 0x10000
        guest.its_register(CBASER, VALID | queue | 255)
        guest.put(queue, 5 << 32 | 0x08)
        guest.put(queue + 16, VALID | itt(5))
        guest.put(queue + 0xFFE0, 2 << 32 | 0x0F)
        guest.enable()
        guest.write(CWRITER, 0xFFFE0)
        self.assertEqual(guest.read(CREADR), 0xFFFE0)
        self.assertOutcome(guest, 5, 0, OutcomeKind.DEVICE_UNMAPPED)
        self.assertOutcome(guest, 2, 0, OutcomeKind.EVENT_UNMAPPED)
        # An ITT that is no RAM is no matter until an event wants a place in it.
        guest.its_register(CTLR, 0)
        guest.its_register(BASER0, VALID | DEVICES | 0x207)
        guest.its_register(CBASER, VALID | RAM | 15)
        guest.enable()
        guest.queued = 0
        guest.mapd(5, RAM + RAM_SIZE)
        guest.mapti(5, 0, LPI + 1, 1)
        guest.run()
        self.assertOutcome(guest, 5, 0, OutcomeKind.EVENT_UNMAPPED)

    def test_114_commands_of_noise(self) -> None:
        guest = self.guest()
        dice = random.Random(114)
        for batch in range(25):
            noise = bytearray(dice.randbytes(32 * 2048))
            # Half of them are commands that exist, of few devices.
            for slot in range(0, 2048, 2):
                struct.pack_into("<II", noise, 32 * slot, dice.randrange(1, 16), dice.randrange(4))
            guest.store(RAM, bytes(noise))
            at = 0 if batch % 2 else 0xFFE0
            guest.write(CWRITER, at)
            self.assertEqual(guest.read(CREADR), at)

    def test_115_tables_of_noise(self) -> None:
        guest = self.guest()
        dice = random.Random(115)
        outcomes = set()
        for _ in range(40):
            guest.empty()
            guest.wipe()
            for slot in range(16):
                next_ = dice.randrange(4)
                words = [
                    (DEVICES, dte(itt(dice.randrange(2)), dice.randrange(1, 33), next_)),
                    (itt(0), ite(dice.randrange(8190, 8300), dice.randrange(3), next_)),
                    (COLLECTIONS, cte(slot if dice.randrange(8) else 0, dice.randrange(6))),
                ]
                for table, word in words:
                    noise = dice.randrange(32) == 0
                    guest.put(table + 8 * slot, dice.getrandbits(64) if noise else word)
            try:
                guest.restore()
                outcomes.add(0)
            except itsd.Error as error:
                outcomes.add(error.errno or 0)
                self.assertIn(error.errno, (errno.EINVAL, errno.EEXIST, errno.EFAULT))
        self.assertIn(errno.EINVAL, outcomes)
        # A device of 2^32 events, and none of them: the scan ends.
        guest.empty()
        guest.wipe(*((DEVICES + 8 * n, dte(itt(0), 32, 1)) for n in range(64)))
        guest.restore()
        guest.empty()
        guest.wipe(*GOOD)
        guest.restore()
        guest.enable()
        self.assertDelivered(guest, 0, 0, LPI, 1)

    def test_116_a_client_that_goes_in_the_middle(self) -> None:
        guest = self.guest()
        guest.map_event(2, 0, LPI, 1)
        guest.save()
        for cut in (1, 32, 63, 70):
            other = self.connect()
            other.attach(self.name)
            slot = itsd.wire.Slot(itsd.wire.Type.SNAPSHOT_WRITE, id=99, b=64)
            other._socket.sendall(slot.frame(bytes(64))[:cut])
            other.close()
            other = self.connect()
            other.attach(self.name)
            # Asked for, and never read.
            save = itsd.wire.Slot(itsd.wire.Type.DEVICE_SET, id=99, a=1, c=ITS << 32 | CTRL)
            other._socket.sendall(save.frame())
            other.close()
        guest.client.statistics()
        self.assertDelivered(guest, 2, 0, LPI, 1)


class Files(Monitored):
    def test_a_machine_moves_in_a_file(self) -> None:
        guest = self.guest()
        guest.map_event(2, 0, LPI, 1)
        guest.client.sysreg_write(1, PMR, 0)
        guest.client.msi(2, 0)
        data = guest.client.save()
        self.assertTrue(data.startswith(b"ITSDFILE"))
        client = self.connect()
        client.attach(self.name[-60:] + "-to", yaml=YAML)
        self.assertErrno(errno.EBUSY, client.restore, data)
        client.quiesce()
        self.assertErrno(errno.EINVAL, client.restore, data[:-1] + bytes([data[-1] ^ 1]))
        client.restore(data)
        self.assertErrno(errno.EFAULT, client.resume)
        ram = client.ram(RAM, RAM_SIZE)
        assert guest.ram is not None
        ram[:] = guest.ram[:]
        client.resume()
        client.sysreg_write(1, PMR, 0xF0)
        self.assertEqual(client.sysreg_read(1, itsd.sysreg(3, 0, 12, 12, 0)).value, LPI)
        self.assertErrno(errno.EOPNOTSUPP, client.checkpoint)
        self.assertEqual(mmap.PAGESIZE, 4096)

    def test_a_killed_daemon_is_gone_on_from(self) -> None:
        with Daemon("--config", "kvm") as plain:
            folder = plain.folder
            daemon = Daemon("--state-dir", folder, "--checkpoint-interval", "0")
            client = itsd.Client(daemon.address)
            self.addCleanup(client.close)
            gicd = client.attach("m", yaml=YAML).gicd_base
            for value in range(10):
                client.write(0, gicd + 0x420, value << 3, 1)
                if value == 6:
                    self.assertEqual(client.checkpoint(), 7)
            daemon.process.kill()
            daemon.process.wait()
            assert daemon.process.stdout is not None
            daemon.process.stdout.close()
            with Daemon("--state-dir", folder, "--checkpoint-interval", "0") as second:
                with itsd.Client(second.address) as again:
                    machine = again.attach("m")
                    self.assertTrue(machine.restored and machine.quiesced)
                    self.assertEqual(machine.requests, 7)
                    again.resume()
                    self.assertEqual(again.read(0, gicd + 0x420, 1).value, 6 << 3)
