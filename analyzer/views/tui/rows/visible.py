# SPDX-License-Identifier: GPL-2.0-only
"""Which rows of the messages table are listed, kept up while it grows.

A message of a flow that is not known to be CoAP is hidden; once shown it stays. So only new rows
and hidden ones are ever looked at, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from analyzer.messages import Role

if TYPE_CHECKING:
    import numpy as np

    from analyzer.tables import Table

    _Rows = np.ndarray[Any, Any]


class VisibleRows:
    """Rows to list, in file order; what was handed out is never changed."""

    def __init__(self) -> None:
        self._looked = 0
        self._count = 0
        self._rows: _Rows | None = None  # None as long as every row is listed
        self._hidden: _Rows | None = None

    def of(self, messages: Table) -> Sequence[int]:
        """Those of the table as it is now; it is the same table at each call."""
        count = len(messages)
        roles = messages["role"][:count]
        first, self._looked = self._looked, count
        new = roles[first:] != Role.UNCONFIRMED
        if self._rows is None and new.all():
            self._count = count
            return range(count)
        self._take_shown(roles)
        return self._take(first, new)

    def _take_shown(self, roles: _Rows) -> None:
        """Rows that were hidden and are no more."""
        import numpy as np

        if self._hidden is None or self._rows is None:
            self._rows = np.arange(self._count)
            self._hidden = np.empty(0, np.int64)
        shown = roles[self._hidden] != Role.UNCONFIRMED
        if shown.any():
            late, self._hidden = self._hidden[shown], self._hidden[~shown]
            self._rows = np.sort(np.concatenate([self._rows[: self._count], late]))
            self._count = len(self._rows)

    def _take(self, first: int, new: _Rows) -> Sequence[int]:
        import numpy as np

        assert self._rows is not None
        assert self._hidden is not None
        self._hidden = np.concatenate([self._hidden, first + (~new).nonzero()[0]])
        added = first + new.nonzero()[0]
        wanted = self._count + len(added)
        if wanted > len(self._rows):
            grown = np.empty(2 * wanted, np.int64)
            grown[: self._count] = self._rows[: self._count]
            self._rows = grown
        self._rows[self._count : wanted] = added
        self._count = wanted
        return cast("Sequence[int]", self._rows[:wanted])
