# SPDX-License-Identifier: GPL-2.0-only
"""Requests and answers by their keys: dictionaries of few, sorted columns of many.

A key is one number, mixed from what it is made of, so that one function tells the keys of a message
and those of whole columns. Two that mix to the same number cost a comparison and no more: what is
found is compared by its own values (`nearness`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from analyzer.nearness import Half
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    import numpy as np

MOST_NEAR: Final = 4
"""Halves taken from under one key, before and after a time."""

_SHORTEST_ALONE: Final = 2
"""Bytes of a token that is looked for among strangers."""

_MASK: Final = (1 << 64) - 1
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)

_time = attrgetter("time")


class Columns(NamedTuple):
    """Halves as columns, by the names that `Half` has."""

    time: Any
    source: Any
    destination: Any
    source_address: Any
    destination_address: Any
    token: Any
    token_length: Any
    message_id: Any
    type: Any
    code: Any
    waits: Any


class Keys(NamedTuple):
    """Pairs of a key and whether the half has it: those with both endpoints, those with less, and
    the endpoints alone."""

    exact: tuple[tuple[Any, Any], ...]
    loose: tuple[tuple[Any, Any], ...]
    ends: tuple[Any, Any]


def keys(half: Half | Columns, asks: bool) -> Keys:
    """The keys of a request or of an answer, or of columns of them (of uint64)."""
    client, server, address = half.source, half.destination, half.source_address
    if not asks:
        client, server, address = half.destination, half.source, half.destination_address
    code, kind = half.code, half.code >> 5
    speaks = (kind == 0) & (code > 0) if asks else (kind == 2) | (kind == 4) | (kind == 5)
    named = speaks & (half.token_length > 0)
    long = named & (half.token_length >= _SHORTEST_ALONE)
    token, mid = half.token * 16 + half.token_length, half.message_id
    has_id = half.type != Type.TCP
    return Keys(
        ((_mixed(1, client, server, mid), has_id), (_mixed(2, client, server, token), named)),
        (
            (_mixed(3, address, mid), has_id if asks else has_id & (half.type >= Type.ACK)),
            (_mixed(4, address, token), named),
            (_mixed(5, token), long & half.waits if asks else long),
        ),
        (_mixed(6, client, server), half.waits if asks else code >= 0),
    )


def _mixed(kind: int, *parts: Any) -> Any:
    mixed = kind * _FACTORS[0] & _MASK
    for part, factor in zip(parts, _FACTORS[1:], strict=False):
        mixed = part * factor + mixed
    return mixed & _MASK


class Index(Protocol):
    """Halves of one kind under their keys, in the order of time."""

    def near(self, key: int, time: int) -> Sequence[Half]:
        """Those under a key that are next in time, MOST_NEAR before and after."""

    def alone(self, key: int, first: int, last: int) -> Half | None:
        """The only one under a key within a span of time."""


class Few:
    """An index without NumPy."""

    def __init__(self, halves: Iterable[Half], asks: bool) -> None:
        self._lists: defaultdict[int, list[Half]] = defaultdict(list)
        for half in halves:
            own = keys(half, asks)
            for key, has in (*own.exact, *own.loose, own.ends):
                if has:
                    self._lists[key].append(half)
        for found in self._lists.values():
            found.sort(key=_time)

    def near(self, key: int, time: int) -> Sequence[Half]:
        found = self._lists.get(key, ())
        at = bisect_left(found, time, key=_time)
        return found[max(0, at - MOST_NEAR) : at + MOST_NEAR]

    def alone(self, key: int, first: int, last: int) -> Half | None:
        found = self._lists.get(key, ())
        at = bisect_left(found, first, key=_time)
        return found[at] if bisect_right(found, last, key=_time) - at == 1 else None


class Many:
    """An index of rows, 20 bytes a key; `half` reads the one of a row."""

    def __init__(
        self,
        rows: np.ndarray[Any, Any],
        columns: Columns,
        asks: bool,
        half: Callable[[int], Half],
    ) -> None:
        import numpy as np

        own = keys(columns, asks)
        pairs = (*own.exact, *own.loose, own.ends)
        having = [np.nonzero(np.broadcast_to(has, rows.shape))[0] for _, has in pairs]
        mixed = np.concatenate([key[has] for (key, _), has in zip(pairs, having, strict=True)])
        at = np.concatenate(having)
        order = np.lexsort((rows[at], columns.time[at], mixed))
        self._keys = mixed[order]
        self._rows = rows[at[order]].astype(np.uint32)
        self._times = columns.time[at[order]]
        self._half = half

    def _span(self, key: int) -> tuple[int, int]:
        first, last = (int(self._keys.searchsorted(_unsigned(key), s)) for s in ("left", "right"))
        return first, last

    def near(self, key: int, time: int) -> Sequence[Half]:
        first, last = self._span(key)
        at = first + int(self._times[first:last].searchsorted(time))
        rows = self._rows[max(first, at - MOST_NEAR) : min(last, at + MOST_NEAR)]
        return [self._half(row) for row in rows.tolist()]

    def alone(self, key: int, first: int, last: int) -> Half | None:
        begin, end = self._span(key)
        times = self._times[begin:end]
        at = int(times.searchsorted(first))
        if int(times.searchsorted(last, "right")) - at != 1:
            return None
        return self._half(int(self._rows[begin + at]))


def _unsigned(key: int) -> np.uint64:
    import numpy as np

    return np.uint64(key)
