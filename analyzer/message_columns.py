# SPDX-License-Identifier: GPL-2.0-only
"""Columns of messages that the table alone tells: no packet is read again.

Each is a function of a session and rows of its messages, and gives a value a row: None where there
is none, a list where the field is repeated, times in ns. What an id stands for is looked up once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from analyzer.carriage import captured_lengths, carriage, each_connection, flow_of
from analyzer.messages import MESSAGE_TYPE_IDS, NO_RESPONSE_TIME, Role
from analyzer.profiles.transmission import SECOND
from dissectors.coap import numbers

if TYPE_CHECKING:
    from analyzer.decryption.security import Security
    from analyzer.session import Session

Rows: TypeAlias = Sequence[int]
Column: TypeAlias = "Callable[[Session, Rows], list[Any]]"
T = TypeVar("T")

_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"


def each(ids: Iterable[int], of: Callable[[int], T]) -> list[T]:
    """What each id stands for."""
    ids = list(ids)
    known = {id: of(id) for id in set(ids)}
    return [known[id] for id in ids]


def local_time(nanoseconds: int) -> str:
    """`Nov 14, 2023 22:13:20.000000000 UTC`, as Wireshark 4.0 writes a time in any locale."""
    whole, rest = divmod(nanoseconds, SECOND)
    try:
        at = datetime.fromtimestamp(whole).astimezone()
    except (ValueError, OverflowError, OSError):  # a timestamp no calendar holds
        return f"{whole}.{rest:09d}"
    day = f"{_MONTHS[3 * at.month - 3 : 3 * at.month]} {at.day:2d}, {at.year}"
    return f"{day} {at:%H:%M:%S}.{rest:09d} {at.tzname()}"


def _column(name: str) -> Column:
    return lambda session, rows: session.messages.take(name, rows)


def _or_none(name: str) -> Column:
    """A column in which 0 stands for nothing."""
    return lambda session, rows: [value or None for value in session.messages.take(name, rows)]


def _relative(session: Session, rows: Rows) -> list[int]:
    start = session.first_time or 0
    return [time - start for time in session.messages.take("time", rows)]


def _interface(session: Session, rows: Rows) -> list[str | None]:
    ids = session.messages.take("interface", rows)
    return each(ids, lambda id: session.interfaces[id].interface.name or None)


def _addresses(column: str, versions: tuple[int, ...], session: Session, rows: Rows) -> list[Any]:
    def address(id: int) -> str | None:
        endpoint = session.endpoints[id]
        return endpoint.address if endpoint.version in versions else None

    return each(session.messages.take(column, rows), address)


def _ports(reliable: bool, column: str, session: Session, rows: Rows) -> list[int | None]:
    """Of messages over TCP, or of all others."""
    ids = each(session.messages.take(column, rows), lambda id: session.endpoints[id].port)
    return _if_reliable(reliable, session, rows, ids)


def _if_reliable(wanted: bool, session: Session, rows: Rows, values: Iterable[T]) -> list[T | None]:
    """The values of messages over TCP, or of all others."""
    pairs = zip(session.messages.take("type", rows), values, strict=True)
    return [value if (kind == numbers.TCP) == wanted else None for kind, value in pairs]


def _datagram(name: str) -> Column:
    """A column of what TCP has not."""
    return lambda session, rows: _if_reliable(
        False, session, rows, session.messages.take(name, rows)
    )


def _agreed(tls: bool, of: Callable[[Security], Any]) -> Column:
    """What a handshake of TLS, or of DTLS, says of the messages behind it."""

    def value(session: Session, row: int) -> Any:
        how = carriage(session, row)
        flow = flow_of(session, how.connection) if how.secured and how.tls == tls else None
        return None if flow is None else of(flow.security) or None

    return lambda session, rows: [value(session, row) for row in rows]


AGREED: Final[dict[str, Callable[[Security], Any]]] = {
    "version": lambda security: security.version,
    "suite": lambda security: max(0, security.cipher_suite),
    "identity": lambda security: security.psk_identity.hex(),
    "server_name": lambda security: security.server_name.decode("utf-8", "replace"),
    "resumed": lambda security: security.resumed,
}
"""What is known of a protected flow, by the key of a field behind `dtls_` and `tls_`."""


def _both(of: Callable[[str, Session, Rows], list[Any]]) -> Column:
    """Source, then destination."""

    def both(session: Session, rows: Rows) -> list[Any]:
        ends = zip(of("source", session, rows), of("destination", session, rows), strict=True)
        return [None if source is None else [source, other] for source, other in ends]

    return both


def _of_version(version: int, column: str, session: Session, rows: Rows) -> list[Any]:
    return _addresses(column, (version,), session, rows)


def _protocol(session: Session, rows: Rows) -> list[str]:
    """MSGin5G where the payload has a Message Type or a UE Service ID."""
    kinds, ues = (session.messages.take(name, rows) for name in ("message_type", "ue"))
    pairs = zip(kinds, ues, strict=True)
    return ["MSGin5G" if kind or ue else "CoAP" for kind, ue in pairs]


def _token(session: Session, rows: Rows) -> list[str | None]:
    tokens, lengths = (session.messages.take(name, rows) for name in ("token", "token_length"))
    pairs = zip(tokens, lengths, strict=True)
    return [session.token_bytes(token, length).hex() or None for token, length in pairs]


def _if_response(wanted: bool, session: Session, rows: Rows, values: list[Any]) -> list[Any]:
    """The values of responses, or of all else; None for the others, and for 0."""
    codes = each(session.messages.take("code", rows), numbers.is_response)
    pairs = zip(codes, values, strict=True)
    return [value or None if code == wanted else None for code, value in pairs]


def _peer(response: bool, session: Session, rows: Rows) -> list[int | None]:
    roles, peers = (session.messages.take(name, rows) for name in ("role", "peer"))
    if not response:
        for index, (role, peer) in enumerate(zip(roles, peers, strict=True)):
            if role == Role.RETRANSMISSION and not peer:  # that of the first transmission
                peers[index] = _answer(session, rows[index])
    return _if_response(response, session, rows, peers)


def _answer(session: Session, row: int) -> int:
    """Frame of the first response of the exchange a message belongs to, 0 for none."""
    exchange = session.messages.cell("exchange", row)
    answer = session.exchanges.stored.cell("response", exchange - 1) if exchange else 0
    return session.messages.cell("frame", answer - 1) if answer else 0


def _first(response: bool, session: Session, rows: Rows) -> list[int | None]:
    return _if_response(response, session, rows, session.messages.take("first", rows))


def _response_time(session: Session, rows: Rows) -> list[int | None]:
    times = session.messages.take("response_time", rows)
    responses = each(session.messages.take("code", rows), numbers.is_response)
    pairs = zip(responses, times, strict=True)
    return [time if is_one and time != NO_RESPONSE_TIME else None for is_one, time in pairs]


def _role(session: Session, rows: Rows) -> list[str]:
    return each(session.messages.take("role", rows), lambda role: Role(role).label)


def _message_type(session: Session, rows: Rows) -> list[str | None]:
    kinds = session.messages.take("message_type", rows)
    return each(kinds, lambda kind: MESSAGE_TYPE_IDS[kind] or None)


def _comments(session: Session, rows: Rows) -> list[list[str] | None]:
    """Those of the file before the user's own."""
    told, own = session.opened.comments, session.keeper.annotations.comments
    found = []
    for frame in session.messages.take("frame", rows):
        texts = list(told.get(frame, ()))
        texts += [own[frame]] if frame in own else []
        found.append(texts or None)
    return found


def _marked(session: Session, rows: Rows) -> list[bool]:
    marks = session.keeper.annotations.marks
    return [frame in marks for frame in session.messages.take("frame", rows)]


COLUMNS: Final[dict[str, Column]] = {
    "time": _column("time"),
    "relative_time": _relative,
    "local_time": lambda s, rows: list(map(local_time, s.messages.take("time", rows))),
    "comment": _comments,
    "frame_marked": _marked,
    "marked": lambda session, rows: [mark or None for mark in _marked(session, rows)],
    "interface_name": _interface,
    "source": partial(_addresses, "source", (4, 6)),
    "destination": partial(_addresses, "destination", (4, 6)),
    "protocol": _protocol,
    "ip_source": partial(_of_version, 4, "source"),
    "ip_destination": partial(_of_version, 4, "destination"),
    "ip_both": _both(partial(_of_version, 4)),
    "ipv6_source": partial(_of_version, 6, "source"),
    "ipv6_destination": partial(_of_version, 6, "destination"),
    "ipv6_both": _both(partial(_of_version, 6)),
    "udp_source_port": partial(_ports, False, "source"),
    "udp_destination_port": partial(_ports, False, "destination"),
    "udp_both_ports": _both(partial(_ports, False)),
    "tcp_source_port": partial(_ports, True, "source"),
    "tcp_destination_port": partial(_ports, True, "destination"),
    "tcp_both_ports": _both(partial(_ports, True)),
    "connection": each_connection,
    "captured": lambda session, rows: captured_lengths(session, rows),
    "type": _datagram("type"),
    "message_id": _datagram("message_id"),
    "token": _token,
    "payload_length": _or_none("payload_length"),
    "response_in": partial(_peer, False),
    "response_to": partial(_peer, True),
    "response_time": _response_time,
    "first_request": partial(_first, False),
    "first_response": partial(_first, True),
    "role": _role,
    "message_type": _message_type,
    **{f"dtls_{key}": _agreed(False, of) for key, of in AGREED.items()},
    **{f"tls_{key}": _agreed(True, of) for key, of in AGREED.items()},
}
"""By the key of a field whose source is `value:`."""
