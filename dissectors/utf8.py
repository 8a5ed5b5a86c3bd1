# SPDX-License-Identifier: GPL-2.0-only
"""UTF-8 check (RFC 3629) in numba's subset, shared by the option walk and the JSON scanner."""

from __future__ import annotations

from dissectors.kernel import Bytes


def utf8_error(data: Bytes, start: int, end: int) -> int:
    """Index of the first byte in `data[start:end]` that breaks UTF-8, or -1.

    Overlong forms, surrogates and code points above U+10FFFF are errors (RFC 3629 clause 3).
    """
    at = start
    while at < end:
        lead = data[at]
        if lead < 0x80:
            at += 1
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= lead <= 0xDF:
            more = 1
        elif 0xE0 <= lead <= 0xEF:
            more = 2
            if lead == 0xE0:
                low = 0xA0
            elif lead == 0xED:
                high = 0x9F
        elif 0xF0 <= lead <= 0xF4:
            more = 3
            if lead == 0xF0:
                low = 0x90
            elif lead == 0xF4:
                high = 0x8F
        else:
            return at
        if at + more >= end:
            return at
        for step in range(1, more + 1):
            byte = data[at + step]
            if byte < low or byte > high:
                return at
            low, high = 0x80, 0xBF
        at += more + 1
    return -1
