# SPDX-License-Identifier: GPL-2.0-only
"""Growing tables: what the session learns of each message and exchange, a few bytes a column.

A table is one buffer of 32-bit cells, row by row: kernels read and write cells, views read columns.
A column takes two cells, one, or a part of one. A row id is its index and never changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from analyzer.buffers import OnDisk, resized, zeroed

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

Cells: TypeAlias = "memoryview"
"""The buffer of a table: unsigned 32-bit items (format 'I')."""

_FIRST_ROWS: Final = 256
_SIZES: Final = {"i8": 8, "u4": 4, "u2": 2, "u1": 1}
_LETTERS: Final = {"i8": "q", "u4": "I", "u2": "H", "u1": "B"}
_SIGN: Final = 1 << 31
_LOW: Final = (1 << 32) - 1


def wide(cells: Cells, at: int) -> int:
    """The signed 64-bit number in two cells, low one first. A kernel (dissectors.kernel)."""
    high = cells[at + 1] * 1
    if high >= _SIGN:
        high -= _LOW + 1
    return high * (_LOW + 1) + cells[at]


def set_wide(cells: Cells, at: int, value: int) -> None:
    """Write a signed 64-bit number. A kernel."""
    cells[at] = value & _LOW
    cells[at + 1] = value >> 32 & _LOW


@dataclass(frozen=True)
class Layout:
    """Columns of a row: name -> dtype (`i8`, `u4`, `u2`, `u1`), in the order of size."""

    columns: Mapping[str, str]

    @cached_property
    def places(self) -> dict[str, int]:
        """Byte of the row at which each column begins; none crosses a cell it does not fill."""
        places, at = {}, 0
        for name, dtype in self.columns.items():
            places[name] = at
            at += _SIZES[dtype]
        return places

    @cached_property
    def cells(self) -> int:
        """Cells of a row."""
        name, dtype = list(self.columns.items())[-1]
        return -(-(self.places[name] + _SIZES[dtype]) // 4)

    @cached_property
    def struct(self) -> Struct:
        """A row in the standard library's words."""
        return Struct("=" + "".join(_LETTERS[dtype] for dtype in self.columns.values()))

    @cached_property
    def structs(self) -> dict[str, Struct]:
        """Each column of a row in the same words."""
        return {name: Struct("=" + _LETTERS[dtype]) for name, dtype in self.columns.items()}

    def cell(self, name: str) -> int:
        """The cell of the row in which a column begins."""
        return self.places[name] // 4

    @property
    def row_bytes(self) -> int:
        """Memory of one row."""
        return 4 * self.cells


class Table:
    """Rows in the buffer `cells`, which is another one after the table grew.

    Reading a cell: `table["code"][row]`. The views that `table["code"]` returns keep their memory
    but see no later row.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.folder: Path | None = None
        """Where to grow on disk; None for in memory."""
        self._rows = 0
        self._room = _FIRST_ROWS
        self._buffer = zeroed(_FIRST_ROWS * layout.row_bytes)
        self.cells: Cells = memoryview(self._buffer).cast("I")

    def __len__(self) -> int:
        return self._rows

    @property
    def row_bytes(self) -> int:
        """Memory of one row."""
        return self.layout.row_bytes

    def extend_to(self, rows: int) -> None:
        """So many rows are there now."""
        self._rows = rows

    def make_room(self, more: int) -> None:
        """Let `more` rows fit: by an eighth at least, as large buffers grow without a copy."""
        if isinstance(self._buffer, OnDisk):
            self._buffer.cool(self._rows * self.layout.row_bytes)
        wanted = self._rows + more
        if wanted <= self._room:
            return
        self._room = max(wanted, self._room + (self._room >> 3) + _FIRST_ROWS)
        self.cells.release()
        if not resized(self._buffer, self._room * self.layout.row_bytes):
            grown = zeroed(self._room * self.layout.row_bytes, self.folder)
            grown[: len(self._buffer)] = self._buffer
            self._buffer = grown
        self.cells = memoryview(self._buffer).cast("I")

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        import numpy as np

        dtype = np.dtype(self.layout.columns[name])
        strides = (self.layout.row_bytes,)
        place = self.layout.places[name]
        # NumPy holds on to the object, not to its memory; frombuffer does to both. So a buffer does
        # not grow where it is, and perhaps move, while another thread looks at a column.
        held = np.frombuffer(self._buffer, np.uint8)
        return np.ndarray((self._rows,), dtype, held, place, strides)

    def octets(self, name: str) -> bytes:
        """A column of single bytes, without NumPy."""
        first = self.layout.places[name]
        return bytes(self._buffer[first : self._rows * self.row_bytes : self.row_bytes])

    def take(self, name: str, rows: Sequence[int]) -> list[int]:
        """A column of these rows as plain integers, without NumPy; a range is read at a stretch."""
        place, size = self.layout.places[name], self.row_bytes
        if not isinstance(rows, range) or rows.step != 1:
            unpack = self.layout.structs[name].unpack_from
            return [unpack(self._buffer, row * size + place)[0] for row in rows]
        dtype = self.layout.columns[name]
        after = size - place - _SIZES[dtype]
        stretch = Struct(f"={place}x{_LETTERS[dtype]}{after}x")
        data = memoryview(self._buffer)[rows.start * size : rows.stop * size]
        return [value for (value,) in stretch.iter_unpack(data)]

    def cell(self, name: str, row: int) -> int:
        """One value as a plain integer."""
        return int(self.layout.structs[name].unpack_from(self._buffer, self._at(name, row))[0])

    def _at(self, name: str, row: int) -> int:
        if not 0 <= row < self._rows:
            raise IndexError(row)
        return row * self.layout.row_bytes + self.layout.places[name]

    def update(self, row: int, **values: int) -> None:
        """Change values of an existing row."""
        for name, value in values.items():
            self.layout.structs[name].pack_into(self._buffer, self._at(name, row), value)

    def row(self, row: int) -> dict[str, int]:
        """One row as plain integers."""
        if not 0 <= row < self._rows:
            raise IndexError(row)
        values = self.layout.struct.unpack_from(self._buffer, row * self.layout.row_bytes)
        return dict(zip(self.layout.columns, values, strict=True))

    def rows(self) -> Iterator[dict[str, int]]:
        """Every row, in order."""
        return (self.row(row) for row in range(self._rows))

    def frame(self) -> pl.DataFrame:
        """A Polars copy of the table as it is now, with the row id as first column."""
        import numpy as np
        import polars as pl

        columns = {"row": np.arange(self._rows, dtype=np.uint32)}
        columns |= {name: self[name].copy() for name in self.layout.columns}
        return pl.DataFrame(columns)
