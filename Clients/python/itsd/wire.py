"""The protocol's numbers and its 64-byte slot.

Sources/GICWire/GICWire.docc in the project holds the protocol, byte for byte.
"""

from __future__ import annotations

import dataclasses
import enum
import struct

MAGIC = int.from_bytes(b"ITSDWIRE", "little")
#: Protocol 1.2: major in the upper, minor in the lower 16 bits.
VERSION = 1 << 16 | 2
SLOT_SIZE = 64
#: Frames before the answer to HELLO may not be larger than this, in bytes.
HELLO_LIMIT = 4096
TAIL_LIMIT = 1 << 20
DESCRIPTOR_LIMIT = 8
#: No time, no limit.
NONE = (1 << 64) - 1


class Type(enum.IntEnum):
    """What a frame is."""

    HELLO = 0x01
    ATTACH = 0x02
    BYE = 0x03
    LIST = 0x04
    CLOSING = 0x05
    MEM_MAP = 0x10
    MEM_UNMAP = 0x11
    MEM_READ = 0x12
    MEM_WRITE = 0x13
    MEM_DIRTY = 0x14
    MMIO_READ = 0x20
    MMIO_WRITE = 0x21
    WRITE_BATCH = 0x22
    SYSREG_READ = 0x23
    SYSREG_WRITE = 0x24
    MSI = 0x30
    MSI_BATCH = 0x31
    INPUT_LINE = 0x32
    TRANSLATE = 0x33
    LINE = 0x34
    TIME_ADVANCE = 0x40
    FLUSH = 0x41
    RESET = 0x42
    TIME_PROMISE = 0x43
    STATS = 0x50
    EVENTS = 0x51
    EXPLAIN = 0x52
    TABLES = 0x53
    REGISTERS = 0x54
    TRACE = 0x90
    PORT_OPEN = 0x60
    PORT_CLOSE = 0x61
    PORT_FENCE = 0x62
    LINE_PAGE = 0x63
    QUIESCE = 0x70
    RESUME = 0x71
    SNAPSHOT_SAVE = 0x72
    SNAPSHOT_READ = 0x73
    SNAPSHOT_WRITE = 0x74
    SNAPSHOT_RESTORE = 0x75
    CHECKPOINT = 0x76
    DEVICE_HAS = 0x80
    DEVICE_GET = 0x81
    DEVICE_SET = 0x82


class Flag(enum.IntFlag):
    """Bits of the byte at offset 6."""

    REPLY = 1
    NO_REPLY = 2
    ERROR = 4
    FENCE = 8
    TIMED = 16
    IRQ_VALID = 32


class SourceKind(enum.IntEnum):
    """Who a request acts for."""

    NONE = 0
    PE = 1
    DEVICE = 2


class Role(enum.IntEnum):
    """What a client is to a machine."""

    CONTROL = 0
    PE = 1
    DEVICE = 2
    MEMORY = 3
    MONITOR = 4


class TimeMode(enum.IntEnum):
    """How the client's time and the machine's go together."""

    #: The machine runs ahead.
    FREE = 0
    #: Its time never passes the newest that a client has named.
    PACED = 1
    #: Requests of all such clients take effect in the order of their times.
    CONSERVATIVE = 2


class Until(enum.IntEnum):
    """When TIME_ADVANCE may stop before its limit."""

    LIMIT = 0
    LINE_RAISED = 1
    LINE_CHANGE = 2
    IDLE = 3


class Bus(enum.IntEnum):
    """How the bus answered, apart from any errno."""

    OKAY = 0
    RESERVED = 1
    DECODE_ERROR = 2


class Level(enum.IntFlag):
    """Interrupt outputs of a PE."""

    IRQ = 1
    FIQ = 2
    VIRQ = 4
    VFIQ = 8


class OutcomeKind(enum.IntEnum):
    """What became of an MSI; from 16 on it was dropped."""

    SET = 0
    MERGED = 1
    ACCEPTED = 2
    ITS_DISABLED = 16
    DEVICE_OUT_OF_RANGE = 17
    DEVICE_UNMAPPED = 18
    EVENT_OUT_OF_RANGE = 19
    EVENT_UNMAPPED = 20
    COLLECTION_UNMAPPED = 21
    INTID_OUT_OF_RANGE = 22
    LPIS_DISABLED = 23
    MEMORY_FAULT = 24
    NO_ITS = 25


_SLOT = struct.Struct("<IHBBIIQIIQQQQ")


@dataclasses.dataclass
class Slot:
    """The fixed part of a frame."""

    type: int = 0
    flags: int = 0
    descriptors: int = 0
    id: int = 0
    errno: int = 0
    time: int = 0
    source: int = 0
    attrs: int = 0
    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0
    size: int = SLOT_SIZE

    def frame(self, tail: bytes = b"") -> bytes:
        """The bytes of the frame: this slot, the tail, and what fills it up to a multiple of 8."""
        padding = -len(tail) & 7
        size = SLOT_SIZE + len(tail) + padding
        attrs = self.attrs | padding << 28
        head = _SLOT.pack(
            size, self.type, self.flags, self.descriptors, self.id, self.errno, self.time,
            self.source, attrs, self.a, self.b, self.c, self.d,
        )  # fmt: skip
        return head + tail + bytes(padding)

    @classmethod
    def parse(cls, frame: bytes | bytearray | memoryview) -> Slot:
        """The slot at the beginning of at least 64 bytes."""
        (size, type_, flags, descriptors, id_, errno, time, source, attrs, a, b, c, d) = (
            _SLOT.unpack_from(frame)
        )
        return cls(
            type_, flags, descriptors, id_, errno, time, source, attrs, a, b, c, d, size
        )

    @property
    def padding(self) -> int:
        """How many of the frame's last bytes only fill it up."""
        return self.attrs >> 28 & 7


@dataclasses.dataclass(frozen=True)
class Reply:
    """What a request came to. Times are picoseconds, cycles those of the GIC's clock."""

    #: What was read; a packed outcome; a count.
    value: int
    #: Cycles until the result was visible.
    latency: int
    #: Of completion.
    time: int
    #: Of completion, exact.
    cycle: int
    bus: Bus
    #: Outputs of the request's PE after it, if it has one.
    levels: Level | None
    #: How often they have changed: the newest is true.
    sequence: int
    #: Cycles in which they stay as they are unless somebody asks for something; 0: unknown.
    horizon: int
    tail: bytes

    @classmethod
    def parse(cls, slot: Slot, tail: bytes) -> Reply:
        """A reply from its frame."""
        valid = bool(slot.flags & Flag.IRQ_VALID)
        return cls(
            slot.a, slot.b, slot.time, slot.d, Bus(slot.attrs >> 16 & 0xFF),
            Level(slot.c & 0xF) if valid else None, slot.c >> 32 if valid else 0,
            slot.c >> 8 & 0xFFFFFF, tail,
        )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Lines:
    """A PE's interrupt outputs, and when they became so."""

    pe: int
    levels: Level
    sequence: int
    time: int
    cycle: int
    #: The highest-priority pending interrupt, from the line page only; 1023: none.
    intid: int | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of an MSI."""

    kind: OutcomeKind
    intid: int
    collection: int
    pe: int

    @classmethod
    def parse(cls, packed: int) -> Outcome:
        """From the value of a reply to MSI, TRANSLATE or MSI_BATCH."""
        return cls(
            OutcomeKind(packed >> 56), packed & 0xFFFFFF, packed >> 24 & 0xFFFF,
            packed >> 40 & 0xFFFF,
        )  # fmt: skip

    @property
    def dropped(self) -> bool:
        """Whether no interrupt comes of it."""
        return self.kind >= 16


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine's shape."""

    created: bool
    quiesced: bool
    #: From a file, and not resumed since: its RAM must be mapped as it was then.
    restored: bool
    #: Requests of this role, of those that count, that it has carried out.
    requests: int
    timed: bool
    clock_hz: int
    gicd_base: int
    gicr_base: int
    #: Bytes from one redistributor to the next.
    gicr_stride: int
    #: Control frames; each translation frame is 64 KiB above.
    its_bases: tuple[int, ...]
    #: Aff3.Aff2.Aff1.Aff0 by Processor_Number.
    affinities: tuple[int, ...]
    #: Equal configurations have equal ones.
    configuration: str

    @property
    def pe_count(self) -> int:
        """How many PEs there are."""
        return len(self.affinities)

    @classmethod
    def parse(cls, flags: int, requests: int, tail: bytes) -> Machine:
        """From the answer to ATTACH; ValueError or struct.error if it makes no sense."""
        pes, itss, timed, length = struct.unpack_from("<IIII", tail)
        clock, gicd, gicr, stride = struct.unpack_from("<QQQQ", tail, 16)
        at = 48 + 8 * itss
        if at + 4 * pes + length != len(tail):
            raise ValueError("the answer to ATTACH makes no sense")
        return cls(
            bool(flags & 1), bool(flags & 2), bool(flags & 4), requests,
            bool(timed & 1), clock, gicd, gicr, stride,
            struct.unpack_from(f"<{itss}Q", tail, 48), struct.unpack_from(f"<{pes}I", tail, at),
            tail[at + 4 * pes :].decode(),
        )  # fmt: skip


def sysreg(op0: int, op1: int, crn: int, crm: int, op2: int) -> int:
    """A system register's key, from the numbers of MRS and MSR."""
    return (op0 & 3) << 14 | (op1 & 7) << 11 | (crn & 15) << 7 | (crm & 15) << 3 | op2 & 7


def capabilities(name: str, descriptors: int, ring_slots: int = 0) -> bytes:
    """What this client offers in HELLO."""

    def entry(kind: int, value: bytes) -> bytes:
        return struct.pack("<HHI", kind, 0, len(value)) + value + bytes(-len(value) & 7)

    numbers = [(1, SLOT_SIZE + TAIL_LIMIT), (2, descriptors), (3, 0x1F), (4, 4096)]
    numbers += [(6, 16 << 20), (7, ring_slots), (8, 7)]
    tail = b"".join(entry(kind, struct.pack("<Q", number)) for kind, number in numbers)
    return tail + (entry(5, name.encode()[:64]) if name else b"")


def parse_capabilities(tail: bytes) -> dict[int, bytes]:
    """The values that a HELLO carries, by type."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 8 <= len(tail):
        kind, _, length = struct.unpack_from("<HHI", tail, at)
        found[kind] = tail[at + 8 : at + 8 + length]
        at += 8 + length + (-length & 7)
    return found
