# SPDX-License-Identifier: GPL-2.0-only
"""By what the columns of lists are sorted that the tables hold: nothing is read from packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from analyzer.exchanges.model import MATCHES, State
from analyzer.messages import NO_RESPONSE_TIME
from analyzer.views.tui.rows.sorting import Keys, ranked
from dissectors.coap import numbers

if TYPE_CHECKING:
    import numpy as np

    from analyzer.endpoints import Endpoint
    from analyzer.findings import Finding
    from analyzer.session import Session

    Array = np.ndarray[Any, Any]

Keyed: TypeAlias = "Callable[[Session, Array], Keys]"
"""Keys of rows of a table."""


def _cell(name: str) -> Keyed:
    return lambda session, rows: Keys(session.messages[name][rows])


def _address(column: str) -> Keyed:
    return lambda session, rows: ranked(
        session.messages[column][rows], lambda id: session.endpoints[id].address
    )


def _protocol(session: Session, rows: Array) -> Keys:
    messages = session.messages
    return Keys((messages["message_type"][rows] > 0) | (messages["ue"][rows] > 0))


MESSAGES: Final[dict[str, Keyed]] = {
    "severity": _cell("severity"),
    "number": _cell("frame"),
    "time": _cell("time"),
    "source": _address("source"),
    "destination": _address("destination"),
    "protocol": _protocol,
    "length": _cell("wire"),
}
"""By the columns of the packet list, of rows of the messages table."""


def _of(name: str) -> Keyed:
    return lambda session, rows: Keys(session.exchanges[name][rows])


def _if_any(name: str) -> Keyed:
    """A column in which 0 stands for nothing."""

    def keys(session: Session, rows: Array) -> Keys:
        values = session.exchanges[name][rows]
        return Keys(values, values > 0)

    return keys


def _named(name: str, text: Callable[[Session, int], str]) -> Keyed:
    return lambda session, rows: ranked(session.exchanges[name][rows], lambda id: text(session, id))


def _endpoint(session: Session, id: int) -> str:
    return str(session.endpoints[id])


def _name(session: Session, id: int) -> str:
    return session.names[id]


def _method(session: Session, code: int) -> str:
    return numbers.method_name(code) or ""


def _response(session: Session, rows: Array) -> Keys:
    codes, frames = (session.exchanges[name][rows] for name in ("response_code", "response_frame"))
    return Keys(codes, frames > 0)


def _response_time(session: Session, rows: Array) -> Keys:
    times = session.exchanges["response_time"][rows]
    answered = session.exchanges["response_frame"][rows] > 0
    return Keys(times, answered & (times != NO_RESPONSE_TIME))


EXCHANGES: Final[dict[str, Keyed]] = {
    "severity": _of("severity"),
    "tree": _if_any("responses"),
    "id": lambda session, rows: Keys(rows),
    "time": _of("request_time"),
    "client": _named("client", _endpoint),
    "server": _named("server", _endpoint),
    "method": _named("method", _method),
    "uri": _named("uri", _name),
    "ue": _named("ue", _name),
    "state": _named("state", lambda session, state: State(state).label),
    "match": _named("match", lambda session, match: str(MATCHES[match] or "")),
    "code": _response,
    "response_time": _response_time,
    "retransmissions": _if_any("retransmissions"),
}
"""By the columns of the exchange list, of ids less one."""


def _texts(session: Session, rows: Array, text: Callable[[int], str]) -> Keys:
    """Keys of texts of findings: a rule has one of a few, a UE many."""
    codes: dict[str, int] = {"": 0}
    import numpy as np

    ids = np.fromiter(
        (codes.setdefault(text(row), len(codes)) for row in rows.tolist()), np.uint32, len(rows)
    )
    known = list(codes)
    return ranked(ids, known.__getitem__)


def _numbers(rows: Array, number: Callable[[int], int]) -> Array:
    import numpy as np

    return np.fromiter(map(number, rows.tolist()), np.int64, len(rows))


def _finding_frame(session: Session, rows: Array) -> Keys:
    frames = _numbers(rows, lambda row: session.findings[row].frame)
    return Keys(frames, frames > 0)


def _worst_first(session: Session, rows: Array) -> Keys:
    """What is about the capture as a whole comes last of its kind."""
    found = session.findings
    severities = _numbers(rows, lambda row: -found[row].severity)
    frames = _numbers(rows, lambda row: found[row].frame or 1 << 32)
    return Keys((severities << 33) + frames)


def sender(session: Session, finding: Finding) -> Endpoint | None:
    """Who sent the message that a finding points at, else the client of its exchange."""
    if finding.row >= 0:
        return session.endpoints[session.messages.cell("source", finding.row)]
    if finding.exchange:
        return session.endpoints[session.exchanges.stored.cell("client", finding.exchange - 1)]
    return None


FINDINGS: Final[dict[str, Keyed]] = {
    "worst first": _worst_first,
    "by frame": _finding_frame,
    "severity": lambda session, rows: Keys(_numbers(rows, lambda r: session.findings[r].severity)),
    "rule": lambda session, rows: _texts(session, rows, lambda r: session.findings[r].rule.id),
    "frame": _finding_frame,
    "count": lambda session, rows: Keys(_numbers(rows, lambda r: session.findings[r].count)),
    "ue": lambda session, rows: _texts(session, rows, lambda r: session.ue_of(session.findings[r])),
    "from": lambda session, rows: _texts(
        session, rows, lambda r: str(sender(session, session.findings[r]) or "")
    ),
    "text": lambda session, rows: _texts(session, rows, lambda r: session.findings[r].text),
    "clause": lambda session, rows: _texts(
        session, rows, lambda r: session.findings[r].rule.reference
    ),
}
"""By the columns and named orders of the list of findings, of ids less one."""
