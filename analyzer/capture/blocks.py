# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of pcapng as bytes: little-endian, times in ns (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from analyzer.capture.model import Interface
from analyzer.capture.options import (
    OPT_IF_DESCRIPTION,
    OPT_IF_FILTER,
    OPT_IF_NAME,
    OPT_IF_TSRESOL,
    OPT_ISB_IFDROP,
    OPT_ISB_IFRECV,
    OPT_SHB_USERAPPL,
)
from analyzer.capture.pcapng import (
    DECRYPTION_SECRETS,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    TLS_KEY_LOG,
)
from analyzer.capture.records import ENHANCED_PACKET, OPT_COMMENT, SECTION_HEADER

LONGEST_OPTION: Final = 0xFFFC

_NANOSECONDS: Final = b"\x09"
_LIBPCAP_FILTER: Final = b"\x00"
_LATEST: Final = (1 << 64) - 1
_SECTION: Final = struct.Struct("<IHHq")
_INTERFACE: Final = struct.Struct("<HHI")
_PACKET: Final = struct.Struct("<IIIII")
_STATISTICS: Final = struct.Struct("<III")
_SECRETS: Final = struct.Struct("<II")

Options = Iterable[tuple[int, bytes]]


def section(application: str, comments: Iterable[str] = ()) -> bytes:
    """The header; `application` is the name of the program that writes."""
    options = [*_comments(comments), (OPT_SHB_USERAPPL, _utf8(application))]
    return _block(SECTION_HEADER, _SECTION.pack(0x1A2B3C4D, 1, 0, -1), options)


def description(interface: Interface, filter: str = "") -> bytes:
    """An interface, and the capture filter in libpcap's language."""
    options = list(_comments(interface.comments))
    options += [
        (code, _utf8(text))
        for code, text in (
            (OPT_IF_NAME, interface.name),
            (OPT_IF_DESCRIPTION, interface.description),
        )
        if text
    ]
    options.append((OPT_IF_TSRESOL, _NANOSECONDS))
    if filter:
        options.append((OPT_IF_FILTER, _LIBPCAP_FILTER + _utf8(filter)))
    fixed = _INTERFACE.pack(interface.link_type, 0, interface.snap_length)
    return _block(INTERFACE_DESCRIPTION, fixed, options)


def packet(
    interface: int, time: int, data: bytes, wire: int, comments: Iterable[str] = ()
) -> bytes:
    """A packet of the section's interface of this number; `time` in ns since 1970."""
    lengths = (len(data), max(wire, len(data)))
    fixed = _PACKET.pack(interface, *_halves(time), *lengths)
    return _block(ENHANCED_PACKET, fixed + data, _comments(comments))


def statistics(interface: int, time: int, received: int, lost: int) -> bytes:
    """Packets of an interface so far: those that passed the filter, and those of them not here.

    As dumpcap does, which readers follow, ifdrop counts what the system dropped as well.
    """
    counts = ((OPT_ISB_IFRECV, received), (OPT_ISB_IFDROP, lost))
    options = [(code, struct.pack("<Q", count)) for code, count in counts]
    return _block(INTERFACE_STATISTICS, _STATISTICS.pack(interface, *_halves(time)), options)


def secrets(keylog: bytes) -> bytes:
    """A key log of TLS and DTLS; it goes before the packets that it opens."""
    return _block(DECRYPTION_SECRETS, _SECRETS.pack(TLS_KEY_LOG, len(keylog)) + keylog, ())


def _halves(time: int) -> tuple[int, int]:
    ticks = max(0, min(time, _LATEST))
    return ticks >> 32, ticks & 0xFFFFFFFF


def _block(kind: int, body: bytes, options: Options) -> bytes:
    parts = [body, bytes(-len(body) % 4)]
    for code, value in options:
        parts += [struct.pack("<HH", code, len(value)), value, bytes(-len(value) % 4)]
    if len(parts) > 2:
        parts.append(bytes(4))
    body = b"".join(parts)
    total = len(body) + 12
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)


def _comments(texts: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    return ((OPT_COMMENT, _utf8(text)) for text in texts)


def _utf8(text: str) -> bytes:
    """As much of a text as an option holds, and no half character."""
    data = text.encode("utf-8", "replace")
    if len(data) <= LONGEST_OPTION:
        return data
    return data[:LONGEST_OPTION].decode("utf-8", "ignore").encode()
