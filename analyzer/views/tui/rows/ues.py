# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the list of UEs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import is_
from time import monotonic
from typing import Any, ClassVar, Final, NamedTuple

from analyzer.rules.catalogue import Severity
from analyzer.ue_registrations import Registration
from analyzer.ue_standings import Order, Standing, Standings
from analyzer.views.escape import escape
from analyzer.views.info import Line, Piece
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.times import TimeFormat, duration
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.sortable import Going
from analyzer.views.tui.rows.sortable import Order as Sorted
from analyzer.views.tui.rows.sorting import Sorting
from analyzer.views.tui.widgets.columns import Column
from dissectors.fields import Table

_SHARE: Final = 8
"""Looking at the tables takes at most one part in so many of the time while they grow."""

AT_ONCE: Final = 20_000
"""Messages that are looked at without a thread."""

_MARKS: Final = {
    Registration.NEVER: ("-", "dim"),
    Registration.WAITING: ("…", "dim"),
    Registration.REGISTERED: ("✔", "success"),
    Registration.DEREGISTERED: ("○", "dim"),
    Registration.REFUSED: ("✖", "error"),
    Registration.RESET: ("✖", "error"),
    Registration.UNANSWERED: ("✖", "error"),
}


class Look(NamedTuple):
    """A look at the tables: the version of the session, and seconds."""

    version: int
    lasted: float


class UeRows:
    """UEs as they stand by what was read; `stale` tells that more is known than is listed."""

    columns = (
        Column("registration", "Registration", 15),
        Column("ue", "UE Service ID", flexible=True, least=24),
        Column("since", "Since", align="right", give_up=6),
        Column("registered", "Reg.", align="right"),
        Column("answered", "Answered", align="right"),
        Column("median", "Median", 8, align="right", give_up=5),
        Column("p95", "p95", 8, align="right", give_up=3),
        Column("seen", "Last seen", align="right", give_up=4),
        Column("addresses", "Addr.", 5, align="right", give_up=2),
        Column("address", "Last address", give_up=1),
        Column("findings", "Findings", falls=True),
    )

    table = None
    orders: ClassVar = {str(order): str(order) for order in Order}

    def __init__(self, view: CaptureView) -> None:
        self.view = view
        self.sorting = Sorting(Order.WORST)
        self.found: Look | None = None
        self._taken = -1  # version of the session
        self._next = 0.0
        self._widths: dict[str, int] = {}
        self._rows: Any = None  # places of those listed among all, None for all
        self._passed: tuple[Any, ...] | None = None
        self._hidden: frozenset[int] = frozenset()
        self._ignored: Counter[tuple[int, Severity]] = Counter()

    def refresh(self) -> None:
        """Take in what was read since: few rows at once, else what a thread has found."""
        session = self.view.session
        if session is None:
            return
        if self.due and len(session.messages) <= AT_ONCE:
            self.found = self.look()
        if self.found is not None:
            self._take(self.found)
        elif self._order_standings(self.view.standings) and len(self):
            self.view.standings.sort()
            self._passed = None
        self._pass()

    @property
    def stale(self) -> bool:
        """Whether more is known than is listed."""
        return self.view.session is not None and self.view.opened.version != self._taken

    @property
    def due(self) -> bool:
        """Whether it is time to look at the tables again."""
        return self.stale and (not self.view.reading or monotonic() >= self._next)

    def look(self) -> Look:
        """See how UEs stand, in any thread; to be `found` at the next refresh."""
        began, version = monotonic(), self.view.opened.version
        standings = self.view.spare_standings
        self._order_standings(standings)
        standings.take_in()
        return Look(version, monotonic() - began)

    def _take(self, found: Look) -> None:
        self.found = None
        self.view.swap_standings()
        if self._order_standings(self.view.standings):  # another order was asked for meanwhile
            self.view.standings.sort()
        self._taken = found.version
        self._next = monotonic() + _SHARE * found.lasted
        self._widths.clear()
        self._passed = None

    def _pass(self) -> None:
        """Take those that have an exchange, a packet or a finding which passes the filter."""
        filtering = self.view.filtering
        passed: tuple[Any, ...] = ()
        if filtering.on:
            passed = tuple(map(filtering.rows, (Table.MESSAGES, Table.EXCHANGES, Table.FINDINGS)))
        before = self._passed
        if before is None or len(before) != len(passed) or not all(map(is_, before, passed)):
            self._passed = passed
            self._rows = self.view.standings.with_any(*passed) if passed else None

    def _order_standings(self, standings: Standings) -> bool:
        """Tell how to sort; whether that is another way than before."""
        key, descending = self.sorting
        before = standings.order, standings.column, standings.descending
        named = key in self.orders
        standings.order = Order(key) if named else standings.order
        standings.column, standings.descending = "" if named else key, descending
        return before != (standings.order, standings.column, standings.descending)

    @property
    def sorting_words(self) -> str:
        """The name of the order, if it is no column's."""
        return self.orders.get(self.sorting.key, "")

    @property
    def outdated(self) -> bool:
        """They are always sorted at once."""
        return False

    def sort_by(self, sorting: Sorting) -> None:
        """Sort otherwise from the next refresh on."""
        self.sorting = sorting

    def resort(self) -> None:
        """Sort what is listed."""
        if self.view.session is not None and self._order_standings(self.view.standings):
            self.view.standings.sort()
            self._passed = None
            self._pass()

    def sort(self, going: Going) -> None:
        """Nothing is left to do."""

    def take_order(self, order: Sorted) -> None:
        """There is none."""

    def field_cells(self, index: int, names: Sequence[str]) -> Sequence[Line]:
        """A UE has no fields."""
        return [()] * len(names)

    def hasten(self) -> None:
        """Let the next refresh take in all there is."""
        self._next = 0.0

    @property
    def total(self) -> int:
        """Rows there would be without a filter."""
        return len(self.view.standings) if self.view.session else 0

    def __len__(self) -> int:
        return self.total if self._rows is None else len(self._rows)

    def __getitem__(self, index: int) -> Standing:
        return self.view.standings[self._at(index)]

    def _at(self, index: int) -> int:
        """The place of a row among all UEs."""
        return index if self._rows is None else int(self._rows[index])

    def identity(self, index: int) -> int:
        """The id of the UE in a row."""
        return self.view.standings.id(self._at(index))

    def find(self, identity: int) -> int | None:
        """The row of a UE."""
        at = self.view.standings.find(identity)
        if at is None or self._rows is None:
            return at
        index = int(self._rows.searchsorted(at))
        return index if index < len(self._rows) and self._rows[index] == at else None

    def beside(self, identity: int) -> int:
        """The row of the UE nearest to one that is hidden."""
        at = self.view.standings.find(identity) or 0
        return at if self._rows is None else min(int(self._rows.searchsorted(at)), len(self) - 1)

    def named(self, text: str) -> int | None:
        """The first UE whose UE Service ID begins so, else has it anywhere."""
        names = [self.view.standings.name(self.identity(row)).lower() for row in range(len(self))]
        wanted = text.lower()
        first = next((row for row, name in enumerate(names) if name.startswith(wanted)), None)
        if first is not None or not wanted:
            return first if wanted else None
        return next((row for row, name in enumerate(names) if wanted in name), None)

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest UE before or after with an error or a warning."""
        flagged = self.view.standings.flagged()
        rows = range(index + step, len(flagged) if step > 0 else -1, step)
        return next((row for row in rows if flagged[row]), None)

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        if not len(self):
            return 8
        if not self._widths:
            widest = self.view.standings.widest()
            digits = {name: len(f"{most:,}") for name, most in widest.items()}
            time = 15 if self.view.time_format is TimeFormat.ABSOLUTE else 11
            self._widths = {
                "registered": 2 * digits["registrations"] + 1,
                "answered": 2 * digits["exchanges"] + 1,
                "findings": sum(3 + digits[s.label] for s in Severity if widest[s.label]),
                "since": time,
                "seen": time,
            }
        if key == "address":
            return min(26, max((len(str(e)) for e in self._some_addresses()), default=12))
        return self._widths[key]

    def _some_addresses(self) -> list[object]:
        rows = (self[index] for index in range(min(len(self), 64)))
        return [row.address for row in rows if row.address]

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        standing = self[index]
        glyph, ink = _MARKS[standing.registration]
        times = (standing.median, standing.p95)
        return (
            ((f"{glyph} {standing.registration.label}", ink),),
            line(escape(self.view.ue_name(standing.ue), 80), "msgin5g"),
            line(self._time(standing.since), "dim"),
            _share(standing.registered, standing.registrations, "error"),
            _share(standing.answered, standing.exchanges, "warning"),
            *(line("" if time is None else duration(round(time))) for time in times),
            line(self._time(standing.last_seen), "dim"),
            line(f"{standing.addresses:,}", "warning" if standing.addresses > 1 else "dim"),
            line(self.view.endpoint(standing.address) if standing.address else "", "dim"),
            findings(self._heeded(standing)),
        )

    def _heeded(self, standing: Standing) -> dict[Severity, int]:
        """Its findings that are not ignored."""
        view, hidden = self.view, self.view.hidden_ids
        if hidden is not self._hidden:
            ids = [id - 1 for id in hidden]
            of = zip(view.standings.of_findings(ids), ids, strict=True) if ids else ()
            findings = view.opened.findings
            self._ignored = Counter((ue, findings[index].severity) for ue, index in of)
            self._hidden = hidden
        return {
            severity: count - self._ignored[standing.id, severity]
            for severity, count in standing.findings.items()
        }

    def _time(self, time: int | None) -> str:
        """Rows are not in the order of time: there is no row before."""
        if time is None:
            return ""
        before = self.view.opened.first_time
        return self.view.time(time, before)

    def row_ink(self, index: int) -> str:
        """All rows in the plain ink."""
        return ""


def _share(part: int, whole: int, ink: str) -> Line:
    """`3/4`, and nothing of nothing."""
    return line(f"{part:,}/{whole:,}" if whole else "", ink if part < whole else "")


def findings(counts: dict[Severity, int]) -> Line:
    """`✖ 3 ▲ 12 · 40`, the worst first."""
    pieces: list[Piece] = []
    for severity, count in counts.items():
        if count:
            pieces += [(f"{GLYPHS[severity]} {count:,}", SEVERITY_INKS[severity]), (" ", "")]
    return tuple(pieces[:-1])
