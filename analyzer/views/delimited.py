# SPDX-License-Identifier: GPL-2.0-only
"""Fields a line a row: as tshark's `-T fields` prints them, and as CSV (RFC 4180).

Text of packets is escaped (`views.escape`) whatever reads the output: a line stays a line and
nothing acts on the terminal at which a pipe often ends. As in tshark a tab is `\\t` and a newline
`\\n`; unlike there a backslash is doubled, so what was sent can be told from what was escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, TextIO

from analyzer.profiles.transmission import SECOND
from analyzer.views.escape import escape
from analyzer.views.listed import Listed
from dissectors.fields import Field, Table, is_repeated

_UNCUT: Final = 1 << 40
_CACHED: Final = 1 << 14
_SHORT: Final = 200
"""Characters of a text that may be kept for the next cell."""

_PACKED: Final = ("uint", "frame", "time", "bytes", "address", "boolean")
"""Types whose text has neither blanks nor quotes."""

_BARE: Final = re.compile(r"[\w.:/%()\[\]+=@-]*").fullmatch
"""A cell that no program takes for two, whatever it splits lines at."""

_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]").match
"""What a spreadsheet takes for a formula (OWASP, CSV Injection)."""


class Layout(NamedTuple):
    """What tshark's `-E` sets; None is the default of the format."""

    header: bool | None = None
    separator: str | None = None
    quote: str | None = None
    occurrence: str = "a"
    aggregator: str = ","


def write_fields(listed: Listed, out: TextIO, layout: Layout) -> None:
    """Lines as tshark has them: no header and no quotes unless asked for, tabs between cells.

    Where quotes are asked for, one inside a cell is doubled, which tshark leaves alone.
    """
    mark = {"d": '"', "s": "'"}.get(layout.quote or "n", "")

    def finished(cell: str) -> str:
        return f"{mark}{cell.replace(mark, mark * 2)}{mark}" if cell else ""

    separator = "\t" if layout.separator is None else layout.separator
    if layout.header:
        out.write(separator.join(name for name, _ in listed.asked) + "\n")
    finish = [finished if mark else None for _ in listed.asked]
    _write(listed, out, layout, separator, finish)


def write_csv(listed: Listed, out: TextIO, layout: Layout) -> None:
    """CSV with a header. A text that a spreadsheet would take for a formula has a ' before it."""
    separator = "," if layout.separator is None else layout.separator
    mark = "'" if layout.quote == "s" else '"'

    def quoted(cell: str) -> str:
        if layout.quote in ("d", "s") or not _BARE(cell) or separator in cell:
            return f"{mark}{cell.replace(mark, mark * 2)}{mark}"
        return cell

    def text(cell: str) -> str:
        return quoted(f"'{cell}" if _FORMULA(cell) else cell)

    if layout.header is not False:
        out.write(separator.join(quoted(name) for name, _ in listed.asked) + "\n")
    finish: list[Callable[[str], str] | None] = []
    for _, field in listed.asked:
        packed = field.type in _PACKED
        many = is_repeated(field, listed.table)
        plain = packed and not many and _BARE(separator) is None and layout.quote in (None, "n")
        finish.append(None if plain else quoted if packed else text)
    _write(listed, out, layout, separator, finish)


def _write(
    listed: Listed,
    out: TextIO,
    layout: Layout,
    separator: str,
    finish: Sequence[Callable[[str], str] | None],
) -> None:
    of = [_cell(field, listed.table, layout) for _, field in listed.asked]
    for columns in listed.columns():
        cells = [list(map(text, column)) for text, column in zip(of, columns, strict=True)]
        for index, finished in enumerate(finish):
            if finished is not None:
                cells[index] = list(map(finished, cells[index]))
        out.writelines(f"{separator.join(row)}\n" for row in zip(*cells, strict=True))


def _cell(field: Field, table: Table, layout: Layout) -> Callable[[Any], str]:
    """The text of a value, which may be absent or a list."""
    one = _texts(field)
    chosen = {"f": slice(1), "l": slice(-1, None), "a": slice(None)}[layout.occurrence]

    def cell(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, list):
            return layout.aggregator.join(map(one, value[chosen]))
        return one(value)

    return cell


def _texts(field: Field) -> Callable[[Any], str]:
    if field.source.startswith("shown:"):
        return str
    if field.source.startswith("element:"):
        return _json_text
    by_type: dict[str, Callable[[Any], str]] = {
        "uint": str,
        "frame": str,
        "time": seconds,
        "bytes": str,
        "address": str,
        "boolean": lambda value: str(int(value)),
    }
    return by_type.get(field.type, _escaped)


def _escaped(text: str) -> str:
    return _short(text) if len(text) <= _SHORT else escape(text, _UNCUT)


@lru_cache(_CACHED)
def _short(text: str) -> str:
    return escape(text, _UNCUT)


def _json_text(value: Any) -> str:
    """A value of JSON; text without its quotes."""
    return _escaped(value if isinstance(value, str) else json.dumps(value))


def seconds(nanoseconds: int) -> str:
    """`1700000000.000000000`, as tshark writes times."""
    whole, rest = divmod(abs(nanoseconds), SECOND)
    return f"{'-' if nanoseconds < 0 else ''}{whole}.{rest:09d}"
