# SPDX-License-Identifier: GPL-2.0-only
"""Requests that were refused in a way that asks for patience or for another request, and asked
again. Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer.happenings import tell
from analyzer.state import COUNT, REFUSED_KEYS, ends, get, put, remove
from dissectors.coap.numbers import (
    BAD_OPTION,
    SERVICE_UNAVAILABLE,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
)
from dissectors.kernel import Rows

MOST_REFUSED: Final = 1 << 16


def refused(s: Rows, facts: Rows, f: int, exchange: int, client: int, key: int) -> None:
    """A response to a request with this key: remember a refusal."""
    code = facts[f + fact.CODE]
    again = code in (UNAUTHORIZED, BAD_OPTION)
    later = code in (TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE)
    if (again or later) and key and s[REFUSED_KEYS + COUNT] < MOST_REFUSED:
        put(s, REFUSED_KEYS, ends(client, facts[f + fact.SOURCE]), key, 0, exchange)


def asked(s: Rows, facts: Rows, f: int, exchange: int) -> None:
    """A new request: was one like it refused before? Told once of each refusal."""
    if s[REFUSED_KEYS + COUNT] == 0:
        return
    between = ends(facts[f + fact.SOURCE], facts[f + fact.DESTINATION])
    before = get(s, REFUSED_KEYS, between, facts[f + fact.KEY], 0)
    if before:
        remove(s, REFUSED_KEYS, between, facts[f + fact.KEY], 0)
        tell(s, tells.ASKED_AGAIN, exchange, before, 0, 0, 0)
