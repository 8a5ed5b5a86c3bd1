# SPDX-License-Identifier: GPL-2.0-only
"""What no packet says: its part in an exchange and the findings about it, in brackets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analyzer.carriage import pieces
from analyzer.exchanges.model import CONFIDENCES, MATCHES, State, reason
from analyzer.findings import Finding
from analyzer.messages import Role
from analyzer.relations import Confidence
from analyzer.streams.model import Piece as Packet
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.times import time_words
from analyzer.views.escape import escape
from analyzer.views.info import Piece
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.places import Page, Place
from analyzer.views.session_view import SessionView
from analyzer.views.times import date_and_time, duration

if TYPE_CHECKING:
    from analyzer.session import Session

_OF_TIMES: Final = {
    "response time": "exchange.response_time",
    "ack after": "exchange.ack_time",
    "gaps": "exchange.retransmissions",
}
"""Fields by the keys of time_words."""


def frame_node(view: SessionView, row: int, wire: int | None = None) -> Node:
    """The packet as it was captured; `wire` bytes long, unless the table tells."""
    cells = view.opened.messages.row(row)
    parts = pieces(view.opened, row)
    captured = parts[-1].length if parts else cells["captured"]
    offset = parts[-1].offset if parts else cells["offset"]
    wire = cells["wire"] if wire is None else wire
    piece = Packet(
        cells["frame"], cells["interface"], offset, captured, time=cells["time"], wire=wire
    )
    return piece_node(view.opened, piece)


def piece_node(session: Session, piece: Packet) -> Node:
    """A packet, as it was captured."""
    frame, index, offset, captured, time, wire = piece
    interface = session.interfaces[index].interface
    heading = f"Frame {frame}: {wire} bytes on wire, {captured} captured"
    facts = (
        ("Arrival time", date_and_time(time), "frame.time_epoch"),
        (
            "Interface",
            escape(interface.name) or str(interface.index),
            "frame.interface_name" if interface.name else "frame.interface_id",
        ),
        ("Link type", str(interface.link_type), ""),
        ("File offset", str(offset), ""),
    )
    children = (
        Node((("[", "dim"), (f"{name}: ", "dim"), (value, ""), ("]", "dim")), key=name, field=field)
        for name, value, field in facts
    )
    return Node(line(heading), (0, captured), tuple(children), key="frame", field="frame.number")


def exchange_nodes(view: SessionView, row: int) -> Iterator[Node]:
    """`[Response in: 12]` and the like; Enter leads there."""
    session = view.opened
    cells = session.messages.row(row)
    role = Role(cells["role"])
    if cells["peer"]:
        asks = role in (Role.REQUEST, Role.PING)
        words = f"[{'Response' if asks else 'Request'} in: {cells['peer']}]"
        field = "coap.response_in" if asks else "coap.response_to"
        yield _link("peer", words, Place(Page.PACKETS, cells["peer"]), field)
    if role not in (Role.REQUEST, Role.RESPONSE):
        yield _fact("role", f"[Role: {role.label}]", "exchange.role")
    candidate = view.candidates.of_message(row)
    if candidate is not None:
        words = f"[Nearest: {candidate.sentence}]"
        place = Place(Page.PACKETS, candidate.frame)
        yield _link("nearest", words, place, "exchange.nearest")
    number = cells["exchange"]
    if not 0 < number <= len(session.exchanges):
        return
    exchange = session.exchanges.row(number - 1)
    if role == Role.NOTIFICATION:
        words = f"[Since the request: {duration(cells['response_time'])}]"
        yield _fact("response time", words, "coap.response_time")
    else:
        for key, words in time_words(view.times_of(number)):
            yield _fact(key, f"[{words}]", _OF_TIMES.get(key, ""))
    first = exchange["request_frame"]
    if role == Role.RETRANSMISSION and first:
        words = f"[First sent in: {first}]"
        yield _link("first", words, Place(Page.PACKETS, first), "coap.request_first_in")
    match, confidence = MATCHES[exchange["match"]], CONFIDENCES[exchange["confidence"]]
    if match is not None:
        words = f"[Matched by: {match}, confidence: {confidence}]"
        yield _fact("match", words, "exchange.matched_by")
        if confidence != Confidence.EXACT:
            words = f"[Why: {reason(exchange['match'], exchange['confidence'])}]"
            yield _fact("reason", words, "exchange.reason")
    words = f"[Exchange: {number}, {State(exchange['state']).label}]"
    yield _link("exchange", words, Place(Page.EXCHANGES, number), "exchange.id")
    operation = exchange["operation"]
    if operation and operation != number:
        words, place = f"[Part of: {operation}]", Place(Page.EXCHANGES, operation)
        yield _link("operation", words, place, "exchange.operation")


def findings_node(view: SessionView, row: int, at: int) -> Node | None:
    """The findings that point at a message; Enter leads to the explanation."""
    findings = sorted(view.findings_of_row(row), key=lambda f: -f.severity)
    if not findings:
        return None
    made = sorted(finding.id for finding in findings)
    children = tuple(
        _finding(finding, at, f"finding {n}", made.index(finding.id))
        for n, finding in enumerate(findings)
    )
    worst = max(finding.severity for finding in findings)
    words = f"{GLYPHS[worst]} Findings: {len(findings)}"
    shown = line(words, SEVERITY_INKS[worst])
    return Node(shown, None, children, key="findings", expanded=True, field="finding.id")


def _finding(finding: Finding, at: int, key: str, nth: int) -> Node:
    rule: Piece = (
        f"{GLYPHS[finding.severity]} {finding.rule.id}: ",
        SEVERITY_INKS[finding.severity],
    )
    span = (at + finding.span[0], at + finding.span[1]) if finding.span else None
    shown = (rule, (escape(finding.text, 300), ""))
    place = Place(Page.FINDINGS, finding.id)
    return Node(shown, span, key=key, place=place, field="finding.rule", nth=nth)


def _link(key: str, words: str, place: Place, field: str) -> Node:
    return Node(line(words, "link"), key=key, place=place, field=field)


def _fact(key: str, words: str, field: str) -> Node:
    return Node(line(words, "dim"), key=key, field=field)
