# SPDX-License-Identifier: GPL-2.0-only
"""The OSCORE option, and which options stand beside it. RFC 8613 clauses 4.1 and 6.1.

Reading never raises.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dissectors.coap import numbers

RESERVED: Final = 0xE0
GROUP: Final = 0x20
HAS_CONTEXT: Final = 0x10
HAS_KID: Final = 0x08
LONGEST_PIV: Final = 5

UNPROTECTED: Final = frozenset(
    {
        numbers.URI_HOST,
        numbers.URI_PORT,
        numbers.OSCORE,
        numbers.HOP_LIMIT,
        numbers.EDHOC,
        numbers.PROXY_URI,
        numbers.PROXY_SCHEME,
    }
)
"""Options of class U alone: figure 5, RFC 8768 clause 3, RFC 9668 clause 3.1."""

OUTER: Final = UNPROTECTED | {
    numbers.OBSERVE,
    numbers.MAX_AGE,
    numbers.Q_BLOCK1,
    numbers.BLOCK2,
    numbers.BLOCK1,
    numbers.SIZE2,
    numbers.Q_BLOCK2,
    numbers.SIZE1,
    numbers.ECHO,
    numbers.NO_RESPONSE,
    numbers.REQUEST_TAG,
}
"""Options that may stand outside: class U, or both classes (figure 5, RFC 9175, RFC 9177).
All others are encrypted."""


class Compressed(NamedTuple):
    """What an OSCORE option says (clause 6.1). `kid_context` and `kid` are None where there is
    none; `left` counts bytes after kid context, below 0 where the value ends before."""

    flags: int
    piv: bytes
    kid_context: bytes | None
    kid: bytes | None
    left: int

    @property
    def whole(self) -> bool:
        """Each length fits."""
        missing = bool(self.flags & HAS_CONTEXT) and self.kid_context is None
        return self.left >= 0 and not missing and (self.kid is not None or self.left == 0)


_EMPTY: Final = Compressed(0, b"", None, None, 0)


def read_oscore(value: bytes) -> Compressed:
    """The value of an OSCORE option; an empty one has all flags 0."""
    if not value:
        return _EMPTY
    flags = value[0]
    start = at = 1 + (flags & 7)
    context = None
    if flags & HAS_CONTEXT and at < len(value):
        at += 1 + value[at]
        context = value[start + 1 : at]
    kid = value[at:] if flags & HAS_KID else None
    return Compressed(flags, value[1:start], context, kid, len(value) - at)
