# SPDX-License-Identifier: GPL-2.0-only
"""How messages lie to each other: by what a response was matched, in which way it came, what is new
about a notification, what an orphan is. Kernels write their numbers, views their names.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum


class Match(StrEnum):
    """By which keys a response, ACK or RST found its request."""

    MID_TOKEN = "mid+token"
    TOKEN = "token"
    MID = "mid"
    OTHER_TOKEN = "mid, other token"
    OTHER_MID = "token, other mid"
    OTHER_ENDPOINT = "token, other endpoint"
    MULTICAST = "token, multicast"
    CONNECTION = "token, connection"


SURE = (Match.MID_TOKEN, Match.TOKEN, Match.CONNECTION)
"""Matches that leave no doubt which request was answered."""


class Confidence(StrEnum):
    """How sure a pairing is."""

    EXACT = "exact"
    TOKEN = "token"
    RELAXED = "relaxed"
    LOW = "low"
    AMBIGUOUS = "ambiguous"


class How(IntFlag):
    """In which way a response came. PROMISED: after an Empty ACK under the same Message ID."""

    FIRST = 1
    NOTIFIES = 2
    ACKNOWLEDGED = 4  # the request was
    RESET = 8  # the request was
    PROMISED = 16
    RETRANSMITTED = 32  # the request was
    OBSERVED = 64  # an observation stands, or stood
    LATE = 128  # more than ACK_TIMEOUT after the last transmission of the request
    SAME_ETAG = 256  # as the first of the request


class Orphan(IntEnum):
    """What a message that answers nothing is. EARLY: what it answers may lie before the capture,
    or after it."""

    RESPONSE = 0
    NOTIFICATION = 1
    ACK = 2
    RST = 3
    EARLY_RESPONSE = 4
    EARLY_ACK = 5
    ACKED = 6  # a response that the client acknowledged nevertheless
    TO_OTHER = 7  # an Empty ACK or RST from another endpoint than the CON went to
    TO_ACK = 8  # an ACK or RST that answers one


class Reuse(IntEnum):
    """What the earlier request with a token was: open, refused by ICMP, observing another resource,
    sent to a group."""

    OPEN = 0
    FAILED = 1
    OBSERVING = 2
    GROUP = 3


class News(IntFlag):
    """What a notification says beside the one before it (exchanges.observing)."""

    NOT_NEWER = 1
    SAME_VALUE = 2
    REORDERED = 4  # with the two above: Message IDs tell the order of sending the other way round
    TOO_FAST = 8
    AFTER_RST = 16
    AFTER_ERROR = 32
    AFTER_DEREGISTERED = 64
    AFTER_SILENCE = 128
    STALE = 256
    UNCONFIRMED = 512
    RATE = 1024


class Following(IntFlag):
    """How a block follows the newest block of its body (exchanges.blockwise); 0: it begins where
    that one ended."""

    REPEATS = 1  # the same block
    RETURNS = 2  # it lies before
    SKIPS = 4  # there is a gap
    OVERTAKEN = 8  # Message IDs tell the order of sending the other way round
    LARGER = 16  # than the server asked for
    AFTER_CHANGE = 32  # a request, and the block before it had another ETag than those before
    AFTER_UPLOAD = 64  # the response is to a request whose body came in blocks
    INTERLEAVED = 128  # it goes on where a body stopped for which this one was begun
    IN_BURST = 256  # the first Q-Block above those that may be sent in one go
    RECOVERS = 512  # all blocks were sent once, or the server told which are missing
