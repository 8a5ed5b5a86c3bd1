# SPDX-License-Identifier: GPL-2.0-only
"""Growing tables: NumPy columns that a session appends to and updates, read as Polars frames.

A row id is its index and never changes. Strings and addresses are interned as u32 ids in capped
tables of the session's own, so a row costs a fixed, small number of bytes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    import polars as pl

_FIRST_ROWS: Final = 256

K = TypeVar("K", bound=Hashable)


class Table:
    """Columns of fixed dtype that grow by doubling.

    Reading a cell: `table["code"][row]`. The views that `table["code"]` returns are invalid after
    the next append.
    """

    def __init__(self, schema: Mapping[str, str]) -> None:
        self.schema = dict(schema)
        self._columns = {name: np.zeros(_FIRST_ROWS, dtype) for name, dtype in schema.items()}
        self._rows = 0
        self.version = 0
        """Raised by every change: a reader that kept a frame knows when it is stale."""

    def __len__(self) -> int:
        return self._rows

    def append(self, **cells: int) -> int:
        """Add a row; columns not named hold 0. Returns the row id."""
        row = self._rows
        if row == len(next(iter(self._columns.values()))):
            self._grow()
        for name, value in cells.items():
            self._columns[name][row] = value
        self._rows = row + 1
        self.version += 1
        return row

    def _grow(self) -> None:
        for name, column in self._columns.items():
            self._columns[name] = np.concatenate([column, np.zeros_like(column)])

    def update(self, row: int, **cells: int) -> None:
        """Change cells of an existing row."""
        for name, value in cells.items():
            self._columns[name][row] = value
        self.version += 1

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        return self._columns[name][: self._rows]

    def row(self, row: int) -> dict[str, int]:
        """One row as plain integers."""
        if not 0 <= row < self._rows:
            raise IndexError(row)
        return {name: int(column[row]) for name, column in self._columns.items()}

    def rows(self) -> Iterator[dict[str, int]]:
        """Every row, in order."""
        return (self.row(row) for row in range(self._rows))

    def frame(self) -> pl.DataFrame:
        """A Polars copy of the table as it is now, with the row id as first column."""
        import polars as pl

        columns = {"row": np.arange(self._rows, dtype=np.uint32)}
        columns |= {name: column[: self._rows] for name, column in self._columns.items()}
        return pl.DataFrame(columns)

    @property
    def row_bytes(self) -> int:
        """Memory of one row."""
        return sum(column.itemsize for column in self._columns.values())


class Interned(Generic[K]):
    """Values by small integer id, at most `cap` of them; id 0 is the empty value.

    Past the cap every new value becomes the id of `overflow`, so hostile input cannot grow it.
    """

    def __init__(self, empty: K, overflow: K, cap: int = 1 << 20) -> None:
        self._values: list[K] = [empty]
        self._ids: dict[K, int] = {empty: 0}
        self._overflow = overflow
        self._cap = cap

    def id(self, value: K) -> int:
        found = self._ids.get(value)
        if found is not None:
            return found
        if len(self._values) >= self._cap and value != self._overflow:
            return self.id(self._overflow)
        self._ids[value] = len(self._values)
        self._values.append(value)
        return len(self._values) - 1

    def __getitem__(self, index: int) -> K:
        return self._values[index]

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> list[K]:
        """All values, index = id."""
        return self._values
