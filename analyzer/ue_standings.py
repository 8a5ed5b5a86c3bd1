# SPDX-License-Identifier: GPL-2.0-only
"""How each UE stands: whether it is registered and since when, where it sends from, how it is
answered, what was found of it.

A session may still be read: `Standings.take_in` takes the tables as far as they are by then, in
columns, so that a million messages are no work. Times are capture times in ns.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer import registrations as kernel
from analyzer import state as region
from analyzer.bodies import DEREGISTRATION_TYPE
from analyzer.endpoints import Endpoint
from analyzer.exchanges.model import REGISTRATION, State
from analyzer.messages import NO_RESPONSE_TIME
from analyzer.response_times import By, percentiles
from analyzer.rules.catalogue import Severity
from analyzer.subjects import Message
from analyzer.ue_table import counted_by_ue

if TYPE_CHECKING:
    import numpy as np

    from analyzer.session import Session

    Column = np.ndarray[Any, Any]

_MOST_READ: Final = 300
"""Answers whose body is read, the newest, where what a UE is told cannot be seen in the tables."""


class Registration(IntEnum):
    """Where a UE stands with the MSGin5G Server, by the latest that was seen of it."""

    NEVER = 0  # no registration was seen
    WAITING = 1  # asked, and neither answered nor given up
    REGISTERED = 2
    DEREGISTERED = 3
    REFUSED = 4  # by its code, or 2.xx with another Registration result than success
    RESET = 5
    UNANSWERED = 6

    @property
    def label(self) -> str:
        """As views write it."""
        return _LABELS[self]

    @property
    def failed(self) -> bool:
        """The UE wants to be registered and is not."""
        return self >= Registration.REFUSED


_LABELS: Final = {
    Registration.NEVER: "none seen",
    Registration.WAITING: "waiting",
    Registration.REGISTERED: "registered",
    Registration.DEREGISTERED: "de-registered",
    Registration.REFUSED: "refused",
    Registration.RESET: "reset",
    Registration.UNANSWERED: "no answer",
}


class Order(StrEnum):
    """How UEs are sorted. Worst: those that fail to register, then by findings."""

    WORST = "worst first"
    SLOWEST = "slowest first"
    SEEN = "last seen first"
    NAME = "by name"


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


class Asked(NamedTuple):
    """Exchanges in columns, those of the table as it was: rows of requests, of first responses and
    of RSTs (-1: none), `own`: the UE itself asks."""

    ue: Column
    request: Column
    response: Column
    reset: Column
    client: Column
    server: Column
    own: Column


def asked(session: Session, which: slice | Column) -> Asked:
    """All exchanges of some UEs, by their index. A server that passes on what a UE says is not that
    UE: it is where the UE sends to."""
    import numpy as np

    stored, messages = session.exchanges.stored, session.messages
    ue, request, *rows = (
        stored[name][which].astype(np.int64) for name in ("ue", "request_row", "response", "reset")
    )
    rows = [row - 1 for row in rows]
    sources = messages["source"]
    response, reset = (np.where(row < len(sources), row, -1) for row in rows)
    client = sources[request].astype(np.int64)
    server = messages["destination"][request].astype(np.int64)
    own = (ue > 0) & ~np.isin(ue << 32 | client, np.unique(ue << 32 | server))
    return Asked(ue, request, response, reset, client, server, own)


def outcomes(session: Session, of: Asked, which: Column) -> tuple[Column, Column]:
    """How registrations ended, and when, for those exchanges by their index; by the code alone."""
    import numpy as np

    codes, times = session.messages["code"], session.messages["time"]
    response, reset, request = of.response[which], of.reset[which], of.request[which]
    good = (response >= 0) & (codes[response] >> 5 == 2)
    lost = session.exchanges.stored["state"][which] == State.UNANSWERED
    ended = np.select(
        [good, response >= 0, reset >= 0, lost],
        [
            Registration.REGISTERED,
            Registration.REFUSED,
            Registration.RESET,
            Registration.UNANSWERED,
        ],
        Registration.WAITING,
    )
    row = np.select([response >= 0, reset >= 0], [response, reset], request)
    return ended, times[row]


def registration_result(session: Session, row: int) -> str:
    """The Registration result in the message of a row, `""` for none."""
    result = Message(session, row).elements.values.get("registration_result")
    return "" if result is None else str(result)


class Standings:
    """Every UE that a request or a finding names, in the order wanted.

    The id of a UE is that of its name in the session; one that findings alone name has the id of
    the first of these, negative.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._named = _Named(session)
        self._results: dict[int, str] = {}  # by the rows of answers; no result is success
        self._ids: Column | None = None
        self._columns: dict[str, Column] = {}
        self._order: Column | None = None
        self.order = Order.WORST

    def __len__(self) -> int:
        return 0 if self._order is None else len(self._order)

    def take_in(self) -> None:
        """Look at the tables again."""
        import numpy as np

        session = self._session
        count = len(session.exchanges)
        of = asked(session, slice(count))
        self._named.take_in()
        found = self._named.ues()
        ids, counts = counted_by_ue(session, count)
        alone = np.unique(session.messages["ue"][session.messages["exchange"] == 0])
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
        places, severities = self._at(found), self._named.severities()
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

    # Registrations ------------------------------------------------------------------------------

    def _take_registrations(self, of: Asked) -> None:
        """The latest outcome counts, and since when it has been the same. A registration that waits
        for its answer changes nothing, nor does a de-registration that was not granted."""
        import numpy as np

        stored = self._session.exchanges.stored
        leaves = stored["message_type"][: len(of.ue)] == DEREGISTRATION_TYPE
        registers = stored["flags"][: len(of.ue)] & REGISTRATION > 0
        which = ((registers | leaves) & (of.ue > 0)).nonzero()[0]
        which = which[np.argsort(of.ue[which], kind="stable")]
        ended, when = outcomes(self._session, of, which)
        gone = leaves[which]
        waits = ~gone & (ended == Registration.WAITING)
        self._put("registration", of.ue[which[waits]], ended[waits], Registration.NEVER)
        self._put("since", of.ue[which[waits]], when[waits])
        counts = np.where(gone, ended == Registration.REGISTERED, ~waits)
        ended = np.where(gone, Registration.DEREGISTERED, ended)
        which, ended, when = which[counts], ended[counts], when[counts]
        self._check_results(of, which, ended)
        ue = of.ue[which]
        begins = np.ones(len(ue), np.bool_)
        begins[1:] = (ue[1:] != ue[:-1]) | (ended[1:] != ended[:-1])
        first = np.maximum.accumulate(np.where(begins, np.arange(len(ue)), 0))
        places = self._at(ue)
        self._columns["registration"][places] = ended
        self._columns["since"][places] = when[first]
        granted = places[ended == Registration.REGISTERED]
        self._columns["registered"] = np.bincount(granted, minlength=len(self._columns["since"]))

    def _check_results(self, of: Asked, which: Column, ended: Column) -> None:
        """An answer 2.xx may refuse all the same. What the kernels follow a UE by tells, where it
        was answered so once; else the answer itself."""
        import numpy as np

        good = (ended == Registration.REGISTERED).nonzero()[0]
        ue = of.ue[which[good]]
        followed = _followed(self._session)
        _, inverse, times = np.unique(ue, return_inverse=True, return_counts=True)
        registered = np.isin(ue, followed[0][followed[1] > 0])
        refused = np.isin(ue, followed[0]) & ~registered
        left = np.isin(ue, of.ue[which[ended == Registration.DEREGISTERED]])
        once = (times[inverse] == 1) & ~left
        ended[good[refused & once]] = Registration.REFUSED
        doubtful = good[~(once & (refused | registered))]
        rows = of.response[which[doubtful]]
        newest = np.argsort(rows)[-_MOST_READ:]
        read = rows[newest].tolist()
        self._results = {row: self._results.get(row) or self._result(row) for row in read}
        other = [self._results[row] != "success" for row in read]
        ended[doubtful[newest[np.array(other, np.bool_)]]] = Registration.REFUSED

    def _result(self, row: int) -> str:
        return registration_result(self._session, row) or "success"

    # Rows ---------------------------------------------------------------------------------------

    def sort(self) -> None:
        """By `order`; of equals, the busiest first, then the one whose name was seen first."""
        import numpy as np

        assert self._ids is not None
        has, columns = (self._ids != 0).nonzero()[0], self._columns
        keys: list[Column] = [self._ids, -columns["exchanges"]]
        if self.order is Order.NAME:
            names = [self._name(id) for id in self._ids[has].tolist()]
            self._order = has[sorted(range(len(has)), key=names.__getitem__)]
            return
        if self.order is Order.SEEN:
            keys.append(-columns["seen"])
        elif self.order is Order.SLOWEST:
            keys += [-columns["median"], -columns["p95"]]
        else:
            keys += [-columns[severity.label] for severity in Severity]
            keys.append(-np.maximum(columns["registration"], Registration.DEREGISTERED))
        self._order = has[np.lexsort([key[has] for key in keys])]

    def _name(self, id: int) -> str:
        return self._session.names[id] if id > 0 else self._session.findings[-id - 1].ue

    def id(self, index: int) -> int:
        """The UE of a row."""
        assert self._ids is not None
        assert self._order is not None
        return int(self._ids[self._order[index]])

    def find(self, id: int) -> int | None:
        """The row of a UE."""
        if self._ids is None or self._order is None:
            return None
        found = (self._ids[self._order] == id).nonzero()[0]
        return int(found[0]) if len(found) else None

    def widest(self) -> dict[str, int]:
        """The largest number in each column of counts."""
        counts = ("exchanges", "registrations", *(severity.label for severity in Severity))
        return {name: int(self._columns[name].max()) for name in counts}

    def findings_of(self, id: int) -> list[int]:
        """Indices of the findings about a UE."""
        found: list[int] = (self._named.ues() == id).nonzero()[0].tolist()
        return found

    def of_finding(self, index: int) -> int:
        """The UE that a finding is about, 0 for none."""
        self._named.take_in()
        return int(self._named.ues()[index])

    def __getitem__(self, index: int) -> Standing:
        assert self._order is not None
        at, id, session = self._order[index], self.id(index), self._session
        cell = {name: column[at].item() for name, column in self._columns.items()}
        registration, seen = Registration(cell["registration"]), cell["seen"]
        return Standing(
            id=id,
            ue=self._name(id),
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


class _Named:
    """Which UE each finding is about. One that does not say so is about that of its exchange, as
    it comes to tell."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ids: dict[str, int] = {}
        self._ues: list[int] = []
        self._exchanges: list[int] = []
        self._severities: list[int] = []

    def take_in(self) -> None:
        """Findings made since."""
        findings = self._session.findings
        for index in range(len(self._ues), len(findings)):
            finding = findings[index]
            self._ues.append(self._id(finding.ue, finding.exchange, finding.row, finding.id))
            self._exchanges.append(finding.exchange)
            self._severities.append(finding.severity)

    def _id(self, ue: str, exchange: int, row: int, finding: int) -> int:
        if not ue or ue in self._ids:
            return self._ids.get(ue, 0)
        session, id = self._session, 0
        if exchange:
            id = session.exchanges.stored.cell("ue", exchange - 1)
        if session.names[id] != ue and row >= 0:
            id = session.messages.cell("ue", row)
        if session.names[id] != ue:
            id = -finding
        self._ids[ue] = id
        return id

    def ues(self) -> Column:
        """The ids of UEs, 0 for none, in the order of findings."""
        import numpy as np

        told = np.array(self._ues, np.int64)
        exchanges = np.array(self._exchanges, np.int64)
        asks = ((told == 0) & (exchanges > 0)).nonzero()[0]
        told[asks] = self._session.exchanges.stored["ue"][exchanges[asks] - 1]
        return told

    def severities(self) -> Column:
        """In the order of findings."""
        import numpy as np

        return np.array(self._severities, np.int64)


def _followed(session: Session) -> tuple[Column, Column]:
    """UEs that the kernels follow, and whether each was registered last."""
    import numpy as np

    s = session.memory.s
    cells = np.frombuffer(s, np.int64)
    base, rows = s[region.UE_KEYS + region.BASE], s[region.UE_KEYS + region.ROWS]
    entries = cells[base : base + rows * region.ENTRY].reshape(-1, region.ENTRY)
    entries = entries[entries[:, region.VALUE] > 0]
    places = s[region.UES + region.BASE] + entries[:, region.VALUE] * kernel.UE_SLOTS
    return entries[:, region.KEY], cells[places + kernel.REGISTERED]
