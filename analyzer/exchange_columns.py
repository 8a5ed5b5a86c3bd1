# SPDX-License-Identifier: GPL-2.0-only
"""Columns of exchanges, as `message_columns` has those of messages. A row is an id less one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from analyzer.exchanges.model import CONFIDENCES, MATCHES, State, reason
from analyzer.message_columns import Column, Rows, each
from analyzer.messages import MESSAGE_TYPE_IDS, NO_RESPONSE_TIME, Role
from dissectors.coap import numbers

if TYPE_CHECKING:
    from analyzer.session import Session


def _stored(name: str) -> Column:
    """A column in which 0 stands for nothing."""
    return lambda session, rows: [id or None for id in session.exchanges.stored.take(name, rows)]


def _named(name: str, of: Callable[[int], Any]) -> Column:
    return lambda session, rows: each(session.exchanges.stored.take(name, rows), of)


def _of_request(name: str, session: Session, rows: Rows) -> list[int]:
    return session.messages.take(name, session.exchanges.stored.take("request_row", rows))


def of_other(
    session: Session, link: str, name: str, rows: Rows, none: int | None = None
) -> list[int | None]:
    """A column of the message that `link` leads to, `none` where there is none."""
    links = session.exchanges.stored.take(link, rows)
    values = iter(session.messages.take(name, [row - 1 for row in links if row]))
    return [next(values) if row else none for row in links]


def _frame(link: str) -> Column:
    return lambda session, rows: of_other(session, link, "frame", rows)


def _request_text(name: str, of: Callable[[Session, int], Any]) -> Column:
    return lambda session, rows: each(
        _of_request(name, session, rows), lambda id: of(session, id) or None
    )


def _token(session: Session, rows: Rows) -> list[str | None]:
    tokens, lengths = (_of_request(name, session, rows) for name in ("token", "token_length"))
    pairs = zip(tokens, lengths, strict=True)
    return [session.token_bytes(token, length).hex() or None for token, length in pairs]


def _message_id(session: Session, rows: Rows) -> list[int | None]:
    """None where the request is of a reliable transport."""
    types, ids = (_of_request(name, session, rows) for name in ("type", "message_id"))
    pairs = zip(types, ids, strict=True)
    return [None if kind == numbers.TCP else id for kind, id in pairs]


def _response_code(session: Session, rows: Rows) -> list[str | None]:
    codes = of_other(session, "response", "code", rows)
    return [None if code is None else numbers.dotted(code) for code in codes]


def _response_time(session: Session, rows: Rows) -> list[int | None]:
    times = _of_request("response_time", session, rows)
    return [None if time == NO_RESPONSE_TIME else time for time in times]


def _ack_time(session: Session, rows: Rows) -> list[int | None]:
    """From the first transmission of the request (exchanges.times)."""
    sent, acked = _of_request("time", session, rows), of_other(session, "ack", "time", rows)
    return [None if end is None else end - start for start, end in zip(sent, acked, strict=True)]


def _reason(session: Session, rows: Rows) -> list[str | None]:
    matches, sure = (session.exchanges.stored.take(n, rows) for n in ("match", "confidence"))
    return list(map(reason, matches, sure))


COLUMNS: Final[dict[str, Column]] = {
    "id": lambda session, rows: [row + 1 for row in rows],
    "state": _named("state", lambda state: State(state).label),
    "method": lambda session, rows: each(_of_request("code", session, rows), numbers.method_name),
    "uri": _request_text("uri", lambda session, id: session.names[id]),
    "token": _token,
    "mid": _message_id,
    "client": _request_text("source", lambda session, id: str(session.endpoints[id])),
    "server": _request_text("destination", lambda session, id: str(session.endpoints[id])),
    "ue_service_id": lambda session, rows: each(
        session.exchanges.stored.take("ue", rows), lambda id: session.names[id] or None
    ),
    "message_type": _named("message_type", lambda kind: MESSAGE_TYPE_IDS[kind] or None),
    "request_in": lambda session, rows: _of_request("frame", session, rows),
    "ack_in": _frame("ack"),
    "response_in": _frame("response"),
    "reset_in": _frame("reset"),
    "response_code": _response_code,
    "request_time": lambda session, rows: _of_request("time", session, rows),
    "response_time": _response_time,
    "ack_time": _ack_time,
    "retransmissions": lambda session, rows: session.exchanges.stored.take("retransmissions", rows),
    "matched_by": _named("match", lambda match: _text(MATCHES[match])),
    "confidence": _named("confidence", lambda sure: _text(CONFIDENCES[sure])),
    "reason": _reason,
    "operation": _stored("operation"),
    "ended_in": _frame("ended_by"),
}
"""By the key of a field of exchanges."""

LISTS: Final = {
    "retransmitted_in": (Role.RETRANSMISSION,),
    "notifications": (Role.NOTIFICATION,),
}
"""Fields that list the frames of an exchange's messages of these roles."""


def _text(value: str | None) -> str | None:
    return None if value is None else str(value)
