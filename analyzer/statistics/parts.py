# SPDX-License-Identifier: GPL-2.0-only
"""Any part of the statistics by its name, and which messages a row of it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.response_times import By
from analyzer.statistics import conditions
from analyzer.statistics.model import Found, Part, SentBy
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    from analyzer.session import Session
    from analyzer.statistics.counted import Counted


def found(counted: Counted, part: Part, by: str, most: int) -> Found:
    """A part of the statistics; what is told over time in `most` buckets at most."""
    from analyzer.statistics.codes import codes
    from analyzer.statistics.conversations import conversations
    from analyzer.statistics.endpoints import endpoints
    from analyzer.statistics.protected_flows import protected_flows
    from analyzer.statistics.retransmissions import retransmissions
    from analyzer.statistics.times import times
    from analyzer.statistics.traffic import traffic

    if part is Part.CONVERSATIONS:
        return Found(part, by, conversations(counted))
    if part is Part.ENDPOINTS:
        return Found(part, by, endpoints(counted))
    if part is Part.CODES:
        return Found(part, by, codes(counted))
    if part is Part.TIMES:
        told = times(counted, By(by))
        return Found(part, by, told.groups, times=told)
    if part is Part.PROTECTED:
        return Found(part, by, protected_flows(counted.session))
    over_time = traffic(counted, most)
    if part is Part.TRAFFIC:
        return Found(part, by, over_time.counts, over_time)
    return Found(part, by, retransmissions(counted, SentBy(by)), over_time)


def condition(session: Session, told: Found, row: dict[str, Any]) -> str:
    """The display filter of a row of the table; of retransmissions those alone that it counts."""
    ends = session.endpoints
    match told.part:
        case Part.CONVERSATIONS:
            return conditions.of_conversation(ends[row["a"]], ends[row["b"]], row["transport"])
        case Part.ENDPOINTS:
            return conditions.of_endpoint(ends[row["endpoint"]], transports(session))
        case Part.CODES:
            return conditions.of_code(row["code"])
        case Part.TIMES:
            return conditions.of_group(By(told.by), row["name"])
        case Part.RETRANSMISSIONS if told.by == SentBy.ENDPOINT:
            return conditions.sent_again_by(ends[row["id"]])  # over TCP nothing is
        case Part.RETRANSMISSIONS:
            return conditions.sent_again_about(session.names[row["id"]])
        case Part.PROTECTED:
            flow = session.carriers.secured[row["number"]]
            over = "tcp" if flow.security.transport == "TLS" else "udp"
            return conditions.of_conversation(flow.client, flow.server, over)
    assert told.over_time is not None
    into = told.over_time.buckets
    assert into is not None
    place = (row["start"] - into.start) // into.length
    return range_condition(session, told, place, place)


def transports(session: Session) -> tuple[str, ...]:
    """What messages came over, as display filters call it."""
    return ("udp", "tcp") if Type.TCP in session.messages.octets("type") else ("udp",)


def range_condition(session: Session, told: Found, first: int, last: int) -> str:
    """The display filter of bars of the plot, from the first to the last."""
    if told.times is not None:
        bars = told.times.bars
        return conditions.of_response_time(bars[first].start, bars[last].end)
    assert told.over_time is not None
    into = told.over_time.buckets
    assert into is not None
    return conditions.of_time(into, first, last, session.first_time or 0)
