# SPDX-License-Identifier: GPL-2.0-only
"""Columns of fields as arrays: what a million rows are filtered by.

What a value is, the modules `*_columns` say alone. Here stands by what stored cells it is decided:
for most fields by one small number, the id of a name or endpoint, a code, a state. So a value is
made for one row of each number, and the rows get what was found out about their number. Fields that
are numbers themselves are compared as they are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np

from analyzer.carriage import captured_lengths, carriages
from analyzer.exchanges.model import CONFIDENCES
from analyzer.message_columns import AGREED
from analyzer.messages import CARRIED, NO_RESPONSE_TIME, UNWRAPPED, WHOLE_BODY, Role
from dissectors.coap import numbers
from dissectors.fields import Field, Table

if TYPE_CHECKING:
    from analyzer.carriage import Carriage
    from analyzer.session import Session

Array: TypeAlias = "np.ndarray[Any, Any]"


class Reading(NamedTuple):
    """Values of rows, or the numbers that decide them. `owners` are the rows they belong to,
    counted from the first one read; None: one each."""

    keys: Array
    owners: Array | None = None


Reader: TypeAlias = "Callable[[Session, int, int], Reading]"
"""Reads the rows from the first to the one before the last."""

_RESPONSES: Final = np.array([numbers.is_response(code) for code in range(256)])


def _of(name: str) -> Reader:
    return lambda session, first, last: Reading(session.messages[name][first:last])


def _known(keys: Array, is_known: Array) -> Reading:
    owners = np.flatnonzero(is_known)
    return Reading(keys[owners], owners)


def _not_zero(name: str) -> Reader:
    def read(session: Session, first: int, last: int) -> Reading:
        keys = session.messages[name][first:last]
        return _known(keys, keys != 0)

    return read


def _relative_time(session: Session, first: int, last: int) -> Reading:
    return Reading(session.messages["time"][first:last] - (session.first_time or 0))


def _protocol(session: Session, first: int, last: int) -> Reading:
    messages = session.messages
    kinds, ues = messages["message_type"][first:last], messages["ue"][first:last]
    return Reading(((kinds != 0) | (ues != 0)).view(np.uint8))


def _marks(session: Session, first: int, last: int) -> Reading:
    """0 or 1: whether the user marked it."""
    return Reading(_among(session, session.keeper.annotations.marks, first, last).view(np.uint8))


def _among(session: Session, frames: Collection[int], first: int, last: int) -> Array:
    """Rows of packets with these numbers."""
    if not frames:
        return np.zeros(last - first, bool)
    known = session.messages["frame"][first:last].tolist()
    return np.fromiter((frame in frames for frame in known), bool, len(known))


def _is_response(session: Session, first: int, last: int) -> Array:
    found: Array = _RESPONSES[session.messages["code"][first:last]]
    return found


def _response_time(session: Session, first: int, last: int) -> Reading:
    times = session.messages["response_time"][first:last]
    return _known(times, (times != NO_RESPONSE_TIME) & _is_response(session, first, last))


def _response_to(session: Session, first: int, last: int) -> Reading:
    peers = session.messages["peer"][first:last]
    return _known(peers, (peers != 0) & _is_response(session, first, last))


def _response_in(session: Session, first: int, last: int) -> Reading:
    """A copy of a request has the response of the first one."""
    messages = session.messages
    peers = messages["peer"][first:last].copy()
    copies = np.flatnonzero((messages["role"][first:last] == Role.RETRANSMISSION) & (peers == 0))
    exchanges = messages["exchange"][first:last][copies]
    copies, exchanges = copies[exchanges != 0], exchanges[exchanges != 0]
    if len(copies):
        answers = session.exchanges.stored["response"][exchanges - 1]
        peers[copies] = np.where(answers > 0, messages["frame"][np.maximum(answers, 1) - 1], 0)
    return _known(peers, (peers != 0) & ~_is_response(session, first, last))


def _first(response: bool, session: Session, first: int, last: int) -> Reading:
    firsts = session.messages["first"][first:last]
    return _known(firsts, (firsts != 0) & (_is_response(session, first, last) == response))


# Exchanges --------------------------------------------------------------------------------------


# What carried messages ------------------------------------------------------------------------


def _over(reliable: bool, name: str) -> Reader:
    """A column of the messages over TCP, or of all others."""

    def read(session: Session, first: int, last: int) -> Reading:
        kinds = session.messages["type"][first:last]
        return _known(session.messages[name][first:last], (kinds == numbers.TCP) == reliable)

    return read


def _captured(session: Session, first: int, last: int) -> Reading:
    """Of the packets; those that carried messages are looked up."""
    lengths = session.messages["captured"][first:last]
    owners = np.flatnonzero(session.messages["flags"][first:last] & CARRIED)
    if len(owners):
        lengths = lengths.copy()
        lengths[owners] = captured_lengths(session, (owners + first).tolist())
    return Reading(lengths)


def _connection(of: Callable[[Carriage], bool], session: Session, first: int, last: int) -> Reading:
    """Numbers of connections."""
    found = carriages(session, first, last)
    ids = np.array([how.connection if of(how) else 0 for how in found.kinds], np.int64)
    keys = ids[found.which]
    return Reading(keys[keys != 0], found.owners[keys != 0])


PROTOCOLS: Final[dict[str, Callable[[Carriage], bool]]] = {
    "dtls": lambda how: how.dtls,
    "tls": lambda how: how.tls,
    "websocket": lambda how: how.websocket,
}
"""Protocols that carry messages, by the name that filters have for them."""


CARRYING: Final = frozenset(("tcp", "udp", "oscore", *PROTOCOLS))
"""Protocols that some messages are carried by."""


def carried_by(session: Session, protocol: str, first: int, last: int) -> Array:
    """Which rows a protocol carried: `tcp`, `udp`, `oscore` or one of PROTOCOLS."""
    if protocol in ("tcp", "udp"):
        over: Array = session.messages["type"][first:last] == numbers.TCP
        return over if protocol == "tcp" else ~over
    if protocol == "oscore":
        opened: Array = session.messages["flags"][first:last] & UNWRAPPED != 0
        return opened
    found = np.zeros(last - first, bool)
    found[carriages(session, first, last).where(PROTOCOLS[protocol])] = True
    return found


def _stored(name: str) -> Reader:
    return lambda session, first, last: Reading(session.exchanges.stored[name][first:last])


def _stored_known(name: str) -> Reader:
    def read(session: Session, first: int, last: int) -> Reading:
        keys = session.exchanges.stored[name][first:last]
        return _known(keys, keys != 0)

    return read


def _of_request(name: str) -> Reader:
    def read(session: Session, first: int, last: int) -> Reading:
        rows = session.exchanges.stored["request_row"][first:last]
        return Reading(session.messages[name][rows])

    return read


def _message_id(session: Session, first: int, last: int) -> Reading:
    """None where the request is of a reliable transport."""
    kinds, ids = (_of_request(n)(session, first, last).keys for n in ("type", "message_id"))
    return _known(ids, kinds != numbers.TCP)


def _of_other(link: str, name: str) -> Reader:
    """Of the message that a cell leads to, a row + 1."""

    def read(session: Session, first: int, last: int) -> Reading:
        links = session.exchanges.stored[link][first:last]
        owners = np.flatnonzero(links)
        return Reading(session.messages[name][links[owners] - 1], owners)

    return read


def _exchange_response_time(session: Session, first: int, last: int) -> Reading:
    times = _of_request("response_time")(session, first, last).keys
    return _known(times, times != NO_RESPONSE_TIME)


def _ack_time(session: Session, first: int, last: int) -> Reading:
    ends, owners = _of_other("ack", "time")(session, first, last)
    return Reading(ends - _of_request("time")(session, first, last).keys[owners], owners)


def _reason(session: Session, first: int, last: int) -> Reading:
    matches, sure = (session.exchanges.stored[n][first:last] for n in ("match", "confidence"))
    return Reading(matches * len(CONFIDENCES) + sure)


def _frames(role: Role, session: Session, first: int, last: int) -> Reading:
    """Of the messages of an exchange that have a role."""
    messages = session.messages
    rows = np.flatnonzero(messages["role"] == role)
    ids = messages["exchange"][rows]
    inside = (ids > first) & (ids <= last)
    return Reading(messages["frame"][rows[inside]], ids[inside].astype(np.int64) - 1 - first)


# By field ---------------------------------------------------------------------------------------

NUMBERS: Final[dict[tuple[Table, str], Reader]] = {
    (Table.MESSAGES, "time"): _of("time"),
    (Table.MESSAGES, "local_time"): _of("time"),
    (Table.MESSAGES, "relative_time"): _relative_time,
    (Table.MESSAGES, "payload_length"): _not_zero("payload_length"),
    (Table.MESSAGES, "response_in"): _response_in,
    (Table.MESSAGES, "response_to"): _response_to,
    (Table.MESSAGES, "response_time"): _response_time,
    (Table.MESSAGES, "first_request"): partial(_first, False),
    (Table.MESSAGES, "first_response"): partial(_first, True),
    (Table.EXCHANGES, "id"): lambda session, first, last: Reading(np.arange(first, last) + 1),
    (Table.MESSAGES, "captured"): _captured,
    (Table.MESSAGES, "type"): _over(False, "type"),
    (Table.MESSAGES, "message_id"): _over(False, "message_id"),
    (Table.MESSAGES, "connection"): partial(_connection, lambda how: True),
    (Table.EXCHANGES, "mid"): _message_id,
    (Table.EXCHANGES, "request_in"): _of_request("frame"),
    (Table.EXCHANGES, "ack_in"): _of_other("ack", "frame"),
    (Table.EXCHANGES, "response_in"): _of_other("response", "frame"),
    (Table.EXCHANGES, "reset_in"): _of_other("reset", "frame"),
    (Table.EXCHANGES, "request_time"): _of_request("time"),
    (Table.EXCHANGES, "response_time"): _exchange_response_time,
    (Table.EXCHANGES, "ack_time"): _ack_time,
    (Table.EXCHANGES, "retransmissions"): _stored("retransmissions"),
    (Table.EXCHANGES, "operation"): _stored_known("operation"),
    (Table.EXCHANGES, "ended_in"): _of_other("ended_by", "frame"),
    (Table.EXCHANGES, "retransmitted_in"): partial(_frames, Role.RETRANSMISSION),
    (Table.EXCHANGES, "notifications"): partial(_frames, Role.NOTIFICATION),
}
"""By the table and the key of a field: those whose values are the keys themselves."""

NAMED: Final[dict[tuple[Table, str], Reader]] = {
    (Table.MESSAGES, "interface_name"): _of("interface"),
    (Table.MESSAGES, "frame_marked"): _marks,
    (Table.MESSAGES, "marked"): _marks,
    (Table.MESSAGES, "source"): _of("source"),
    (Table.MESSAGES, "destination"): _of("destination"),
    (Table.MESSAGES, "ip_source"): _of("source"),
    (Table.MESSAGES, "ip_destination"): _of("destination"),
    (Table.MESSAGES, "ipv6_source"): _of("source"),
    (Table.MESSAGES, "ipv6_destination"): _of("destination"),
    (Table.MESSAGES, "udp_source_port"): _over(False, "source"),
    (Table.MESSAGES, "udp_destination_port"): _over(False, "destination"),
    (Table.MESSAGES, "tcp_source_port"): _over(True, "source"),
    (Table.MESSAGES, "tcp_destination_port"): _over(True, "destination"),
    **{
        (Table.MESSAGES, f"{transport}_{key}"): partial(_connection, PROTOCOLS[transport])
        for transport in ("dtls", "tls")
        for key in AGREED
    },
    (Table.MESSAGES, "protocol"): _protocol,
    (Table.MESSAGES, "role"): _of("role"),
    (Table.MESSAGES, "message_type"): _of("message_type"),
    (Table.EXCHANGES, "state"): _stored("state"),
    (Table.EXCHANGES, "method"): _of_request("code"),
    (Table.EXCHANGES, "uri"): _of_request("uri"),
    (Table.EXCHANGES, "client"): _of_request("source"),
    (Table.EXCHANGES, "server"): _of_request("destination"),
    (Table.EXCHANGES, "ue_service_id"): _stored("ue"),
    (Table.EXCHANGES, "message_type"): _stored("message_type"),
    (Table.EXCHANGES, "response_code"): _of_other("response", "code"),
    (Table.EXCHANGES, "matched_by"): _stored("match"),
    (Table.EXCHANGES, "confidence"): _stored("confidence"),
    (Table.EXCHANGES, "reason"): _reason,
}
"""Those whose values are decided by the keys."""

BOTH: Final = {
    "ip_both": ("ip_source", "ip_destination"),
    "ipv6_both": ("ipv6_source", "ipv6_destination"),
    "udp_both_ports": ("udp_source_port", "udp_destination_port"),
    "tcp_both_ports": ("tcp_source_port", "tcp_destination_port"),
}
"""Fields of messages that have the values of two."""

TOKENS: Final[dict[tuple[Table, str], Callable[[str], Reader]]] = {
    (Table.MESSAGES, "token"): _of,
    (Table.EXCHANGES, "token"): _of_request,
}
"""Tokens: two cells, see `messages.MESSAGES`."""


def key_of(field: Field) -> tuple[Table, str]:
    """The table and key of a field, as above."""
    return field.of, field.source.partition(":")[2]


def reader_of(field: Field) -> Reader | None:
    """What reads a field whose values are numbers that the table holds."""
    kind, _, key = field.source.partition(":")
    return _of(key) if kind == "column" else NUMBERS.get((field.of, key))


def is_stored(field: Field) -> bool:
    """The tables alone tell its values, no packet is read again."""
    _, key = key_of(field)
    if field.of == Table.FINDINGS or field.source.startswith("protocol:"):
        return True
    if field.source.startswith(("option:", "element:")):
        return False
    stored = key_of(field) in NAMED or key_of(field) in TOKENS or key in BOTH
    return stored or reader_of(field) is not None


def may_have(session: Session, field: Field, rows: Array) -> Array:
    """Rows of messages that may have a value of a field that only packets tell."""
    if field.name == "frame.comment":
        commented = {*session.opened.comments, *session.keeper.annotations.comments}
        return _among(session, commented, 0, len(session.messages))[rows]
    if field.of != Table.MESSAGES or not field.source.startswith("element:"):
        return np.ones(len(rows), bool)
    messages = session.messages  # an element stands in a payload
    found: Array = (messages["payload_length"] != 0) | (messages["flags"] & WHOLE_BODY != 0)
    return found[rows]
