# SPDX-License-Identifier: GPL-2.0-only
"""One captured fragment, and what becomes of a datagram: put together, or left with holes.

`analyzer.reassembly` turns the one into the other.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from dissectors import link
from dissectors.kernel import Rows

_LONGEST = 0xFFFF


class Key(NamedTuple):
    """What the fragments of one datagram have in common (RFC 791, 8200 clause 4.5, 4944 5.3).

    `inside` is link.IN_IPV4, IN_IPV6 or IN_LOWPAN; the addresses are of IP, or of the link.
    """

    inside: int
    source: bytes
    destination: bytes
    protocol: int
    identification: int
    size: int

    @property
    def ends(self) -> tuple[str, str]:
        """Both addresses as text; those of 802.15.4 as interface identifiers."""
        source, destination = (
            packed.hex(":", 2) if len(packed) == 8 else str(ipaddress.ip_address(packed))
            for packed in (self.source, self.destination)
        )
        return source, destination


class Run(NamedTuple):
    """Bytes of a datagram that one fragment brought: `start` to `stop` of the payload.

    `offset` is their place in the capture file; -1 for headers that 6LoWPAN had compressed.
    """

    start: int
    stop: int
    frame: int
    offset: int


class Fragment(NamedTuple):
    """One fragment: `data` is what was captured of the `length` bytes from `at` on.

    `header` is the IP header it stands behind (6LoWPAN: none); of `data` the first `built` bytes
    are not in the file, and the others begin there at `offset`.
    """

    key: Key
    frame: int
    time: int
    offset: int
    at: int
    data: bytes
    length: int
    more: bool
    header: bytes = b""
    built: int = 0


def fragment(row: Rows, data: memoryview, start: int, frame: int, time: int, at: int) -> Fragment:
    """The fragment that `link.walk` found (`row[link.FRAGMENT]` is not 0) in a record.

    The record's bytes begin at `data[start]` and in the file at `at`; `time` is in nanoseconds.
    """
    inside = row[link.FRAGMENT_IN]
    piece_at, end = row[link.PIECE_AT], row[link.PIECE_END]
    built = bytes(row[link.BUILT : link.BUILT + row[link.BUILT_LENGTH]].tolist())
    header = b"" if inside == link.IN_LOWPAN else _header(row, data, inside)
    if inside == link.IN_LOWPAN:
        source = bytes(row[link.LINK_SOURCE : link.LINK_SOURCE + 8].tolist())
        destination = bytes(row[link.LINK_DESTINATION : link.LINK_DESTINATION + 8].tolist())
    else:
        source, destination = _ends(header)
    # IPv6 leaves the protocol out: later fragments may name another (RFC 8200 clause 4.5).
    protocol = row[link.FRAGMENT_PROTOCOL] if inside == link.IN_IPV4 else 0
    key = Key(inside, source, destination, protocol, row[link.FRAGMENT_ID], row[link.FRAGMENT_SIZE])
    return Fragment(
        key=key,
        frame=frame,
        time=time,
        offset=at + piece_at - start,
        at=row[link.FRAGMENT_AT],
        data=built + bytes(data[piece_at:end]),
        length=len(built) + row[link.PIECE_LENGTH],
        more=bool(row[link.FRAGMENT_MORE]),
        header=_whole_header(header, row[link.FRAGMENT_PROTOCOL]),
        built=len(built),
    )


def _header(row: Rows, data: memoryview, inside: int) -> bytes:
    at, size = row[link.FRAGMENT_HEADER_AT], 20 if inside == link.IN_IPV4 else 40
    if row[link.FRAGMENT_HEADER_IN]:
        return bytes(row[at : at + size].tolist())
    return bytes(data[at : at + size])


def _ends(header: bytes) -> tuple[bytes, bytes]:
    if header[0] >> 4 == 4:
        return header[12:16], header[16:20]
    return header[8:24], header[24:40]


def _whole_header(header: bytes, protocol: int) -> bytes:
    """The IP header of the whole: without options, extension headers, fragment fields, length."""
    if not header:
        return b""
    if header[0] >> 4 == 4:
        return (
            b"\x45"
            + header[1:2]
            + bytes(2)
            + header[4:6]
            + bytes(2)
            + header[8:10]
            + (bytes(2) + header[12:20])
        )
    return header[:4] + bytes(2) + bytes([protocol]) + header[7:40]


def packet(header: bytes, payload: bytes, size: int) -> bytes:
    """An IP packet with a payload of `size` bytes, of which the first are there.

    `header` is b"" where the payload is a packet already (6LoWPAN).
    """
    if not header:
        return payload
    if header[0] >> 4 == 4:
        total = min(size + 20, _LONGEST)
        header = header[:2] + struct.pack(">H", total) + header[4:]
        header = header[:10] + struct.pack(">H", _ones_complement(header)) + header[12:]
    else:
        header = header[:4] + struct.pack(">H", min(size, _LONGEST)) + header[6:]
    return header + payload


def _ones_complement(header: bytes) -> int:
    total: int = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - ((total & 0xFFFF) + (total >> 16))


class Reason(StrEnum):
    """Why a datagram was given up."""

    EXPIRED = "expired"
    ENDED = "end of capture"
    DROPPED = "memory"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of a datagram's fragments.

    `packet` is an IP packet to walk as raw IP (link type 101); its bytes from `payload_at` on are
    those that `runs` tell, in order. `frames` are in the order of their arrival, copies left out.
    `overlapped`: fragments cover the same bytes without being equal; `differs`: with other bytes
    there, or another end (RFC 5722, RFC 1858). The bytes that came first are those in `packet`.
    """

    key: Key
    first_time: int
    time: int
    frames: tuple[int, ...]
    runs: tuple[Run, ...]
    packet: bytes
    payload_at: int
    overlapped: bool
    differs: bool
    duplicates: int

    def places(self, at: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Where `packet[at:end]` stands in the capture file: (frame, offset, length) of each part.

        Parts that no file holds (decompressed headers) have the offset -1.
        """
        for run in self.runs:
            first = max(run.start, at - self.payload_at)
            last = min(run.stop, end - self.payload_at)
            if first < last:
                offset = -1 if run.offset < 0 else run.offset + first - run.start
                yield run.frame, offset, last - first


@dataclass(frozen=True, slots=True)
class Whole(Gathered):
    """A datagram of which every byte was captured."""


@dataclass(frozen=True, slots=True)
class Incomplete(Gathered):
    """A datagram that was given up; `packet` is its beginning, cut, or b"" without its first byte.

    `holes` are the bytes missing, (start, stop) in the payload; stop is -1 where the end is not
    known. `size` is that of the whole payload, -1 where no fragment told.
    """

    reason: Reason = Reason.ENDED
    holes: tuple[tuple[int, int], ...] = ()
    size: int = -1
