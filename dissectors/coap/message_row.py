# SPDX-License-Identifier: GPL-2.0-only
"""The rows that `dissectors.coap.wire.walk` fills: their slots, and what it can find wrong."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from dissectors.kernel import Rows

# Slots of the head row. Offsets count from the start of `data`; -1 means absent.
VERSION, TYPE, TKL, CODE, MID = 0, 1, 2, 3, 4
TOKEN_AT, TOKEN_LENGTH, OPTIONS_AT, PAYLOAD_AT, END = 5, 6, 7, 8, 9
OPTION_COUNT, DEFECT_COUNT = 10, 11
HEAD_SLOTS: Final = 12

# Slots of an option row: number, where its first byte stands, where its value stands, its length.
NUMBER, AT, VALUE_AT, LENGTH = 0, 1, 2, 3
OPTION_SLOTS: Final = 4

# Slots of a defect row: kind, first byte, byte after the last, detail (option number or byte).
KIND, FIRST, AFTER, DETAIL = 0, 1, 2, 3
DEFECT_SLOTS: Final = 4

MAX_MESSAGE: Final = 65535
"""Bytes of one UDP datagram at most, so rows for as many options and defects always do."""


class Defect(IntEnum):
    """What the walk can find wrong with one message, taken alone."""

    SHORT = 1
    VERSION = 2
    TKL_RESERVED = 3
    TKL_15 = 4
    TOKEN_TRUNCATED = 5
    CODE_CLASS = 6
    SIGNAL_ON_UDP = 7
    METHOD_UNASSIGNED = 8
    RESPONSE_UNASSIGNED = 9
    EMPTY_EXTRA = 10
    ACK_REQUEST = 11
    ACK_CLASS = 12
    RST_NOT_EMPTY = 13
    NON_EMPTY = 14
    MARKER_NO_PAYLOAD = 15
    DELTA_15 = 16
    LENGTH_15 = 17
    OPTION_TRUNCATED = 18
    VALUE_TRUNCATED = 19
    NUMBER_OVERFLOW = 20
    LENGTH_CRITICAL = 21
    LENGTH_ELECTIVE = 22
    UINT_LEADING_ZERO = 23
    STRING_NOT_UTF8 = 24
    STRING_NOT_NET_UNICODE = 25
    CRITICAL_UNKNOWN = 26
    ELECTIVE_UNKNOWN = 27
    EXPERIMENTAL = 28
    RESERVED_LOCATION = 29
    REPEATED = 30
    ETAG_REPEATED = 31
    CONTEXT_REQUEST = 32
    CONTEXT_RESPONSE = 33
    CONTEXT_METHOD = 34
    CUT = 35
    FRAME_LENGTH = 36
    WS_LENGTH = 37


HEADER: Final = 4
"""Bytes of the fixed header (RFC 7252 clause 3)."""

FRAMED_HEADER: Final = 2
"""Bytes of the shortest header in a stream: length, token length and code (RFC 8323 clause 3.2)."""

# How a message is framed: as a datagram, in a stream (RFC 8323 clause 3.2), in a message of a
# WebSocket (clause 4.2).
DATAGRAM, STREAM, WEBSOCKET = 0, 1, 2

FATAL: Final = frozenset(
    {
        Defect.SHORT,
        Defect.VERSION,
        Defect.TKL_15,
        Defect.TOKEN_TRUNCATED,
        Defect.CODE_CLASS,
        Defect.ACK_CLASS,
        Defect.DELTA_15,
        Defect.LENGTH_15,
        Defect.OPTION_TRUNCATED,
        Defect.VALUE_TRUNCATED,
        Defect.NUMBER_OVERFLOW,
        Defect.MARKER_NO_PAYLOAD,
        Defect.FRAME_LENGTH,
    }
)
"""Message format errors: the receiver must reject the message (RFC 7252 clauses 4.2, 4.3)."""


def add_defect(defects: Rows, head: Rows, kind: int, first: int, after: int, detail: int) -> None:
    """Note what is wrong from byte `first` to before `after` (kernel)."""
    row = head[DEFECT_COUNT] * DEFECT_SLOTS
    if row + DEFECT_SLOTS <= len(defects):
        defects[row + KIND] = kind
        defects[row + FIRST] = first
        defects[row + AFTER] = after
        defects[row + DETAIL] = detail
        head[DEFECT_COUNT] += 1
