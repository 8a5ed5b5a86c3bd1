# SPDX-License-Identifier: GPL-2.0-only
"""Options of pcapng blocks: how they are framed, and what the ones msgshark uses mean.

Source: draft-ietf-opsawg-pcapng, section 3.5 and the sections of the blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from analyzer.capture.records import OPT_END, u16

OPT_IF_NAME: Final = 2
OPT_IF_DESCRIPTION: Final = 3
OPT_IF_TSRESOL: Final = 9
OPT_IF_FILTER: Final = 11
OPT_IF_TSOFFSET: Final = 14
OPT_ISB_IFRECV: Final = 4
OPT_ISB_IFDROP: Final = 5
OPT_SHB_USERAPPL: Final = 4
MICROSECONDS: Final = 6  # the if_tsresol of an interface that has none


class OptionError(ValueError):
    """An option that cannot be what it claims; the message is one sentence."""


class Resolution(NamedTuple):
    """An if_tsresol, and the same as the first columns of an interface of `records.time_ns`."""

    ticks_per_second: int
    ns_per_tick: int = 0
    ticks_per_ns: int = 0
    bits: int = 0

    @property
    def usable(self) -> bool:
        return any(self[1:])


def resolution(tsresol: int) -> Resolution:
    """What the byte `tsresol` means: a negative power of 10, or of 2 with the top bit set."""
    exponent = tsresol & 0x7F
    if tsresol & 0x80 and exponent:
        return Resolution(2**exponent, bits=exponent if exponent < 64 else 0)
    if exponent <= 9:
        return Resolution(10**exponent, ns_per_tick=10 ** (9 - exponent))
    return Resolution(10**exponent, ticks_per_ns=10 ** (exponent - 9) if exponent < 28 else 0)


def text(value: memoryview) -> str:
    """A UTF-8 option value; some writers end it with NUL."""
    return str(value, "utf-8", "replace").rstrip("\0")


def number(value: memoryview, size: int, big: bool) -> int:
    """An option's unsigned number of `size` bytes; OptionError if it has another length."""
    if len(value) != size:
        raise OptionError(f"An option of {size} bytes has {len(value)}.")
    return int.from_bytes(value, "big" if big else "little")


def signed(value: memoryview, size: int, big: bool) -> int:
    """An option's signed number of `size` bytes; OptionError if it has another length."""
    found = number(value, size, big)
    return found - (1 << 8 * size) if found >> 8 * size - 1 else found


def options(block: memoryview, at: int, big: bool) -> Iterator[tuple[int, memoryview]]:
    """Yield code and value of each option in `block` from `at` to its trailing length.

    Raises OptionError at one that does not fit. One at a time, for a hostile block can hold an
    empty option in every four bytes.
    """
    end = len(block) - 4
    while end - at >= 4:
        code, length = u16(block, at, big), u16(block, at + 2, big)
        at += 4
        if code == OPT_END:
            return
        if length > end - at:
            raise OptionError(f"Option {code} claims {length} bytes where {end - at} are left.")
        yield code, block[at : at + length]
        at += length + 3 & ~3
