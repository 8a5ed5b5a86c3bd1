# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the difference of two messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analyzer.views.difference import Pair, Sign, only_different
from analyzer.views.info import Line
from analyzer.views.inks import line
from analyzer.views.tui.widgets.columns import GAP, Column

_INDENT: Final = "  "
_NARROWEST: Final = 20


class DifferenceRows:
    """Pairs of fields, all or only those that differ."""

    def __init__(self, titles: tuple[str, str], pairs: Sequence[Pair]) -> None:
        self.all = False
        self.different = sum(pair.sign is not Sign.SAME for pair in pairs)
        self._titles = titles
        self._every = pairs
        self._only = only_different(pairs)
        self._pairs: Sequence[Pair] = self._only
        self._left = 40

    def fit(self, width: int) -> None:
        """Share so many columns."""
        self._left = max(_NARROWEST, (width - 1 - 2 * GAP) // 2)

    @property
    def columns(self) -> Sequence[Column]:
        left, right = self._titles
        return (
            Column("left", left[: self._left], self._left),
            Column("sign", "", 1),
            Column("right", right, flexible=True, least=_NARROWEST),
        )

    def refresh(self) -> None:
        """List all or some; the messages stay as they are."""
        self._pairs = self._every if self.all else self._only

    def __len__(self) -> int:
        return len(self._pairs)

    def next_different(self, index: int, step: int) -> int | None:
        """The next row with a difference, or the one before."""
        at = index + step
        while 0 <= at < len(self):
            if self._pairs[at].sign is not Sign.SAME:
                return at
            at += step
        return None

    def identity(self, index: int) -> int:
        """The place of a pair among all."""
        return next(at for at, pair in enumerate(self._every) if pair is self._pairs[index])

    def find(self, identity: int) -> int | None:
        """The row of a pair."""
        wanted = self._every[identity]
        return next((at for at, pair in enumerate(self._pairs) if pair is wanted), None)

    def width(self, key: str) -> int:
        """All columns have a width."""
        return 0

    def cells(self, index: int) -> Sequence[Line]:
        """The field of the left message, the sign, the field of the right one."""
        pair = self._pairs[index]
        indent = (_INDENT * pair.depth, "")
        left, right = ((indent, *side) if side else () for side in (pair.left, pair.right))
        return left, line(str(pair.sign), "warning"), right

    def row_ink(self, index: int) -> str:
        """What is the same steps back."""
        return "dim" if self._pairs[index].sign is Sign.SAME else ""
