# SPDX-License-Identifier: GPL-2.0-only
"""Sorting of rows by a key: stable both ways, and rows without a value come last both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[Any, Any]

_LARGEST: Final = (1 << 63) - 1


class Sorting(NamedTuple):
    """By a column or a named order; `key` `""` is the order of the capture."""

    key: str = ""
    descending: bool = False


class Keys(NamedTuple):
    """A number a row; `present` is False for rows that have no value, None when all have one."""

    values: Array
    present: Array | None = None


def in_order(ids: Sequence[int], keys: Keys, descending: bool = False) -> Array:
    """The ids by their keys; of equal ones those that came first stay first."""
    import numpy as np

    every: Array = np.asarray(ids)
    if keys.present is None:
        return every[_places(keys.values, descending)]
    with_value = keys.present.nonzero()[0]
    ordered = with_value[_places(keys.values[with_value], descending)]
    return np.concatenate([every[ordered], every[~keys.present]])


def _places(values: Array, descending: bool) -> Array:
    import numpy as np

    if not descending:
        return np.argsort(values, kind="stable")
    places: Array = len(values) - 1 - np.argsort(values[::-1], kind="stable")[::-1]
    return places


def ranked(codes: Array, text: Callable[[int], str]) -> Keys:
    """Ids of texts as keys in the order of what they stand for; no text is no value."""
    import numpy as np

    distinct, places = np.unique(codes, return_inverse=True)
    texts = [text(code) for code in distinct.tolist()]
    order = sorted(range(len(texts)), key=texts.__getitem__)
    ranks = np.empty(len(texts), np.uint32 if len(texts) > 1 << 16 else np.uint16)
    ranks[order] = np.arange(len(texts))
    has = np.fromiter(map(bool, texts), np.bool_, len(texts))
    return Keys(ranks[places], None if has.all() else has[places])


class Gathered:
    """Keys of values that are read some at a time: numbers, or else texts."""

    def __init__(self, numeric: bool) -> None:
        self._numeric = numeric
        self._parts: list[tuple[Array, Array]] = []
        self._texts: list[pl.Series] = []

    def add(self, values: Sequence[Any]) -> None:
        """Values of the next rows: None for no value; of a list of numbers the first counts."""
        import numpy as np
        import polars as pl

        if not self._numeric:
            texts = [None if value is None else plain(value) for value in values]
            self._texts.append(pl.Series(texts, dtype=pl.String))
            return
        firsts = [value[0] if isinstance(value, list) and value else value for value in values]
        numbers = [min(int(v), _LARGEST) if isinstance(v, int | float) else None for v in firsts]
        has = np.fromiter((n is not None for n in numbers), np.bool_, len(numbers))
        self._parts.append((np.array([n or 0 for n in numbers], np.int64), has))

    def keys(self) -> Keys:
        """Of all rows so far."""
        import numpy as np
        import polars as pl

        if self._numeric:
            parts = self._parts or [(np.empty(0, np.int64), np.empty(0, np.bool_))]
            values, present = (np.concatenate(part) for part in zip(*parts, strict=True))
            return Keys(values, present)
        if not self._texts:
            return Keys(np.empty(0, np.int64))
        texts = pl.concat(self._texts)
        ranks = texts.rank("dense").fill_null(0)
        return Keys(ranks.to_numpy(), texts.is_not_null().to_numpy())


def plain(value: Any) -> str:
    """A value as text; several as Wireshark has them, with commas."""
    if isinstance(value, list):
        return ",".join(map(plain, value))
    return str(value)
