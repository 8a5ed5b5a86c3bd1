# SPDX-License-Identifier: GPL-2.0-only
"""How each UE stands: whether it is registered and since when, where it sends from, how it is
answered, what was found of it.

A session may still be read: `Standings.take_in` takes the tables as far as they are by then, in
columns, so that a million messages are no work. Times are capture times in ns.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.endpoints import Endpoint
from analyzer.messages import NO_RESPONSE_TIME
from analyzer.response_times import By, percentiles
from analyzer.rules.catalogue import Severity
from analyzer.ue_findings import UesOfFindings
from analyzer.ue_registrations import Asked, Registration, Registrations, asked
from analyzer.ue_table import counted_by_ue

if TYPE_CHECKING:
    import numpy as np

    from analyzer.session import Session

    Column = np.ndarray[Any, Any]


class Order(StrEnum):
    """How UEs are sorted. Worst: those that fail to register, then by findings."""

    WORST = "worst first"
    SLOWEST = "slowest first"
    SEEN = "last seen first"
    NAME = "by name"


COLUMNS: Final = (
    *("registration", "ue", "since", "registered", "answered", "median", "p95", "seen"),
    *("addresses", "address", "findings"),
)
"""What UEs can be sorted by."""

_NONE: Final = {"median": NO_RESPONSE_TIME, "p95": NO_RESPONSE_TIME, "seen": -1}
"""Values that stand for none."""


class Standing(NamedTuple):
    """One UE. `id` is that of its name, or less than 0: see Standings. `since` is when it came to
    stand so, None for never; `addresses` counts endpoints, `address` is the one used last;
    `exchanges` to `registrations` as in ue_table.UeRow, `registered` are those that were granted;
    `findings` are by severity."""

    id: int
    ue: str
    registration: Registration
    since: int | None
    addresses: int
    address: Endpoint | None
    exchanges: int
    answered: int
    registrations: int
    registered: int
    median: float | None
    p95: float | None
    last_seen: int | None
    findings: dict[Severity, int]


class Standings:
    """Every UE that a request or a finding names, in the order wanted.

    The id of a UE is that of its name in the session; one that findings alone name has the id of
    the first of these, negative.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found = UesOfFindings(session)
        self._registrations = Registrations(session)
        self._ids: Column | None = None
        self._columns: dict[str, Column] = {}
        self._order: Column | None = None
        self.order = Order.WORST
        self.column = ""
        """Sort by this one of COLUMNS before `order`; `""` for none."""
        self.descending = False

    def __len__(self) -> int:
        return 0 if self._order is None else len(self._order)

    def take_in(self) -> None:
        """Look at the tables again."""
        import numpy as np

        session = self._session
        count = len(session.exchanges)
        of = asked(session, slice(count))
        self._found.take_in()
        found = self._found.ues()
        ids, counts = counted_by_ue(session, count)
        orphans = (session.messages["exchange"] == 0).nonzero()[0]
        alone = np.unique(session.messages["ue"][orphans])
        self._ids = np.unique(np.concatenate([ids.astype(np.int64), found, alone, [0]]))
        self._columns = {}
        for name, column in zip(("exchanges", "answered", "registrations"), counts, strict=False):
            self._put(name, ids, column)
        self._take_findings(found)
        self._take_addresses(of)
        self._take_seen(of)
        self._take_times()
        self._take_registrations(of)
        self.sort()

    # Columns ------------------------------------------------------------------------------------

    def _at(self, ids: Column) -> Column:
        """Where UEs stand in the columns."""
        import numpy as np

        assert self._ids is not None
        return np.searchsorted(self._ids, ids)

    def _put(self, name: str, ids: Column, values: Column, otherwise: float = 0) -> None:
        """A column, given for some UEs; where one is given twice, the last counts."""
        import numpy as np

        assert self._ids is not None
        column = np.full(len(self._ids), otherwise, np.asarray(values).dtype)
        column[self._at(ids)] = values
        self._columns[name] = column

    def _take_findings(self, found: Column) -> None:
        import numpy as np

        assert self._ids is not None
        places, severities = self._at(found), self._found.severities()
        for severity in Severity:
            of_it = places[severities == severity]
            self._columns[severity.label] = np.bincount(of_it, minlength=len(self._ids))

    def _take_addresses(self, of: Asked) -> None:
        import numpy as np

        ue, client = of.ue[of.own], of.client[of.own]
        each, counts = np.unique(np.unique(ue << 32 | client) >> 32, return_counts=True)
        self._put("addresses", each, counts)
        self._put("address", ue, client)

    def _take_seen(self, of: Asked) -> None:
        """Of what a UE sent itself."""
        import numpy as np

        messages = self._session.messages
        exchange = messages["exchange"].astype(np.int64)
        rows = ((exchange > 0) & (exchange <= len(of.ue))).nonzero()[0]
        index = exchange[rows] - 1
        mine = of.own[index] & (messages["source"][rows] == of.client[index])
        self._put("seen", of.ue[index[mine]], rows[mine], -1)

    def _take_times(self) -> None:
        import numpy as np

        assert self._ids is not None
        ids, *times = percentiles(self._session, By.UE)
        known = np.isin(ids, self._ids)  # more may have come meanwhile
        for name, column in zip(("median", "p95"), times, strict=True):
            self._put(name, ids[known], column[known], NO_RESPONSE_TIME)

    def _take_registrations(self, of: Asked) -> None:
        import numpy as np

        ue, ended, since = self._registrations.take(of)
        self._put("registration", ue, ended)
        self._put("since", ue, since)
        granted, counts = np.unique(ue[ended == Registration.REGISTERED], return_counts=True)
        self._put("registered", granted, counts)

    # Rows ---------------------------------------------------------------------------------------

    def sort(self) -> None:
        """By `column`, then by `order`; of equals, the busiest first, then the one whose name was
        seen first. Those without a value in the column come last."""
        import numpy as np

        assert self._ids is not None
        has, columns = (self._ids != 0).nonzero()[0], self._columns
        keys: list[Column] = [self._ids, -columns["exchanges"]]
        if self.order is Order.NAME:
            keys.append(self._names())
        elif self.order is Order.SEEN:
            keys.append(-columns["seen"])
        elif self.order is Order.SLOWEST:
            keys += [-columns["median"], -columns["p95"]]
        else:
            keys += [-columns[severity.label] for severity in Severity]
            keys.append(-np.maximum(columns["registration"], Registration.DEREGISTERED))
        if self.column:
            keys += self._by_column()
        self._order = has[np.lexsort([key[has] for key in keys])]

    def _by_column(self) -> list[Column]:
        """The values of `column`, and above these whether there is none."""
        import numpy as np

        name = self.column
        if name == "ue":
            values, none = self._names(), np.zeros(len(self._columns["exchanges"]), np.bool_)
        elif name == "findings":
            values, none = self._weights(), np.zeros(len(self._columns["exchanges"]), np.bool_)
        elif name == "address":
            values, none = self._address_ranks(), self._columns[name] == 0
        else:
            values = self._columns[name]
            none = values == _NONE[name] if name in _NONE else np.zeros(len(values), np.bool_)
        if name == "since":
            none = self._columns["registration"] == 0
        return [-values.astype(np.float64) if self.descending else values, none]

    def _names(self) -> Column:
        """The place of each UE by its name."""
        import numpy as np

        assert self._ids is not None
        names = [self.name(id) for id in self._ids.tolist()]
        places = np.empty(len(names), np.int64)
        places[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        return places

    def _address_ranks(self) -> Column:
        import numpy as np

        ids, places = np.unique(self._columns["address"], return_inverse=True)
        texts = [str(self._session.endpoints[id]) for id in ids.tolist()]
        ranks = np.empty(len(texts), np.int64)
        ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
        ranked: Column = ranks[places]
        return ranked

    def _weights(self) -> Column:
        """Findings as one number: one that is worse outweighs all that are less bad."""
        import numpy as np

        weight = np.zeros(len(self._columns["exchanges"]), np.float64)
        for severity in reversed(Severity):
            counts = self._columns[severity.label]
            weight = weight * (float(counts.max(initial=0)) + 1) + counts
        return weight

    def name(self, id: int) -> str:
        """The UE Service ID of a UE."""
        return self._session.names[id] if id > 0 else self._session.findings[-id - 1].ue

    def id(self, index: int) -> int:
        """The UE of a row."""
        assert self._ids is not None
        assert self._order is not None
        return int(self._ids[self._order[index]])

    def flagged(self) -> list[bool]:
        """Of each row, whether an error or a warning is about the UE."""
        if self._order is None:
            return []
        bad = self._columns[Severity.ERROR.label] + self._columns[Severity.WARNING.label]
        found: list[bool] = (bad > 0)[self._order].tolist()
        return found

    def find(self, id: int) -> int | None:
        """The row of a UE."""
        if self._ids is None or self._order is None:
            return None
        found = (self._ids[self._order] == id).nonzero()[0]
        return int(found[0]) if len(found) else None

    def with_any(self, messages: Column, exchanges: Column, findings: Column) -> Column:
        """Rows of the UEs that any of these rows of the tables is about."""
        import numpy as np

        if self._ids is None or self._order is None:
            return np.empty(0, np.int64)
        session = self._session
        own = session.messages["ue"][messages]
        told = session.exchanges.stored["ue"][exchanges]
        named = np.zeros(len(session.names), bool)  # after the columns, which grow
        named[own] = named[told] = True
        found = np.unique(self._found.ues()[findings[findings < len(self._found)]])
        ids = np.concatenate([np.flatnonzero(named), found])
        return np.flatnonzero(np.isin(self._ids[self._order], ids))

    def widest(self) -> dict[str, int]:
        """The largest number in each column of counts."""
        counts = ("exchanges", "registrations", *(severity.label for severity in Severity))
        return {name: int(self._columns[name].max()) for name in counts}

    def findings_of(self, id: int) -> list[int]:
        """Indices of the findings about a UE."""
        found: list[int] = (self._found.ues() == id).nonzero()[0].tolist()
        return found

    def of_finding(self, index: int) -> int:
        """The UE that a finding is about, 0 for none."""
        self._found.take_in()
        return int(self._found.ues()[index])

    def of_findings(self, indices: Sequence[int]) -> list[int]:
        """The UEs that findings are about."""
        self._found.take_in()
        found: list[int] = self._found.ues()[indices].tolist()
        return found

    def __getitem__(self, index: int) -> Standing:
        assert self._order is not None
        at, id, session = self._order[index], self.id(index), self._session
        cell = {name: column[at].item() for name, column in self._columns.items()}
        registration, seen = Registration(cell["registration"]), cell["seen"]
        return Standing(
            id=id,
            ue=self.name(id),
            registration=registration,
            since=cell["since"] if registration else None,
            addresses=cell["addresses"],
            address=session.endpoints[cell["address"]] if cell["addresses"] else None,
            exchanges=cell["exchanges"],
            answered=cell["answered"],
            registrations=cell["registrations"],
            registered=cell["registered"],
            median=cell["median"] if cell["median"] >= 0 else None,
            p95=cell["p95"] if cell["p95"] >= 0 else None,
            last_seen=session.messages.cell("time", seen) if seen >= 0 else None,
            findings={severity: cell[severity.label] for severity in reversed(Severity)},
        )
