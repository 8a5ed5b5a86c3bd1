# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the exchange list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from analyzer.exchanges.model import CONFIDENCES, MATCHES, State
from analyzer.observations import Notification, Observation
from analyzer.observations import Order as Freshness
from analyzer.rules.catalogue import Severity
from analyzer.views.escape import escape
from analyzer.views.info import Line, code_ink
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.times import duration, signed_seconds
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.exchange_tree import ExchangeTree, Row
from analyzer.views.tui.rows.keys import EXCHANGES
from analyzer.views.tui.rows.sortable import Order, SortableRows
from analyzer.views.tui.widgets.columns import Column
from dissectors.coap import numbers
from dissectors.fields import Table

if TYPE_CHECKING:
    from analyzer.views.tui.rows.keys import Keyed

_STATE_INKS: Final = {
    State.OPEN: "dim",
    State.ACKNOWLEDGED: "dim",
    State.ANSWERED: "success",
    State.RESET: "client-error",
    State.UNANSWERED: "error",
    State.OBSERVING: "request",
}


_PORT: Final = len(":65535")
_ORDER_INKS: Final = {Freshness.OLDER: "warning", Freshness.SAME: "warning"}


class ExchangeRows(SortableRows):
    """Exchanges as their list shows them: operations and observations are one row, and below it,
    once it is open, what belongs to it."""

    columns = (
        Column("severity", "", 1, falls=True),
        Column("tree", ""),
        Column("id", "No.", align="right"),
        Column("time", "Time", align="right", give_up=6),
        Column("client", "Client"),
        Column("server", "Server", give_up=5),
        Column("method", "Method", 6),
        Column("uri", "URI", flexible=True, least=22),
        Column("ue", "UE Service ID", give_up=4),
        Column("state", "State", 12),
        Column("match", "Matched by", 17, give_up=1),
        Column("code", "Response", 12, wide=17),
        Column("response_time", "After", 8, align="right", give_up=3),
        Column("retransmissions", "Retr.", 5, align="right", give_up=2),
    )

    table = Table.EXCHANGES

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self.tree = ExchangeTree(view)
        self._widths = {"client": 9, "server": 9, "ue": 0}
        self._measured = {"endpoints": 0, "exchanges": 0}

    def refresh(self) -> None:
        """Take in what was read since."""
        self.tree.refresh()
        self._take(self.tree.roots)
        self.tree.list_roots(self.arranged)

    @property
    def keyed(self) -> Mapping[str, Keyed]:
        """All columns."""
        return EXCHANGES

    def field_cells(self, index: int, names: Sequence[str]) -> Sequence[Line]:
        """What a row has under names of fields, if it is an exchange."""
        row = self.tree[index]
        return self._field_cells(row.exchange, names) if row.is_exchange else [()] * len(names)

    def resort(self) -> None:
        """Sort what is listed, if that is quick."""
        super().resort()
        self.tree.list_roots(self.arranged)

    def take_order(self, order: Order) -> None:
        """List operations and observations as they were sorted; what is below one stays there."""
        super().take_order(order)
        self.tree.list_roots(self.arranged)

    def __len__(self) -> int:
        return len(self.tree)

    def identity(self, index: int) -> int:
        """The id of an exchange; of what is no exchange, a larger number."""
        return self.tree[index].identity

    def find(self, identity: int) -> int | None:
        """The row of an exchange or of what is below one."""
        return self.tree.find(identity)

    @property
    def total(self) -> int:
        """Rows there would be without a filter, all of them closed."""
        return self.tree.total

    def beside(self, identity: int) -> int:
        """The row nearest to an exchange that is hidden, or to what is below one."""
        return self.tree.beside(identity)

    def exchange(self, index: int) -> int:
        """The exchange that a row is, or is part of."""
        return self.tree[index].exchange

    def frame(self, index: int) -> int:
        """The packet that a row leads to."""
        row = self.tree[index]
        if row.notification is not None:
            return row.notification.frame
        if row.ended is not None:
            return row.ended.ended_in
        return int(self.view.opened.exchanges.row(row.exchange - 1)["request_frame"])

    def condition(self, index: int) -> str:
        """A filter that a row passes: of an operation, all its exchanges."""
        row = self.tree[index]
        stored = self.view.opened.exchanges.stored
        whole = row.root == 0 and stored.cell("operation", row.exchange - 1) == row.exchange
        return f"exchange.{'operation' if whole else 'id'} == {row.exchange}"

    def opened(self, index: int) -> bool | None:
        """Whether the rows below a row are shown; None when there are none."""
        row = self.tree[index]
        if row.root or not row.is_exchange or not self.tree.size(row.exchange):
            return None
        return self.tree.is_open(row.exchange)

    def set_opened(self, index: int, opened: bool) -> None:
        """Show the rows below a row, or hide them."""
        self.tree.set_open(self.tree[index].exchange, opened)

    def reveal(self, exchange: int) -> None:
        """Open what an exchange is below."""
        self.refresh()
        root = self.tree.root_of(exchange)
        if root not in (0, exchange):
            self.tree.set_open(root, True)

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest row before or after with an error or a warning; one that is closed counts
        what is below it."""
        rows = self.tree.flagged(index + step, step)
        return next((row for row in rows if self._severity_at(row) >= Severity.WARNING), None)

    def _severity_at(self, index: int) -> int:
        row = self.tree[index]
        if row.notification is not None:
            return self.view.opened.messages.cell("severity", row.notification.row)
        return self._severity(row) if row.is_exchange else 0

    def parent(self, index: int) -> int | None:
        """The row that this one is below."""
        root = self.tree[index].root
        return self.tree.find(root) if root else None

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        if key == "tree":
            return self.tree.digits + 2 if self.tree.digits else 0
        if key == "id":
            return max(3, len(str(len(self.view.opened.exchanges)))) if self.view.session else 3
        if key == "time":
            return 15 if self.view.time_format == "absolute" else 11
        self._measure()
        named = self.view.longest_name
        if key in ("client", "server") and named:
            return min(max(self._widths[key], named + _PORT), 45)
        return self._widths[key]

    def _measure(self) -> None:
        if self.view.session is None:
            return
        endpoints, names = self.view.opened.endpoints, self.view.opened.names
        for index in range(self._measured["endpoints"], len(endpoints)):
            needed = min(len(str(endpoints[index])), 45)
            self._widths["client"] = max(self._widths["client"], needed)
        self._widths["server"] = self._widths["client"]
        count = len(self.view.opened.exchanges)
        ues = set(self.view.opened.exchanges["ue"][self._measured["exchanges"] : count].tolist())
        for ue in ues:
            self._widths["ue"] = max(self._widths["ue"], min(len(escape(names[ue], 24)), 24))
        self._measured = {"endpoints": len(endpoints), "exchanges": count}

    def _time(self, index: int) -> int | None:
        """When what is in a row happened."""
        row, session = self.tree[index], self.view.opened
        if row.notification is not None:
            return row.notification.time
        if not row.is_exchange:
            return None
        return session.messages.cell(
            "time", session.exchanges.stored.cell("request_row", row.exchange - 1)
        )

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        row = self.tree[index]
        previous = self._time(index - 1) if index else None
        if row.notification is not None:
            return self._notification(row, row.notification, previous)
        if row.ended is not None:
            return self._ended(row, row.ended)
        if row.more:
            return self._row(row, uri=line(f"... {row.more:,} more", "dim"))
        return self._exchange(row, previous)

    def _row(self, row: Row, **cells: Line) -> Sequence[Line]:
        """A row below another one, of which most columns are empty."""
        cells["tree"] = line("└" if row.last else "├", "dim")
        return tuple(cells.get(column.key, ()) for column in self.columns)

    def _notification(self, row: Row, sent: Notification, previous: int | None) -> Sequence[Line]:
        severity = self.view.severity(sent.row)
        value = "no Observe" if sent.sequence is None else f"Observe {sent.sequence}"
        gap = "" if sent.gap is None else f"  {signed_seconds(sent.gap)}"
        stale = sent.in_time is False
        return self._row(
            row,
            severity=line(GLYPHS[severity], SEVERITY_INKS[severity]),
            time=line(self.view.time(sent.time, previous, sent.frame), "dim"),
            method=line(numbers.type_name(sent.type), "dim"),
            uri=((f"{value}{gap}", ""), (f"  frame {sent.frame}", "dim")),
            state=(
                (
                    "stale" if stale and sent.order is Freshness.NEWER else str(sent.order),
                    "warning" if stale else _ORDER_INKS.get(sent.order, "dim"),
                ),
            ),
            match=_freshness(sent),
            code=line(numbers.code_name(sent.code), code_ink(sent.code)),
        )

    def _ended(self, row: Row, observed: Observation) -> Sequence[Line]:
        words = ((str(observed.ending), ""), (f"  frame {observed.ended_in}", "dim"))
        return self._row(row, uri=words, state=line("ended", "dim"))

    def _branch(self, row: Row) -> Line:
        """`▸7`: what can be opened, and how much there is below it."""
        if row.root:
            return line("└" if row.last else "├", "dim")
        size = self.tree.size(row.exchange)
        if not size:
            return ()
        return (("▾ " if self.tree.is_open(row.exchange) else "▸ ", "dim"), (f"{size}", "request"))

    def _severity(self, row: Row) -> int:
        """The worst of an exchange, and of what is hidden below it."""
        hidden = (
            [] if row.root or self.tree.is_open(row.exchange) else self.tree.members(row.exchange)
        )
        return max(self.view.severity_of_exchange(id) for id in (row.exchange, *hidden))

    def _exchange(self, row: Row, previous: int | None) -> Sequence[Line]:
        session = self.view.opened
        cells = session.exchanges.row(row.exchange - 1)
        severity, retransmissions = self._severity(row), cells["retransmissions"]
        ping = cells["method"] == numbers.EMPTY
        return (
            line(GLYPHS[severity], SEVERITY_INKS[severity]),
            self._branch(row),
            line(str(row.exchange)),
            line(self.view.time(cells["request_time"], previous, cells["request_frame"]), "dim"),
            line(self.view.endpoint(session.endpoints[cells["client"]])),
            line(self.view.endpoint(session.endpoints[cells["server"]])),
            line("Ping" if ping else numbers.code_name(cells["method"]), "request"),
            line(escape(session.names[cells["uri"]]), "path"),
            line(escape(self.view.ue_name(session.names[cells["ue"]]), 64), "msgin5g"),
            line(State(cells["state"]).label, _STATE_INKS[State(cells["state"])]),
            _matched_by(cells),
            _response(cells),
            self._after(row.exchange, cells),
            line(str(retransmissions) if retransmissions else "", "warning"),
        )

    def _after(self, exchange: int, cells: Mapping[str, int]) -> Line:
        """The response time; `?` where nobody can tell which transmission was answered."""
        if not cells["response_frame"]:
            return ()
        ambiguous = cells["retransmissions"] and self.view.times_of(exchange).ambiguous
        time = (duration(cells["response_time"]), "dim")
        return (time, ("?", "warning")) if ambiguous else (time,)

    def row_ink(self, index: int) -> str:
        """Exchanges of a conversation that the user coloured stand out."""
        if not self.view.conversations:
            return ""
        exchange = self.tree[index].exchange
        row = self.view.opened.exchanges.stored.cell("request_row", exchange - 1)
        colour = self.view.conversation_colour(row)
        return f"conversation-{colour}" if colour else ""


def _freshness(sent: Notification) -> Line:
    """Whether the client still had a fresh representation (RFC 7641 clause 3.3.1)."""
    if sent.in_time is None:
        return ()
    return line("in time", "dim") if sent.in_time else line("stale before", "warning")


def _matched_by(cells: Mapping[str, int]) -> Line:
    """`mid+token`; a pairing that is not certain says so."""
    match, confidence = MATCHES[cells["match"]], CONFIDENCES[cells["confidence"]]
    if match is None:
        return line("")
    if confidence in (None, "exact") or confidence == match:
        return line(match, "dim")
    return ((f"{match} ", "dim"), (f"({confidence})", "warning"))


def _response(cells: Mapping[str, int]) -> Line:
    code = cells["response_code"]
    if not cells["response_frame"]:
        return line("RST", "client-error") if cells["reset_frame"] else line("")
    return line(numbers.code_name(code), code_ink(code))
