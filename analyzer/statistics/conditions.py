# SPDX-License-Identifier: GPL-2.0-only
"""Display filters that select the messages a row of the statistics counts."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.endpoints import Endpoint
from analyzer.filters.model import Literal
from analyzer.messages import Role
from analyzer.profiles.transmission import SECOND
from analyzer.response_times import By
from analyzer.statistics.model import Buckets
from dissectors.coap import numbers

_HALF: int = 1 << 63


def of_conversation(a: Endpoint, b: Endpoint, over: str = "udp") -> str:
    """Messages from one to the other, either way, over UDP or TCP. `ip.addr` and `udp.port` alone
    would take those of another pair, too, that has the ports the other way round."""
    there = f"{_sent(a, over)} and {_received(b, over)}"
    return f"({there}) or ({_sent(b, over)} and {_received(a, over)})"


def of_endpoint(endpoint: Endpoint, over: Iterable[str] = ("udp",)) -> str:
    """Messages sent or received, over UDP, TCP or both."""
    ways = (f"({_sent(endpoint, one)}) or ({_received(endpoint, one)})" for one in over)
    return " or ".join(ways)


def of_code(code: int) -> str:
    """Messages with a code."""
    return f"coap.code == {code}"


def of_time(into: Buckets, first: int, last: int, origin: int) -> str:
    """Messages in the buckets from the first to the last, both included; `origin` is the time of
    the first packet. Times since then that take more than 64 bits are told since 1970."""
    start, end = into.edge(first), into.edge(last + 1)
    if start - origin >= -_HALF and end - origin < _HALF:
        name, start, end = "frame.time_relative", start - origin, end - origin
    else:
        name = "frame.time_epoch"
    upper = f" and {name} < {_seconds(end)}" if end < _HALF else ""
    return f"{name} >= {_seconds(start)}{upper}"


def of_group(by: By, name: str) -> str:
    """Messages of the requests that response_times groups under a name; pings are none."""
    if by is By.METHOD:
        return f"exchange.method == {_text(name)}"
    field = "exchange.ue_service_id" if by is By.UE else f"exchange.{by}"
    named = f"{field} == {_text(name)}" if name else f"exchange.id and not {field}"
    return f'{named} and exchange.method != "{numbers.method_name(numbers.EMPTY)}"'


def of_response_time(start: int, end: int) -> str:
    """Messages of exchanges whose response took so long, `end` ns not included."""
    name = "exchange.response_time"
    return f"{name} >= {_seconds(start)} and {name} < {_seconds(end)}"


def sent_again_by(endpoint: Endpoint) -> str:
    """Retransmissions that an endpoint sent."""
    return f"{_sent(endpoint)} and {_SENT_AGAIN}"


def sent_again_about(ue: str) -> str:
    """Retransmissions in exchanges of a UE, or `""` in what names none."""
    field = "exchange.ue_service_id"
    named = f"{field} == {_text(ue)}" if ue else f"not {field}"
    return f"{named} and {_SENT_AGAIN}"


def fits(condition: str) -> bool:
    """Whether a display filter may be that long: names come from packets."""
    from analyzer.filters.grammar import MOST_TEXT

    return len(condition) <= MOST_TEXT


_SENT_AGAIN = f"exchange.role == {Role.RETRANSMISSION.label}"


def _sent(endpoint: Endpoint, over: str = "udp") -> str:
    return f"{_protocol(endpoint)}.src == {endpoint.address} and {over}.srcport == {endpoint.port}"


def _received(endpoint: Endpoint, over: str) -> str:
    return f"{_protocol(endpoint)}.dst == {endpoint.address} and {over}.dstport == {endpoint.port}"


def _protocol(endpoint: Endpoint) -> str:
    return "ip" if endpoint.version == 4 else "ipv6"


def _text(text: str) -> str:
    return str(Literal(text, quoted=True))


def _seconds(nanoseconds: int) -> str:
    """`12.5`, exact."""
    whole, rest = divmod(abs(nanoseconds), SECOND)
    sign = "-" if nanoseconds < 0 else ""
    return f"{sign}{whole}.{rest:09d}".rstrip("0").rstrip(".")
