"""Saving over the socket, as a monitor that was written for KVM does it. The numbers are
the lines of the conformance checklist, 84 to 96."""

from __future__ import annotations

import errno

from tests.daemon import PMR, RAM, RAM_SIZE
from tests.monitor import (
    BASER1, COLLECTIONS, CTLR, CTRL, CWRITER, DEVICES, ITS, LARGE_ITT, LEVEL2, PENDING,
    RESET, SAVE_PENDING, VALID, VGIC, cte, dte, itt, ite,
)  # fmt: skip
from tests.monitored import LPI, Monitored


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
