"""Restoring over the socket, as a monitor that was written for KVM does it. The numbers are
the lines of the conformance checklist, 97 to 110."""

from __future__ import annotations

import errno

from itsd import OutcomeKind
from tests.daemon import PMR, RAM
from tests.monitor import (
    BASER0, CBASER, COLLECTIONS, CREADR, CTLR, CWRITER, DEVICES, IIDR, ITS, PENDING,
    PROPERTIES, RESET, VALID, cte, dte, itt, ite,
)  # fmt: skip
from tests.monitored import GOOD, LPI, Monitored


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
