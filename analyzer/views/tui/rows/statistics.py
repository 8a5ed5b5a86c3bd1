# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the statistics: tables as they were computed, each part with columns of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.response_times import By
from analyzer.rules.catalogue import Severity
from analyzer.statistics.model import Found, Part, SentBy
from analyzer.views.escape import escape
from analyzer.views.info import Line, Piece
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.times import duration, edge_time
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.widgets.columns import Column
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Ids = np.ndarray[Any, Any]

Row = dict[str, Any]
_BAR: Final = 8
_EIGHTHS: Final = "▏▎▍▌▋▊▉█"


class Shown(NamedTuple):
    """A column of a list: its cells, and the column of the table that sorts it; names are sorted as
    they are shown."""

    column: Column
    cell: Callable[[StatisticsRows, Row], Line]
    by: str = ""

    @property
    def sorted_by(self) -> str:
        return self.by or self.column.key


def _count(key: str, title: str, give_up: int = 0, ink: str = "") -> Shown:
    def cell(rows: StatisticsRows, row: Row) -> Line:
        return line(f"{row[key]:,}" if row[key] else "", ink)

    return Shown(Column(key, title, align="right", give_up=give_up), cell)


def _time(key: str, title: str, give_up: int = 0) -> Shown:
    def cell(rows: StatisticsRows, row: Row) -> Line:
        return line("-" if row[key] is None else duration(round(row[key])))

    return Shown(Column(key, title, 8, align="right", give_up=give_up), cell)


def _words(key: str, title: str, width: int, give_up: int) -> Shown:
    def cell(rows: StatisticsRows, row: Row) -> Line:
        return line(escape(row[key] or "", 120))

    return Shown(Column(key, title, width, give_up=give_up), cell)


def _share(key: str, title: str) -> Shown:
    def cell(rows: StatisticsRows, row: Row) -> Line:
        return (bar(row[key]), "request"), (f" {row[key]:6.1%}", "")

    return Shown(Column(key, title, _BAR + 7), cell)


def bar(share: float) -> str:
    """A share of 1 in block characters; what is more than nothing shows."""
    full = round(share * _BAR * 8)
    full = max(1, min(full, _BAR * 8)) if share > 0 else 0
    whole, rest = divmod(full, 8)
    return ("█" * whole + (_EIGHTHS[rest - 1] if rest else "")).ljust(_BAR)


def _findings(title: str = "Findings") -> Shown:
    def cell(rows: StatisticsRows, row: Row) -> Line:
        return severities(row)

    return Shown(Column("findings", title), cell, "error")


def severities(row: Row) -> Line:
    """`✖ 3 ▲ 12 · 40`, the worst first."""
    pieces: list[Piece] = []
    for severity in reversed(Severity):
        if row[severity.label]:
            text = f"{GLYPHS[severity]} {row[severity.label]:,}"
            pieces += [(text, SEVERITY_INKS[severity]), (" ", "")]
    return tuple(pieces[:-1])


def _name(title: Callable[[str], str] | str, least: int = 22) -> Callable[[str], Shown]:
    def shown(by: str) -> Shown:
        head = title if isinstance(title, str) else title(by)
        column = Column("name", head, flexible=True, least=least)
        return Shown(column, lambda rows, row: line(rows.name(row)))

    return shown


_START: Final = Shown(
    Column("start", "From", align="right"), lambda rows, row: line(rows.edge(row["start"]))
)
_FIRST_SEEN: Final = Shown(
    Column("start", "Start", align="right", give_up=2),
    lambda rows, row: line(rows.time(row["start"]), "dim"),
)
_FILL: Final = Shown(Column("fill", "", flexible=True, least=0), lambda rows, row: (), "start")

_COLUMNS: Final[dict[Part, Sequence[Shown | Callable[[str], Shown]]]] = {
    Part.TRAFFIC: (
        _START,
        _count("messages", "Messages"),
        _count("octets", "Octets"),
        _count("retransmissions", "Resent", ink="warning"),
        _findings("Messages with findings"),
        _FILL,
    ),
    Part.CONVERSATIONS: (
        _name("Conversation", 38),
        Shown(
            Column("transport", "Over", 4, give_up=1),
            lambda rows, row: line(row["transport"].upper(), "dim"),
        ),
        _count("messages", "Msgs"),
        _count("messages_a", "→", 3),
        _count("octets", "Octets", 7),
        _count("exchanges", "Exch.", 6),
        _count("retransmissions", "Resent", 9, "warning"),
        _findings(),
        _time("median", "Median", 8),
        _time("p95", "p95", 4),
        _FIRST_SEEN,
        _time("duration", "Duration", 5),
    ),
    Part.ENDPOINTS: (
        _name("Endpoint"),
        _count("messages", "Msgs"),
        _count("octets", "Octets", 4),
        _count("sent", "Sent"),
        _count("octets_sent", "Octets", 2),
        _count("received", "Received"),
        _count("octets_received", "Octets", 1),
        _count("as_client", "Client"),
        _count("as_server", "Server"),
        _count("client_errors", "4.xx", ink="client-error"),
        _count("server_errors", "5.xx", ink="server-error"),
    ),
    Part.CODES: (
        _name("Code", 16),
        Shown(Column("kind", "Kind", 8, give_up=6), lambda rows, row: line(row["kind"], "dim")),
        _count("messages", "Messages"),
        _share("share", "Share of kind"),
        _count("octets", "Octets", 5),
        *(_count(type.name.lower(), type.name, 4 - type) for type in Type if type != Type.TCP),
        _count("retransmissions", "Resent", 7, "warning"),
        _count("flagged", "With findings", 8),
    ),
    Part.TIMES: (
        _name(lambda by: By(by).heading, 18),
        _count("requests", "Requests"),
        _count("lost", "Lost", ink="error"),
        _count("retransmitted", "Resent", 3, "warning"),
        _time("least", "Min", 2),
        _time("median", "Median"),
        _time("p95", "p95"),
        _time("p99", "p99", 4),
        _time("most", "Max"),
        _count("left_out", "Left out", 1, "dim"),
    ),
    Part.RETRANSMISSIONS: (
        _name(lambda by: SentBy(by).heading),
        _count("messages", "Messages"),
        _count("retransmissions", "Resent", ink="warning"),
        _share("rate", "Rate"),
    ),
    Part.PROTECTED: (
        _name("Flow", 30),
        _words("handshake", "Handshake", 14, 8),
        _words("version", "Version", 8, 5),
        _words("cipher_suite", "Suite", 30, 2),
        _words("psk_identity", "Identity", 14, 4),
        _words("server_name", "Server name", 14, 1),
        _count("first_frame", "First", 3),
        _count("handshake_retransmissions", "Resent", 3, "warning"),
        _words("alerts", "Alerts", 20, 1),
        _count("read", "Read", 6, "success"),
        _count("not_read", "Not read", ink="warning"),
        _words("detail", "Why not", 30, 7),
    ),
}


def columns_of(part: Part, by: str) -> list[Shown]:
    """The columns of a part, grouped in some way."""
    return [shown if isinstance(shown, Shown) else shown(by) for shown in _COLUMNS[part]]


def heading(part: Part, by: str) -> str:
    """What rows of a part are grouped by: `server`, `URI`."""
    word = (By(by) if part is Part.TIMES else SentBy(by)).heading
    return word if word.isupper() else word.lower()


class Order(NamedTuple):
    """The key of the column that rows are sorted by, `""` for as they were computed."""

    key: str = ""
    descending: bool = True


class Listed(NamedTuple):
    """A table in the order wanted, with a number for each row that stays while the table grows."""

    found: Found
    table: pl.DataFrame
    ids: Ids


class StatisticsRows:
    """What `show` was given last."""

    def __init__(self, view: CaptureView) -> None:
        self.view = view
        self.listed: Listed | None = None
        self._shown: list[Shown] = []
        self._widths: dict[str, int] = {}

    @property
    def columns(self) -> Sequence[Column]:
        return [shown.column for shown in self._shown]

    def show(self, listed: Listed) -> None:
        """Rows to list from the next refresh on."""
        self.listed = listed
        self._shown = columns_of(listed.found.part, listed.found.by)
        self._widths.clear()

    def refresh(self) -> None:
        """What is shown changes by `show` alone."""

    def __len__(self) -> int:
        return 0 if self.listed is None else len(self.listed.table)

    def row(self, index: int) -> Row:
        """The cells of the table."""
        assert self.listed is not None
        return self.listed.table.row(index, named=True)

    def identity(self, index: int) -> int:
        """What stays while the table grows."""
        assert self.listed is not None
        return int(self.listed.ids[index])

    def find(self, identity: int) -> int | None:
        """The row of an identity."""
        if self.listed is None:
            return None
        found = (self.listed.ids == identity).nonzero()[0]
        return int(found[0]) if len(found) else None

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        if not len(self):
            return 8
        if key not in self._widths:
            self._widths[key] = self._measured(key)
        return self._widths[key]

    def _measured(self, key: str) -> int:
        assert self.listed is not None
        if key == "findings":
            most = [self._most(severity.label) for severity in Severity]
            return sum(3 + len(f"{count:,}") for count in most if count)
        if key == "start":
            write = self.edge if self.listed.found.part is Part.TRAFFIC else self.time
            return max(len(write(row[key])) for row in (self.row(0), self.row(-1)))
        return len(f"{self._most(key):,}")

    def _most(self, key: str) -> int:
        assert self.listed is not None
        most: Any = self.listed.table[key].max()
        return int(most or 0)

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        row = self.row(index)
        return [shown.cell(self, row) for shown in self._shown]

    def row_ink(self, index: int) -> str:
        """All rows in the plain ink."""
        return ""

    # Cells --------------------------------------------------------------------------------------

    def name(self, row: Row) -> str:
        """What a row is about, escaped."""
        assert self.listed is not None
        return name_of(self.view, self.listed.found, row)

    def time(self, time: int) -> str:
        """Rows are not in the order of time: there is no row before."""
        return self.view.time(time, self.view.opened.first_time)

    def edge(self, time: int) -> str:
        """When a bucket begins."""
        assert self.listed is not None
        return edge(self.view, self.listed.found, time)


def edge(view: CaptureView, found: Found, time: int) -> str:
    """A time between buckets, with the digits that their length needs."""
    assert found.over_time is not None
    into = found.over_time.buckets
    origin = view.opened.first_time or 0
    return edge_time(time, origin, into.length if into else 1, view.time_format)


def name_of(view: CaptureView, found: Found, row: Row) -> str:
    """What a row of a table is about."""
    session = view.opened
    match found.part:
        case Part.CONVERSATIONS:
            return f"{session.endpoints[row['a']]} → {session.endpoints[row['b']]}"
        case Part.ENDPOINTS:
            return str(session.endpoints[row["endpoint"]])
        case Part.CODES:
            code = row["code"]
            return numbers.dotted(code) + " Empty" if not code else numbers.code_name(code)
        case Part.TIMES:
            return escape(row["name"], 120) or "(none)"
        case Part.PROTECTED:
            return f"{row['client']} → {row['server']}"
        case Part.RETRANSMISSIONS if found.by == SentBy.ENDPOINT:
            return str(session.endpoints[row["id"]])
        case Part.RETRANSMISSIONS:
            return escape(session.names[row["id"]], 120) or "(none)"
    return ""
