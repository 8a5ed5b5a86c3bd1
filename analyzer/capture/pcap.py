# SPDX-License-Identifier: GPL-2.0-only
"""pcap: a file header of 24 bytes, then records (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from analyzer.capture.model import CaptureError, Interface, KeyLogText, NoticeKind, NoticeLog
from analyzer.capture.records import u32, walk_pcap

FILE_HEADER: Final = 24
LARGEST_RECORD: Final = 256 << 20
# What libpcap and Wireshark take at least, whatever snap length the header claims.
SMALLEST_LIMIT: Final = 262_144


class Variant(NamedTuple):
    """What the magic number tells."""

    big: bool
    format: str  # Wireshark's short name
    ns_per_tick: int
    record_header: int  # bytes


# The modified pcap of Kuznetzov's libpcap patches has 8 more bytes before each packet.
VARIANTS: Final = {
    bytes.fromhex("a1b2c3d4"): Variant(True, "pcap", 1000, 16),
    bytes.fromhex("d4c3b2a1"): Variant(False, "pcap", 1000, 16),
    bytes.fromhex("a1b23c4d"): Variant(True, "nsecpcap", 1, 16),
    bytes.fromhex("4d3cb2a1"): Variant(False, "nsecpcap", 1, 16),
    bytes.fromhex("a1b2cd34"): Variant(True, "modpcap", 1000, 24),
    bytes.fromhex("34cdb2a1"): Variant(False, "modpcap", 1000, 24),
}


class PcapWalker:
    """Finds the records of one pcap file, window by window."""

    first = FILE_HEADER  # file offset of the first record

    def __init__(self, head: bytes, notices: NoticeLog) -> None:
        """Read the file header, of which `head` is long enough to hold the magic number."""
        if len(head) < FILE_HEADER:
            raise CaptureError(
                f"is cut off in its pcap header ({len(head)} of {FILE_HEADER} bytes); "
                "copy or record it again"
            )
        self._variant = VARIANTS[head[:4]]
        order = ">" if self._variant.big else "<"
        major, minor, snap_length, link = struct.unpack(order + "4xHH8xII", head[:FILE_HEADER])
        if major != 2:
            raise CaptureError(
                f"is pcap version {major}.{minor}, and only version 2 is known; "
                "convert it with the program that wrote it"
            )
        self.format = self._variant.format
        self._largest_packet = min(max(snap_length, SMALLEST_LIMIT), LARGEST_RECORD)
        self.largest = self._variant.record_header + self._largest_packet
        self.stopped = False
        # The upper half of the link type field tells the length of the frame check sequence.
        ticks = 1_000_000_000 // self._variant.ns_per_tick
        self.interfaces = [Interface(0, link & 0xFFFF, snap_length, ticks)]
        self.kernel: Callable[..., tuple[int, int]] = walk_pcap
        self.comments: dict[int, list[str]] = {}
        self.file_comments: list[str] = []
        self.dropped: dict[int, int] = {}
        self.secrets: list[KeyLogText] = []
        self._notices = notices

    def extent(self, head: memoryview) -> int:
        """Bytes of the record that begins with `head`, or of its header if `head` is shorter."""
        header = self._variant.record_header
        if len(head) < header:
            return header
        return header + u32(head, 8, self._variant.big)

    def walk(
        self, data: memoryview, base: int, at: int, frame: int, rows: memoryview, limit: int
    ) -> tuple[int, int]:
        """Write rows for the whole records from `data[at:]`; `frame` is the first one's number.

        `base` is the file offset of `data[0]`. Returns the index behind the last record taken
        and the number of rows.
        """
        big, _, ns_per_tick, header = self._variant
        largest = self._largest_packet
        return self.kernel(data, at, len(data), big, ns_per_tick, header, largest, rows, limit)

    def pass_over(self, offset: int, extent: int, read: Callable[[int, int], bytes]) -> None:
        """Report a record larger than `largest`: nothing tells where the next one begins."""
        self._notices.add(
            NoticeKind.OVERSIZED_RECORD,
            offset,
            f"A record claims a packet of {extent - self._variant.record_header} bytes, more than "
            f"the {self._largest_packet} this file may hold; reading stops here.",
        )
        self.stopped = True
