# SPDX-License-Identifier: GPL-2.0-only
"""How the registrations of each UE ended, in columns, and from where it asked.

A registration is what the exchanges table shows as one; times are capture times in ns.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer import registrations as kernel
from analyzer import state as region
from analyzer.bodies import DEREGISTRATION_TYPE
from analyzer.exchanges.model import REGISTRATION, State
from analyzer.subjects import Message

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


def _outcomes(session: Session, of: Asked, which: Column) -> tuple[Column, Column]:
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


class Registrations:
    """Looks at a session that may still be read; keeps what it read of answers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._results: dict[int, str] = {}  # by the rows of answers; no result is success

    def take(self, of: Asked) -> tuple[Column, Column, Column]:
        """For each registration and each de-registration that was granted, by UE and then in the
        order of requests: the UE, how it stood after it, and since when it had stood so.

        A registration that waits for its answer changes nothing: these come before all others.
        """
        import numpy as np

        stored, count = self._session.exchanges.stored, len(of.ue)
        leaves = stored["message_type"][:count] == DEREGISTRATION_TYPE
        registers = stored["flags"][:count] & REGISTRATION > 0
        which = ((registers | leaves) & (of.ue > 0)).nonzero()[0]
        which = which[np.argsort(of.ue[which], kind="stable")]
        ended, when = _outcomes(self._session, of, which)
        gone = leaves[which]
        waits = ~gone & (ended == Registration.WAITING)
        waiting = of.ue[which[waits]], ended[waits], when[waits]
        counts = np.where(gone, ended == Registration.REGISTERED, ~waits)
        ended = np.where(gone, Registration.DEREGISTERED, ended)
        which, ended, when = which[counts], ended[counts], when[counts]
        self._check_results(of, which, ended)
        ue = of.ue[which]
        begins = np.ones(len(ue), np.bool_)
        begins[1:] = (ue[1:] != ue[:-1]) | (ended[1:] != ended[:-1])
        first = np.maximum.accumulate(np.where(begins, np.arange(len(ue)), 0))
        known = zip(waiting, (ue, ended, when[first]), strict=True)
        ue, ended, when = (np.concatenate(columns) for columns in known)
        return ue, ended, when

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
