# SPDX-License-Identifier: GPL-2.0-only
"""pcapng: sections of blocks, each with its length at both ends (draft-ietf-opsawg-pcapng).

The kernel in `records` takes the packets; every other block, and every packet with a comment or
a defect, stops it and is read here.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from analyzer.capture.model import CaptureError, Interface, KeyLogText, NoticeKind, NoticeLog
from analyzer.capture.options import (
    MICROSECONDS,
    OPT_IF_DESCRIPTION,
    OPT_IF_NAME,
    OPT_IF_TSOFFSET,
    OPT_IF_TSRESOL,
    OPT_ISB_IFDROP,
    OptionError,
    Resolution,
    number,
    options,
    resolution,
    signed,
    text,
)
from analyzer.capture.records import (
    ENHANCED_PACKET,
    LATEST,
    NO_INTERFACE,
    NO_TIME,
    NS,
    OBSOLETE_PACKET,
    OPT_COMMENT,
    PAUSED,
    REMARK,
    ROW,
    SECTION_HEADER,
    SIMPLE_PACKET,
    u16,
    u32,
    walk_pcapng,
)
from analyzer.capture.records import INTERFACE as COLUMNS

LARGEST_BLOCK: Final = 256 << 20
MOST_INTERFACES: Final = 65_536
SMALLEST_SECTION_HEADER: Final = 28
SMALLEST_INTERFACE: Final = 20
SMALLEST_STATISTICS: Final = 24
SMALLEST_SECRETS: Final = 20
MOST_SECRETS: Final = 64 << 20  # bytes of a file

INTERFACE_DESCRIPTION: Final = 1
INTERFACE_STATISTICS: Final = 5
PACKETS: Final = frozenset({OBSOLETE_PACKET, SIMPLE_PACKET, ENHANCED_PACKET})
DECRYPTION_SECRETS: Final = 10
TLS_KEY_LOG: Final = 0x544C534B
"""The type of secrets that are a key log of TLS and DTLS; those of others are passed over."""
# Name resolution: known, and nothing in it is a record.
SILENT: Final = frozenset({4})
# Frames to Wireshark without being packets, and where their content begins: the systemd journal,
# Sysdig events, custom blocks behind their enterprise number.
OTHER_FRAMES: Final = {9: 8, 0x204: 8, 0x216: 8, 0xBAD: 12, 0x40000BAD: 12}


def byte_order(section: memoryview) -> bool | None:
    """Whether the section header block is big-endian; None if its byte-order magic is neither."""
    return {b"\x1a\x2b\x3c\x4d": True, b"\x4d\x3c\x2b\x1a": False}.get(bytes(section[8:12]))


class PcapngWalker:
    """Finds the records of one pcapng file, window by window."""

    first = 0  # file offset of the first block
    format = "pcapng"
    largest = LARGEST_BLOCK

    def __init__(self, head: bytes, notices: NoticeLog) -> None:
        """Judge the first section header; the first walk reads it."""
        if len(head) < SMALLEST_SECTION_HEADER:
            raise CaptureError(
                f"is cut off in its pcapng header ({len(head)} of at least "
                f"{SMALLEST_SECTION_HEADER} bytes); copy or record it again"
            )
        big = byte_order(memoryview(head))
        if big is None:
            raise CaptureError(
                "starts like pcapng, but its byte order cannot be told; it is damaged or no capture"
            )
        version = u16(memoryview(head), 12, big)
        if version != 1:
            raise CaptureError(
                f"is pcapng version {version}, and only version 1 is known; "
                "convert it with the program that wrote it"
            )
        self.stopped = False
        self.interfaces: list[Interface] = []
        self.kernel: Callable[..., Any] = walk_pcapng
        self.comments: dict[int, list[str]] = {}
        self.file_comments: list[str] = []
        self.dropped: dict[int, int] = {}
        self.secrets: list[KeyLogText] = []
        self._secret_bytes = 0
        self._notices = notices
        self._big = big
        self._section = 0  # index of the section's first interface
        self._columns = array("q")  # of all interfaces, for the kernel

    def extent(self, head: memoryview) -> int:
        """Bytes of the block that begins with `head`, or of its header if `head` is shorter."""
        if len(head) < 12:
            return 12
        big = self._big
        if u32(head, 0, big) == SECTION_HEADER:
            order = byte_order(head)
            if order is None:
                return 12  # enough to find it damaged
            big = order
        return max(12, u32(head, 4, big) + 3 & ~3)

    def walk(
        self, data: memoryview, base: int, at: int, frame: int, rows: memoryview, limit: int
    ) -> tuple[int, int]:
        """Write rows for the whole blocks from `data[at:]`; `frame` is the first packet's number.

        `base` is the file offset of `data[0]`. Returns the index behind the last block taken and
        the number of rows.
        """
        end = len(data)
        count = 0
        while not self.stopped:
            with memoryview(self._columns) as columns:
                section = columns[self._section * COLUMNS :]
                free = rows[count * ROW :]
                at, found, reason = self.kernel(
                    data, at, end, self._big, section, self._section, free, limit - count
                )
                section.release()
            count += found
            extent = self.extent(data[at : at + 12])
            if reason == PAUSED or extent > end - at:
                break
            block = data[at : at + extent]
            if reason == REMARK:
                self._remark(block, base + at, frame + count - 1)
            elif self._odd_block(block, base + at, frame + count):
                begin = OTHER_FRAMES[u32(block, 0, self._big)]
                size = max(0, extent - 4 - begin)
                rows[count * ROW : (count + 1) * ROW] = array(
                    "q", (at + begin, size, size, NO_TIME, NO_INTERFACE)
                )
                count += 1
            if not self.stopped:
                at += extent
        return at, count

    def pass_over(self, offset: int, extent: int, read: Callable[[int, int], bytes]) -> None:
        """Report a block larger than `largest`; go on behind it if its length is there again."""
        stated = read(offset + 4, 4)
        self.stopped = len(stated) < 4 or read(offset + extent - 4, 4) != stated
        self._notices.add(
            NoticeKind.OVERSIZED_RECORD,
            offset,
            f"A block claims {extent} bytes, more than the {self.largest} msgshark takes; "
            + ("reading stops here." if self.stopped else "it is passed over."),
        )

    def _stop(self, offset: int, reason: str) -> None:
        self.stopped = True
        self._notices.add(NoticeKind.BAD_BLOCK, offset, f"{reason}; reading stops here.")

    def _odd_block(self, block: memoryview, offset: int, frame: int) -> bool:
        """Take a block that holds no sound packet; true if it is a frame all the same.

        `frame` is the number of the next packet.
        """
        kind = u32(block, 0, self._big)
        if kind == SECTION_HEADER:
            self._start_section(block, offset)
            return False
        if u32(block, 4, self._big) < 12:
            self._stop(offset, f"Block type {kind:#x} claims less than the 12 bytes of any block")
            return False
        self._check_length(block, offset)
        if kind == INTERFACE_DESCRIPTION:
            self._describe_interface(block, offset)
        elif kind == INTERFACE_STATISTICS:
            self._take_statistics(block, offset)
        elif kind == DECRYPTION_SECRETS:
            self._take_secrets(block, offset, frame)
        elif kind in PACKETS:
            self._report_packet(kind, block, offset)
        elif kind not in SILENT and kind not in OTHER_FRAMES:
            self._notices.add(
                NoticeKind.UNKNOWN_BLOCK, offset, f"Block type {kind:#x} is passed over."
            )
        return kind in OTHER_FRAMES

    def _check_length(self, block: memoryview, offset: int, frame: int = 0) -> None:
        first, last = u32(block, 4, self._big), u32(block, len(block) - 4, self._big)
        if first != last:
            reason = f"A block claims {first} bytes at its start and {last} at its end."
        elif first & 3:
            reason = f"A block claims {first} bytes, no multiple of 4."
        else:
            return
        self._notices.add(NoticeKind.BAD_BLOCK, offset, reason, frame)

    def _start_section(self, block: memoryview, offset: int) -> None:
        big = byte_order(block)
        if big is None or len(block) < SMALLEST_SECTION_HEADER:
            self._stop(offset, "A section header is damaged")
            return
        if u16(block, 12, big) != 1:
            self._stop(offset, f"A section has the unknown pcapng version {u16(block, 12, big)}")
            return
        self._big = big
        self._section = len(self.interfaces)
        self._check_length(block, offset)
        with self._reporting(offset):
            for code, value in options(block, 24, big):
                if code == OPT_COMMENT:
                    self.file_comments.append(text(value))

    def _describe_interface(self, block: memoryview, offset: int) -> None:
        index = len(self.interfaces)
        if len(block) < SMALLEST_INTERFACE:  # passing over it would renumber all that follow
            self._stop(offset, f"An interface description has {len(block)} bytes of at least 20")
            return
        if index == MOST_INTERFACES:
            self._notices.add(
                NoticeKind.TOO_MANY_INTERFACES,
                offset,
                f"There are more than {MOST_INTERFACES} interfaces; packets of this one are "
                "passed over.",
            )
            return
        interface, clock = self._interface(index, block, offset)
        self.interfaces.append(interface)
        offset_ns = max(-LATEST, min(interface.offset_seconds * NS, LATEST))
        self._columns.extend((*clock[1:], offset_ns, interface.snap_length))

    def _interface(
        self, index: int, block: memoryview, offset: int
    ) -> tuple[Interface, Resolution]:
        """The interface a description block describes; what its options do not say is default."""
        big = self._big
        name = description = ""
        seconds = 0
        clock = resolution(MICROSECONDS)
        comments = []
        with self._reporting(offset):
            for code, value in options(block, 16, big):
                if code == OPT_COMMENT:
                    comments.append(text(value))
                elif code == OPT_IF_NAME:
                    name = text(value)
                elif code == OPT_IF_DESCRIPTION:
                    description = text(value)
                elif code == OPT_IF_TSRESOL:
                    clock = resolution(number(value, 1, big))
                elif code == OPT_IF_TSOFFSET:
                    seconds = signed(value, 8, big)
        if not clock.usable:
            self._notices.add(
                NoticeKind.BAD_OPTION,
                offset,
                f"The clock of interface {index} is too fine to tell the time with.",
            )
        interface = Interface(
            index,
            link_type=u16(block, 8, big),
            snap_length=u32(block, 12, big),
            ticks_per_second=clock.ticks_per_second,
            name=name,
            description=description,
            offset_seconds=seconds,
            comments=tuple(comments),
        )
        return interface, clock

    def _take_statistics(self, block: memoryview, offset: int) -> None:
        if len(block) < SMALLEST_STATISTICS:
            self._notices.add(NoticeKind.BAD_BLOCK, offset, "A statistics block is too short.")
            return
        interface = self._section + u32(block, 8, self._big)
        if interface >= len(self.interfaces):
            return
        with self._reporting(offset):
            for code, value in options(block, 20, self._big):
                if code == OPT_ISB_IFDROP:
                    self.dropped[interface] = number(value, 8, self._big)

    def _take_secrets(self, block: memoryview, offset: int, frame: int) -> None:
        length = u32(block, 12, self._big) if len(block) >= SMALLEST_SECRETS else 0
        if length > len(block) - SMALLEST_SECRETS or len(block) < SMALLEST_SECRETS:
            reason = "A block of decryption secrets is too short for what it claims to hold."
            self._notices.add(NoticeKind.BAD_BLOCK, offset, reason)
        elif u32(block, 8, self._big) == TLS_KEY_LOG:
            self._secret_bytes += length
            if self._secret_bytes > MOST_SECRETS:
                self._notices.add(
                    NoticeKind.TOO_MANY_SECRETS,
                    offset,
                    f"There are more than {MOST_SECRETS >> 20} MiB of decryption secrets; these "
                    "are passed over.",
                )
                return
            self.secrets.append(KeyLogText(frame, bytes(block[16 : 16 + length])))

    def _report_packet(self, kind: int, block: memoryview, offset: int) -> None:
        """Say why the kernel did not take a packet block."""
        known = len(self.interfaces) - self._section
        interface = 0
        if len(block) >= 32 and kind != SIMPLE_PACKET:
            read = u16 if kind == OBSOLETE_PACKET else u32
            interface = read(block, 8, self._big)
        if interface >= known:
            self._notices.add(
                NoticeKind.UNKNOWN_INTERFACE,
                offset,
                f"A packet of interface {interface} is passed over: the section describes {known}.",
            )
        else:
            self._notices.add(
                NoticeKind.BAD_BLOCK,
                offset,
                f"A packet block of {len(block)} bytes is too short for what it claims to hold "
                "and is passed over.",
            )

    def _remark(self, block: memoryview, offset: int, frame: int) -> None:
        """Take what stands behind a packet's data: its comments, and the defects."""
        self._check_length(block, offset, frame)
        if u32(block, 0, self._big) == SIMPLE_PACKET:
            return
        padded = u32(block, 20, self._big) + 3 & ~3
        with self._reporting(offset, frame):
            for code, value in options(block, 28 + padded, self._big):
                if code == OPT_COMMENT:
                    self.comments.setdefault(frame, []).append(text(value))

    @contextmanager
    def _reporting(self, offset: int, frame: int = 0) -> Iterator[None]:
        """Turn an option that does not fit into a notice; what stood before it holds."""
        try:
            yield
        except OptionError as defect:
            self._notices.add(NoticeKind.BAD_OPTION, offset, str(defect), frame)
