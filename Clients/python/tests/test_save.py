"""Save and restore over the socket, as a monitor that was written for KVM does it. The numbers are
the lines of the conformance checklist, 84 to 116."""

from __future__ import annotations

import errno
import mmap
import random
import struct

import itsd
from itsd import OutcomeKind, kvm
from tests.daemon import PMR, RAM, RAM_SIZE, Daemon
from tests.monitor import (
    BASER0, BASER1, CBASER, COLLECTIONS, CREADR, CTLR, CTRL, CWRITER, DEVICES, IIDR, ITS,
    ITS_REGS, LARGE_ITT, LEVEL2, PENDING, PROPERTIES, RESET, SAVE_PENDING, VALID, VGIC, Monitor,
    cte, dte, itt, ite,
)  # fmt: skip
from tests.test_client import Attached

YAML = "machine: {pes: 4}\n"
LPI = 8192
#: Collection 1 at PE 1; device 0 with 8 bits of events; its event 0 is LPI 8192.
GOOD = ((COLLECTIONS, cte(1, 1)), (DEVICES, dte(itt(0))), (itt(0), ite(LPI, 1)))


class Monitored(Attached):
    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = cls.enterClassContext(Daemon("--config", "kvm"))

    def guest(self, yaml: str = YAML) -> Monitor:
        return Monitor(self.attached(yaml))

    def indirect(self) -> Monitor:
        """A device table of two levels, whose pages 0 and 2 are there."""
        guest = self.guest()
        guest.its_register(CTLR, 0)
        guest.its_register(BASER0, VALID | 1 << 62 | DEVICES | 0x200)
        for page in (0, 2):
            guest.put(DEVICES + 8 * page, VALID | LEVEL2 + 0x10000 * page)
        guest.enable()
        return guest

    def move(self, guest: Monitor) -> Monitor:
        """To another machine with RAM of its own."""
        image = guest.image()
        client = self.connect()
        client.attach(self.name[-60:] + "-to", yaml=YAML)
        other = Monitor.__new__(Monitor)
        other.client, other.machine = client, client.machine
        other.its, other.queued = client.machine.its_bases[0], guest.queued
        other.ram = client.ram(RAM, RAM_SIZE)
        assert guest.ram is not None
        other.ram[:] = guest.ram[:]
        other.apply(image)
        return other

    def assertDelivered(self, guest: Monitor, device: int, event: int, lpi: int, pe: int) -> None:
        self.assertEqual(guest.client.msi(device, event).kind, OutcomeKind.SET)
        self.assertEqual(guest.take(pe), lpi)

    def assertOutcome(self, guest: Monitor, device: int, event: int, kind: OutcomeKind) -> None:
        self.assertEqual(guest.client.msi(device, event).kind, kind)


class Save(Monitored):
    def test_84_entries_have_their_bits(self) -> None:
        guest = self.guest()
        guest.mapc(1, 1)
        guest.mapd(3)
        guest.mapti(3, 2, 8200, 1)
        guest.run()
        guest.save()
        # The ITT lies at 0x40330000: [51:8] is 0x403300, from bit 5 on 0x8066000; 8 bits: Size 7.
        self.assertEqual(guest.word(DEVICES + 24), 0x8000_0000_0806_6007)
        self.assertEqual(guest.word(itt(3) + 16), 0x0000_0000_2008_0001)
        self.assertEqual(guest.word(COLLECTIONS), 0x8000_0000_0001_0001)

    def test_85_next_of_devices(self) -> None:
        guest = self.guest()
        for device in (0, 5, 20005):
            guest.mapd(device)
        guest.run()
        guest.save()
        found = [guest.word(DEVICES + 8 * device) >> 49 & 0x3FFF for device in (0, 5, 20005)]
        self.assertEqual(found, [5, 16383, 0])

    def test_86_next_of_events(self) -> None:
        guest = self.guest()
        guest.mapc(1, 1)
        guest.mapd(3, LARGE_ITT, bits=16)
        for event, lpi in ((0, 8200), (65535, 8201)):
            guest.mapti(3, event, lpi, 1)
        guest.run()
        guest.save()
        self.assertEqual(guest.word(LARGE_ITT), ite(8200, 1, 65535))
        self.assertEqual(guest.word(LARGE_ITT + 65535 * 8), ite(8201, 1))

    def test_87_events_are_saved_ascending(self) -> None:
        guest = self.guest()
        guest.mapc(1, 1)
        guest.mapd(3)
        for event, lpi in ((7, 8200), (4, 8201), (0, 8202)):
            guest.mapti(3, event, lpi, 1)
        guest.run()
        guest.save()
        saved = [guest.word(itt(3) + 8 * event) for event in (0, 4, 7)]
        self.assertEqual(saved, [ite(8202, 1, 4), ite(8201, 1, 3), ite(8200, 1)])

    def test_88_collections_in_the_order_of_creation(self) -> None:
        guest = self.guest()
        guest.put(COLLECTIONS + 16, 5)
        guest.mapc(3, 1)
        guest.mapc(2, 0)
        guest.run()
        guest.save()
        saved = [guest.word(COLLECTIONS + 8 * slot) for slot in range(3)]
        self.assertEqual(saved, [cte(3, 1), cte(2, 0), 0])

    def test_88_a_full_page_has_no_end(self) -> None:
        guest = self.guest()
        guest.its_register(CTLR, 0)
        guest.its_register(BASER1, VALID | COLLECTIONS | 0x200)
        guest.enable()
        guest.put(COLLECTIONS + 0x10000, 5)
        for first in range(0, 8192, 1024):
            for collection in range(first, first + 1024):
                guest.mapc(collection, 2)
            guest.write(CWRITER, 32 * (guest.queued % 2048))
            guest.queued %= 2048
        guest.save()
        self.assertEqual(guest.word(COLLECTIONS + 0xFFF8), cte(8191, 2))
        self.assertEqual(guest.word(COLLECTIONS + 0x10000), 5)

    def test_89_an_unmapped_collection(self) -> None:
        guest = self.guest()
        guest.mapd(3)
        guest.mapti(3, 0, 8200, 5)
        guest.run()
        guest.save()
        self.assertEqual(guest.word(COLLECTIONS), 0x8000_FFFF_FFFF_0005)

    def test_90_two_levels(self) -> None:
        guest = self.indirect()
        guest.mapd(2 * 8192 + 3)
        guest.run()
        guest.save()
        self.assertEqual(guest.word(LEVEL2 + 0x20000 + 24), dte(itt(3)))
        guest.put(DEVICES + 16, 0)
        self.assertErrno(errno.EINVAL, guest.save)

    def test_91_tables_that_are_not_valid(self) -> None:
        guest = self.guest()
        guest.do(RESET)
        guest.put(DEVICES, 5)
        guest.put(COLLECTIONS, 5)
        guest.save()
        self.assertEqual((guest.word(DEVICES), guest.word(COLLECTIONS)), (5, 5))

    def test_92_refusals(self) -> None:
        guest = self.guest()
        guest.mapc(1, 1)
        guest.run()
        guest.client.quiesce()
        guest.client.resume()
        self.assertErrno(errno.EBUSY, guest.save)
        self.assertErrno(errno.EBUSY, guest.do, SAVE_PENDING, VGIC)
        guest.client.quiesce()
        guest.save()
        # The ITS holds its tables: only a save finds that their RAM has gone.
        guest.client.unmap(RAM)
        self.assertErrno(errno.EFAULT, guest.save)

    def test_93_pending_bits(self) -> None:
        guest = self.guest()
        guest.mapc(1, 1)
        guest.mapd(2)
        for event in range(2):
            guest.mapti(2, event, LPI + event, 1)
        guest.run()
        guest.client.sysreg_write(1, PMR, 0)
        guest.client.msi(2, 0)
        table = PENDING + 0x10000
        guest.put(table, 0x5A)
        guest.put(table + 1024, 0x106)
        guest.do(SAVE_PENDING, VGIC)
        # LPI 8192 is set, 8193 cleared; what is not mapped stays, and so does the first KiB.
        self.assertEqual((guest.word(table), guest.word(table + 1024)), (0x5A, 0x105))
        client = self.connect()
        client.attach(self.name[-60:] + "-new", yaml="machine: {pes: 1, frames: attributes}\n")
        self.assertErrno(errno.ENXIO, client.set_device_attr, VGIC, CTRL, SAVE_PENDING)

    def test_94_pages_are_told(self) -> None:
        guest = self.guest()
        guest.map_event(3, 2, 8200, 1)
        guest.client.sysreg_write(1, PMR, 0)
        guest.client.msi(3, 2)
        guest.client.dirty(RAM, RAM_SIZE)
        guest.image()
        pages = sorted([DEVICES, COLLECTIONS, itt(3), PENDING + 0x10000])
        self.assertEqual(guest.client.dirty(RAM, RAM_SIZE, take=False), pages)
        self.assertEqual(guest.client.dirty(RAM, RAM_SIZE), pages)
        self.assertEqual(guest.client.dirty(RAM, RAM_SIZE), [])
        guest.client.mem_write(RAM + 0xFFF, b"ab")
        self.assertEqual(guest.client.dirty(RAM, RAM_SIZE), [RAM, RAM + 0x1000])
        self.assertErrno(errno.EFAULT, guest.client.dirty, RAM, RAM_SIZE + 0x1000)

    def test_95_twice_is_the_same(self) -> None:
        guest = self.guest()
        guest.map_event(3, 2, 8200, 1)
        assert guest.ram is not None
        guest.save()
        first = guest.ram[:]
        guest.save()
        self.assertEqual(guest.ram[:], first)
        self.assertDelivered(guest, 3, 2, 8200, 1)

    def test_96_orphans_are_left_out(self) -> None:
        guest = self.guest()
        guest.map_event(3, 2, 8200, 1)
        guest.unmapc(1)
        guest.run()
        guest.save()
        self.assertEqual((guest.word(itt(3) + 16), guest.word(COLLECTIONS)), (0, 0))


class Restore(Monitored):
    def test_97_the_whole_way(self) -> None:
        guest = self.guest()
        guest.map_event(2, 20, 8195, 3)
        guest.map_event(7, 255, 8196, 2)
        guest.client.sysreg_write(3, PMR, 0)
        guest.client.msi(2, 20)
        other = self.move(guest)
        self.assertEqual(other.take(3), 1023)
        other.client.sysreg_write(3, PMR, 0xF0)
        self.assertEqual((other.take(3), other.take(3)), (8195, 1023))
        self.assertDelivered(other, 2, 20, 8195, 3)
        self.assertDelivered(other, 7, 255, 8196, 2)

    def test_98_an_unmapped_collection(self) -> None:
        guest = self.guest()
        guest.mapd(2)
        guest.mapti(2, 0, LPI, 3)
        guest.run()
        other = self.move(guest)
        self.assertOutcome(other, 2, 0, OutcomeKind.COLLECTION_UNMAPPED)
        other.mapc(3, 2)
        other.command(0x0D, 0, 3)
        other.run()
        self.assertDelivered(other, 2, 0, LPI, 2)

    def test_99_creadr(self) -> None:
        guest = self.guest()
        guest.mapc(1, 1)
        guest.mapd(2)
        guest.mapti(2, 0, LPI, 2)
        guest.run()
        image = guest.image()
        # Where the first command was, another one lies that would map the event's collection.
        guest.queued = 0
        guest.mapc(2, 2)
        for left_out, kind in (
            (None, OutcomeKind.COLLECTION_UNMAPPED), (CREADR, OutcomeKind.SET),
        ):  # fmt: skip
            guest.do(RESET)
            guest.apply([entry for entry in image if entry[2] != left_out])
            self.assertEqual(guest.its_register(CREADR), 96)
            self.assertOutcome(guest, 2, 0, kind)

    def test_100_creadr_is_refused(self) -> None:
        guest = self.guest()
        self.assertErrno(errno.EBUSY, guest.its_register, CREADR, 0)
        guest.its_register(CTLR, 0)
        self.assertErrno(errno.EINVAL, guest.its_register, CREADR, 0x10000)
        guest.its_register(CREADR, 0x40)
        self.assertEqual(guest.its_register(CREADR), 0x40)
        guest.its_register(CBASER, VALID | RAM | 15)
        self.assertEqual(guest.its_register(CREADR), 0)

    def test_101_iidr(self) -> None:
        guest = self.guest()
        guest.its_register(IIDR, 0xFFFF_0FFF)
        self.assertErrno(errno.EINVAL, guest.its_register, IIDR, 0x1000)
        self.assertEqual(guest.its_register(IIDR), 0x4B00_043B)

    def test_102_farther_than_next(self) -> None:
        guest = self.guest()
        guest.map_event(0, 0, 8192, 1)
        guest.map_event(40001, 0, 8193, 2)
        other = self.move(guest)
        self.assertDelivered(other, 0, 0, 8192, 1)
        self.assertDelivered(other, 40001, 0, 8193, 2)

    def test_103_two_levels_with_a_hole(self) -> None:
        guest = self.indirect()
        guest.map_event(8191, 0, 8192, 1)
        guest.map_event(2 * 8192 + 8, 0, 8193, 2)
        other = self.move(guest)
        self.assertDelivered(other, 8191, 0, 8192, 1)
        self.assertDelivered(other, 2 * 8192 + 8, 0, 8193, 2)

    def refused(self, number: int, *words: tuple[int, int]) -> None:
        """A good collection and event come first; nothing of them is left (106)."""
        guest = self.guest()
        guest.empty()
        guest.wipe(*GOOD, (DEVICES, dte(itt(0), following=1)), (DEVICES + 8, dte(itt(1))), *words)
        self.assertErrno(number, guest.restore)
        guest.enable()
        self.assertOutcome(guest, 0, 0, OutcomeKind.DEVICE_UNMAPPED)
        guest.its_register(CTLR, 0)
        guest.wipe(*GOOD)
        guest.restore()
        guest.enable()
        self.assertDelivered(guest, 0, 0, LPI, 1)

    def test_104_an_event_of_no_lpi(self) -> None:
        self.refused(errno.EINVAL, (itt(1), ite(8191, 1)))

    def test_104_an_event_of_no_collection(self) -> None:
        self.refused(errno.EINVAL, (itt(1), ite(8193, 2)))

    def test_104_next_beyond_the_table(self) -> None:
        self.refused(errno.EINVAL, (itt(1), ite(8193, 1, 256)))

    def test_104_gaps(self) -> None:
        guest = self.guest()
        guest.empty()
        guest.wipe(*GOOD[:2], (itt(0) + 80, ite(LPI, 1)))
        guest.restore()
        guest.enable()
        self.assertDelivered(guest, 0, 10, LPI, 1)

    def test_105_a_target_that_is_not_there(self) -> None:
        self.refused(errno.EINVAL, (COLLECTIONS + 8, cte(2, 99)))

    def test_105_a_collection_twice(self) -> None:
        self.refused(errno.EEXIST, (COLLECTIONS + 8, cte(1, 2)))

    def test_105_reserved_bits(self) -> None:
        guest = self.guest()
        guest.empty()
        guest.wipe(*GOOD, (COLLECTIONS, cte(1, 1) | 0x7FF << 52))
        guest.restore()
        guest.enable()
        self.assertDelivered(guest, 0, 0, LPI, 1)

    def test_106_over_live_mappings(self) -> None:
        guest = self.guest()
        guest.map_event(2, 0, LPI, 1)
        guest.save()
        self.assertErrno(errno.EEXIST, guest.restore)
        self.assertOutcome(guest, 2, 0, OutcomeKind.DEVICE_UNMAPPED)

    def test_107_a_pending_bit_is_taken(self) -> None:
        guest = self.guest()
        guest.empty()
        guest.wipe(*GOOD)
        guest.store(PROPERTIES, b"\xa1")
        guest.put(PENDING + 0x10000 + 1024, 1)
        guest.restore()
        self.assertEqual(guest.word(PENDING + 0x10000 + 1024), 0)
        self.assertEqual(guest.take(1), LPI)

    def test_108_what_went_stays_away(self) -> None:
        guest = self.guest()
        guest.map_event(2, 0, 8192, 1)
        guest.map_event(2, 5, 8193, 1)
        guest.map_event(9, 0, 8194, 1)
        # MAPD anew frees what the device had before; so event 0 is mapped once more.
        guest.mapti(2, 0, 8192, 1)
        guest.run()
        guest.save()
        guest.discard(2, 5)
        guest.unmapd(9)
        guest.run()
        other = self.move(guest)
        self.assertDelivered(other, 2, 0, 8192, 1)
        self.assertOutcome(other, 2, 5, OutcomeKind.EVENT_UNMAPPED)
        self.assertOutcome(other, 9, 0, OutcomeKind.DEVICE_UNMAPPED)

    def test_109_reset(self) -> None:
        guest = self.guest()
        guest.map_event(2, 0, LPI, 1)
        image, baser = guest.image(), guest.its_register(BASER0)
        guest.do(RESET)
        self.assertEqual(guest.its_register(CTLR), 0x8000_0000)
        for offset in (CBASER, CREADR, CWRITER):
            self.assertEqual(guest.its_register(offset), 0)
        self.assertEqual(guest.its_register(BASER0), baser & ~VALID)
        guest.apply([entry for entry in image if entry[0] == ITS])
        self.assertDelivered(guest, 2, 0, LPI, 1)

    def test_110_an_image_of_kvm(self) -> None:
        guest = self.guest()
        guest.empty()
        guest.wipe(
            (COLLECTIONS, 0x8000_0000_0002_0000), (COLLECTIONS + 8, 0x8000_0000_0000_0001),
            # The ITTs lie at 0x40380000 and 0x40300000; device 16 follows device 8.
            (DEVICES + 64, 0x8010_0000_0807_0004), (DEVICES + 128, 0x8000_0000_0806_000F),
            (itt(8), 0x0001_0000_2000_0000), (itt(8) + 8, 0x0000_0000_2001_0001),
            (itt(0) + 8 * 300, 0x0000_0000_2002_0001),
        )  # fmt: skip
        guest.store(PROPERTIES, b"\xa1" * 3)
        guest.restore()
        guest.enable()
        self.assertDelivered(guest, 8, 0, 8192, 2)
        self.assertDelivered(guest, 8, 1, 8193, 0)
        self.assertDelivered(guest, 16, 300, 8194, 0)


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
