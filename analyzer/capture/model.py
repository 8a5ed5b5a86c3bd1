# SPDX-License-Identifier: GPL-2.0-only
"""What reading a capture file tells: its interfaces, its packets, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

NOTICES_PER_KIND: Final = 100


class CaptureError(Exception):
    """The file cannot be read as a capture; the one-line message says why and what to do next."""


class NoticeKind(StrEnum):
    """What is wrong with a capture file."""

    TRUNCATED_RECORD = "truncated-record"
    OVERSIZED_RECORD = "oversized-record"
    UNKNOWN_BLOCK = "unknown-block"
    BAD_BLOCK = "bad-block"
    BAD_OPTION = "bad-option"
    UNKNOWN_INTERFACE = "unknown-interface"
    TOO_MANY_INTERFACES = "too-many-interfaces"
    TOO_MANY_SECRETS = "too-many-secrets"
    STREAM_CUT = "stream-cut"


class Notice(NamedTuple):
    """A fact about the file itself."""

    kind: NoticeKind
    offset: int  # in the file, of the record or block concerned
    frame: int  # number of the packet concerned, 0 if none
    text: str  # one English sentence


@dataclass(slots=True)
class NoticeLog:
    """Notices in file order; beyond `NOTICES_PER_KIND` of a kind they are only counted.

    A hostile file can hold a defect every 12 bytes: a list of them all would outgrow the file.
    """

    listed: list[Notice] = field(default_factory=list)
    counts: Counter[NoticeKind] = field(default_factory=Counter)

    def add(self, kind: NoticeKind, offset: int, text: str, frame: int = 0) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= NOTICES_PER_KIND:
            self.listed.append(Notice(kind, offset, frame, text))


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface packets were captured on; a pcap file has one, without a name."""

    index: int  # in CaptureFile.interfaces, and in the last column of a row
    link_type: int  # LINKTYPE_ number, https://www.tcpdump.org/linktypes.html
    snap_length: int  # bytes kept of a packet at most, 0 for no limit
    ticks_per_second: int  # resolution of the timestamps
    name: str = ""
    description: str = ""
    offset_seconds: int = 0  # added to the timestamps; rows have it already
    comments: tuple[str, ...] = ()


class KeyLogText(NamedTuple):
    """A key log of TLS that came with the capture; its repr has none of it."""

    frame: int
    """Number of the first packet that stands behind it."""
    text: bytes

    def __repr__(self) -> str:
        return f"<KeyLogText: {len(self.text)} bytes before packet {self.frame}>"


@dataclass(frozen=True, slots=True, eq=False)
class RecordBatch:
    """A run of consecutive records in one window of the file.

    It keeps its window alive; drop it and the memory goes. A record that is a frame to Wireshark
    but no packet, as a custom block, has interface `NO_INTERFACE`, time `NO_TIME`, and its body
    as data.
    """

    data: memoryview  # the window, uint8
    base: int  # file offset of data[0]
    first_frame: int  # number of the first record; Wireshark counts from 1
    rows: memoryview  # int64, count x records.ROW flattened; see records for the columns
    count: int
    offsets: memoryview | None = None  # int64, of packets in their files; None: base + start
    frames: memoryview | None = None  # int64, their numbers; None: counted from first_frame
    carried_at: int = -1  # where in `data` begins what carriers put in, -1: nowhere
