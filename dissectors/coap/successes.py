# SPDX-License-Identifier: GPL-2.0-only
"""Which success code may answer which method."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from dissectors.coap.numbers import (
    CHANGED,
    CONTENT,
    CONTINUE,
    CREATED,
    DELETED,
    GET,
    IPATCH,
    VALID,
)


class Success(IntEnum):
    """May a success code answer a method?"""

    NEVER = 0
    UNUSUAL = 1  # the RFC names another code
    MORE_FOLLOWS = 2  # a block of the request, with more to come
    ALWAYS = 3


_NEVER, _UNUSUAL, _MORE, _ALWAYS = Success
_SUCCESSES: Final = {
    # GET, POST, PUT, DELETE, FETCH, PATCH, iPATCH
    CREATED: (_NEVER, _ALWAYS, _ALWAYS, _NEVER, _NEVER, _ALWAYS, _ALWAYS),
    DELETED: (_NEVER, _ALWAYS, _UNUSUAL, _ALWAYS, _NEVER, _UNUSUAL, _UNUSUAL),
    VALID: (_ALWAYS, _NEVER, _NEVER, _NEVER, _ALWAYS, _NEVER, _NEVER),
    CHANGED: (_NEVER, _ALWAYS, _ALWAYS, _NEVER, _NEVER, _ALWAYS, _ALWAYS),
    CONTENT: (_ALWAYS, _NEVER, _NEVER, _NEVER, _ALWAYS, _NEVER, _NEVER),
    CONTINUE: (_NEVER, _MORE, _MORE, _NEVER, _MORE, _MORE, _MORE),
}


def success(method: int, code: int) -> Success:
    """Whether a success code may answer a method: RFC 7252 clause 5.8, RFC 7959 clause 2.9.1,
    RFC 8132 clause 2.3; ALWAYS where either is not assigned."""
    row = _SUCCESSES.get(code)
    return row[method - GET] if row and GET <= method <= IPATCH else Success.ALWAYS
