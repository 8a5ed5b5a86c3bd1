# SPDX-License-Identifier: GPL-2.0-only
"""What every report is made of: capture facts, exchanges and findings as plain values.

Keys are the ones scripts rely on (README, "Output for scripts"); text and JSON say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from analyzer import protected
from analyzer.candidates import Candidates
from analyzer.exchanges.message_layer import MOST_LIVE
from analyzer.exchanges.model import CONFIDENCES, MATCHES, State, reason
from analyzer.exchanges.times import ExchangeTimes, Times
from analyzer.findings import Finding
from analyzer.messages import NO_RESPONSE_TIME, Role, frames_of
from analyzer.nearness import Candidate
from analyzer.operations import Operations
from analyzer.profiles.transmission import SECOND, TIMERS, Transmission, parameters
from dissectors.coap import numbers
from dissectors.link import LINK_TYPES

if TYPE_CHECKING:
    from analyzer.capture import Source
    from analyzer.session import Session

FRAME_LISTS: Final = {
    "response_frames": (Role.RESPONSE, Role.NOTIFICATION),
    "retransmission_frames": (Role.RETRANSMISSION,),
    "duplicate_ack_frames": (Role.DUPLICATE_ACK,),
}
"""Roles of the messages of an exchange whose frames a list has."""


def visible_messages(session: Session) -> Iterator[int]:
    """Rows of the messages that views show, in file order."""
    hidden = int(Role.UNCONFIRMED)
    return (row for row, role in enumerate(session.messages.octets("role")) if role != hidden)


def findings_in_order(session: Session) -> list[Finding]:
    """Findings by frame; those about the capture as a whole last."""
    return sorted(session.findings, key=lambda f: (f.frame or 1 << 32, f.id))


def finding_entry(
    session: Session, finding: Finding, candidates: Candidates | None = None
) -> dict[str, Any]:
    """One finding as scripts read it, with the nearest candidate where one is missed."""
    entry = finding.as_dict() | {"ue_service_id": session.ue_of(finding) or None}
    candidate = candidates.of_finding(finding) if candidates else None
    return entry | ({"nearest": _candidate_entry(candidate)} if candidate else {})


def exchange_entries(
    session: Session, ids: Iterable[int] | None = None
) -> Iterator[dict[str, Any]]:
    """Exchanges by their ids, or every one in the order of their requests."""
    ids = range(1, len(session.exchanges) + 1) if ids is None else list(ids)
    lists = {name: frames_of(session.messages, roles) for name, roles in FRAME_LISTS.items()}
    times = ExchangeTimes(session.messages, session.exchanges.stored)
    candidates, operations = Candidates(session), Operations(session)
    for id in ids:
        cells = session.exchanges.row(id - 1)
        candidate = candidates.of_exchange(id)
        frames = {name: by_exchange.get(id, []) for name, by_exchange in lists.items()}
        yield _exchange_entry(session, id, cells, frames) | {
            "reason": reason(cells["match"], cells["confidence"]),
            "times": _times_entry(times.of(id)),
            "nearest": _candidate_entry(candidate) if candidate else None,
            **operations.of(id),
        }


def _exchange_entry(
    session: Session, id: int, cells: dict[str, int], frames: dict[str, list[int]]
) -> dict[str, Any]:
    time = cells["response_time"]
    return {
        "id": id,
        "request_frame": cells["request_frame"],
        "ack_frame": cells["ack_frame"] or None,
        **frames,
        "reset_frame": cells["reset_frame"] or None,
        "matched_by": _text(MATCHES[cells["match"]]),
        "confidence": _text(CONFIDENCES[cells["confidence"]]),
        "state": State(cells["state"]).label,
        "method": numbers.method_name(cells["method"]),
        "uri": session.names[cells["uri"]] or None,
        "response_code": numbers.dotted(cells["response_code"]) if cells["responses"] else None,
        "token": session.token_bytes(cells["token"], cells["token_length"]).hex(),
        "message_id": _message_id(session, id, cells),
        "response_time": None if time == NO_RESPONSE_TIME else time / SECOND,
        "client": str(session.endpoints[cells["client"]]),
        "server": str(session.endpoints[cells["server"]]),
        "ue_service_id": session.names[cells["ue"]] or None,
    }


def _message_id(session: Session, id: int, cells: dict[str, int]) -> int | None:
    """None for a request on a reliable transport."""
    request = session.exchanges.stored.cell("request_row", id - 1)
    reliable = session.messages.cell("type", request) == numbers.TCP
    return None if reliable else cells["message_id"]


def _times_entry(times: Times) -> dict[str, Any]:
    """Times of an exchange in seconds."""
    names = ("response", "response_from_last", "ack", "ack_from_last", "ack_to_response")
    entry: dict[str, Any] = {name: _seconds(getattr(times, name)) for name in names}
    return entry | {
        "retransmission_gaps": [gap / SECOND for gap in times.gaps],
        "retransmission_ratios": list(times.ratios),
        "transmissions": times.transmissions,
        "ambiguous": times.ambiguous,
    }


def _candidate_entry(candidate: Candidate) -> dict[str, Any]:
    return {
        "frame": candidate.frame,
        "agrees": [str(key) for key in candidate.agrees],
        "differs": [
            {"key": str(key), "seen": seen, "expected": expected}
            for key, seen, expected in candidate.differs
        ],
        "apart": candidate.apart / SECOND,
        "sentence": candidate.sentence,
    }


def _seconds(time: int | None) -> float | None:
    return None if time is None else time / SECOND


def _text(value: str | None) -> str | None:
    return None if value is None else str(value)


def capture_entry(session: Session) -> dict[str, Any]:
    """The capture itself: files, counts, times, and what was wrong with it."""
    counts, roles = session.counts, session.messages.octets("role")
    return {
        "files": session.paths,
        "formats": [file.format for file in session.files],
        "interfaces": [_interface_entry(session, i) for i in range(len(session.interfaces))],
        "packets": counts.records,
        "udp_datagrams": counts.udp,
        "carrier_packets": counts.carriers,
        "coap_messages": len(roles) - roles.count(Role.UNCONFIRMED),
        "exchanges": len(session.exchanges),
        "first_time": _seconds(session.first_time),
        "last_time": _seconds(session.last_time),
        "spec_profile": session.settings.profile.name,
        "transmission": session.settings.timers.name or None,
        "notices": list(notices(session)),
    }


def _interface_entry(session: Session, index: int) -> dict[str, Any]:
    interface = session.interfaces[index].interface
    name = LINK_TYPES.get(interface.link_type, f"link type {interface.link_type}")
    return {
        "name": interface.name or None,
        "link_type": interface.link_type,
        "link": name,
        "dropped": session.opened.dropped(index),
    }


def notices(session: Session) -> Iterator[str]:
    """What was wrong with the files, or passed over, one sentence each."""
    if session.source is not None:
        yield from session.source.notices
        yield from _drops(session.source)
    if told := protected.sentence(session):
        yield told
    counts = session.counts
    for link_type, packets in counts.unknown_links.items():
        yield f"{_packets(packets)} of link type {link_type} passed over: not supported"
    if session.forgotten:
        yield (
            f"{session.forgotten} unanswered messages forgotten early: more than {MOST_LIVE} were "
            "in flight, so nothing is said of their answers"
        )
    if counts.unreadable:
        yield f"{_packets(counts.unreadable)} passed over: IP or UDP header cut or malformed"
    if counts.incomplete:
        yield f"{_packets(counts.incomplete)} passed over: fragments of datagrams not complete"


def _drops(source: Source) -> Iterator[str]:
    """Packets that were lost while they were captured."""
    for index, (_, interface) in enumerate(source.interfaces):
        if dropped := source.dropped(index):
            where = f"interface {interface.name}" if interface.name else "the interface"
            yield (
                f"{_packets(dropped)} dropped on {where} while it was captured: what is missing "
                "below may be among them"
            )


def transmission_entry(transmission: Transmission) -> dict[str, Any]:
    """A transmission profile; `value` is in the unit, that of a timer in seconds."""
    return {
        "name": transmission.name,
        "description": transmission.description,
        "strict": transmission.strict,
        "parameters": [
            {
                "name": parameter.name,
                "value": getattr(transmission, field),
                "unit": parameter.unit,
                "clause": parameter.clause,
                "meaning": parameter.meaning,
            }
            for field, parameter in parameters().items()
        ],
        "timers": [
            {
                "name": timer.name,
                "value": timer.of(transmission) / SECOND,
                "clause": timer.clause,
                "formula": timer.formula,
                "meaning": timer.meaning,
            }
            for timer in TIMERS
        ],
    }


def _packets(count: int) -> str:
    return "1 packet" if count == 1 else f"{count} packets"


def worst_first(findings: Iterable[Finding]) -> Sequence[Finding]:
    """Errors before warnings before notes; within, by frame."""
    return sorted(findings, key=lambda f: (-f.severity, f.frame or 1 << 32, f.id))
