# SPDX-License-Identifier: GPL-2.0-only
"""Tokens compared by the million: those of up to 8 bytes stand in the tables as numbers.

Most tokens of a capture differ, so nothing is gained by judging each of them once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from analyzer.filters.conditions import Condition, placed
from analyzer.filters.judged import Judged, spread
from analyzer.filters.model import Op, Part
from analyzer.filters.readings import TOKENS, Reading, key_of
from analyzer.messages import LONG_TOKEN

if TYPE_CHECKING:
    from analyzer.filters.readings import Array
    from analyzer.session import Session

_EXACT: Final = (Op.EQ, Op.NE, Op.ALL_EQ, Op.ANY_NE)


def judge_tokens(session: Session, condition: Condition, first: int, last: int) -> Judged:
    """The tokens of rows from the first to the one before the last."""
    read = TOKENS[key_of(condition.field)]
    tokens = np.ascontiguousarray(read("token")(session, first, last).keys).view(np.uint64)
    lengths = np.ascontiguousarray(read("token_length")(session, first, last).keys)
    owners = np.flatnonzero(lengths)
    tokens, lengths = tokens[owners], lengths[owners]
    passed = np.zeros(len(owners), bool)
    of_tokens = _compared(condition)
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        rows = np.flatnonzero(lengths == length)
        if of_tokens and length < LONG_TOKEN:
            passed[rows] = of_tokens(tokens[rows], length)
            continue
        distinct, inverse = np.unique(tokens[rows], return_inverse=True)
        texts = [session.token_bytes(token, length).hex() for token in distinct.tolist()]
        passed[rows] = np.array(condition.passes(texts), bool)[inverse]
    return spread(last - first, Reading(tokens, owners), passed)


def _compared(condition: Condition) -> _Compared | None:
    """What compares tokens of one length as numbers, where that is possible."""
    parts, negated = condition.parts, condition.op in (Op.NE, Op.ANY_NE)
    if condition.op not in (*_EXACT, Op.CONTAINS) or len(parts) > 1:
        return None
    wanted: bytes = condition.wanted
    if condition.op is Op.CONTAINS:
        return None if parts else _Compared(wanted, None, False)
    return _Compared(wanted, parts[0] if parts else Part(0, None), negated)


class _Compared:
    """A part of each token is `wanted`, or that stands anywhere in it where `part` is None."""

    def __init__(self, wanted: bytes, part: Part | None, negated: bool) -> None:
        self._wanted, self._part, self._negated = wanted, part, negated

    def __call__(self, tokens: Array, length: int) -> Array:
        if self._part is None:
            places = range(length - len(self._wanted) + 1)
            found = np.zeros(len(tokens), bool)
            for place in places:
                found |= self._stands(tokens, length, place)
            return found
        part = placed(self._part, length) or slice(0, 0)
        if part.stop - part.start != len(self._wanted):
            return np.full(len(tokens), self._negated)
        return self._stands(tokens, length, part.start) ^ self._negated

    def _stands(self, tokens: Array, length: int, place: int) -> Array:
        """The wanted bytes are at a place of the token."""
        size = len(self._wanted)
        if not size:
            return np.ones(len(tokens), bool)
        shift = np.uint64(8 * (length - place - size))
        mask = np.uint64((1 << 8 * size) - 1)
        found: Array = (tokens >> shift & mask) == np.uint64(int.from_bytes(self._wanted, "big"))
        return found
