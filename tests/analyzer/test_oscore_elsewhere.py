# SPDX-License-Identifier: GPL-2.0-only
"""OSCORE in fragments of IP, and on ports that nobody told: as clear CoAP there."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from generated import read, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation
from rules.sealed import CONTEXT, Ends
from test_opened_oscore import REGISTERED, REGISTRATION

from analyzer.carriers import selecting
from analyzer.decryption.oscore import Reason
from analyzer.messages import FRAGMENTED, UNWRAPPED
from analyzer.secrets.model import Secrets
from analyzer.secrets.oscore_context import Context
from analyzer.session import Session
from dissectors.coap import numbers

KNOWN = Secrets(oscore=(CONTEXT,))
OTHER_PORT = "192.0.2.2:40683"


def registered(
    talk: Conversation, *parts: tuple[int, int], context: Context = CONTEXT
) -> Conversation:
    """A registration, in these fragments, and its answer; what stands outside of it is wrong."""
    ends = Ends(context)
    inside: dict[str, Any] = {"content_format": 50, "payload": REGISTRATION}
    asked = ends.asked("POST", path="/msgin5g/registration", **inside)
    talk.con("POST", token=b"tk", accept=50, **asked)
    if parts:
        talk.in_fragments(*parts)
    answered = ends.answered("2.01", content_format=50, payload=REGISTERED)
    return talk.ack("2.04", mid=0x1001, token=b"tk", source=talk.server, **answered)


def size() -> int:
    return 8 + len(registered(Conversation()).frames[0].data)


def requests(session: Session) -> list[dict[str, Any]]:
    return [cells for cells in session.messages.rows() if numbers.is_request(cells["code"])]


def counted(session: Session) -> list[tuple[Reason, int, int]]:
    return [(e.reason, e.messages, e.first_frame) for e in session.carriers.unopened.entries]


# Fragments of IP ------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [((0, 80), (80, size())), ((80, size()), (0, 80))])
def test_a_registration_in_fragments_is_opened_and_judged(parts: Any, tmp_path: Path) -> None:
    session = registered(Conversation(), *parts).session(secrets=KNOWN)
    (asked,) = requests(session)
    assert session.names[asked["uri"]] == "/msgin5g/registration"
    assert session.names[asked["ue"]] == "ue-1@example"
    assert asked["flags"] & (UNWRAPPED | FRAGMENTED) == UNWRAPPED
    assert asked["frame"] == 2
    pieces = session.carriers.store.pieces(asked["offset"])
    assert sorted(piece.frame for piece in pieces) == [1, 2]
    assert len(session.messages) == 2
    assert len(session.exchanges) == 1
    whole = registered(Conversation()).session(secrets=KNOWN)
    assert {f.rule.id for f in session.findings} == {f.rule.id for f in whole.findings}
    assert "COAP-8613-4.1.1-OUTER-CLASS-E" in {f.rule.id for f in session.findings}
    assert not session.carriers.unopened.messages


@pytest.mark.parametrize("limit", [1, 2, 0])
def test_in_fragments_it_is_counted_once_where_nobody_opens_it(limit: int, tmp_path: Path) -> None:
    path = tmp_path / "fragments.pcap"
    path.write_bytes(registered(Conversation(), (0, 80), (80, size())).pcap())
    session = read(path, limit)
    assert counted(session) == [(Reason.NO_CONTEXTS, 2, 2)]
    assert [cells["code"] for cells in session.messages.rows()] == [numbers.POST, numbers.CHANGED]
    assert requests(session)[0]["flags"] & FRAGMENTED
    assert not [f for f in session.findings if f.rule.id.startswith("MSG-24538")]


def test_fragments_of_a_muted_flow_are_counted(tmp_path: Path) -> None:
    """The first request, whole, says that nobody opens what these ends send."""
    talk = Conversation()
    for _ in range(3):
        registered(talk)
    talk.again(0).in_fragments((0, 80), (80, size()))
    path = tmp_path / "muted.pcap"
    path.write_bytes(talk.pcap())
    for limit in (0, 1):
        assert counted(read(path, limit)) == [(Reason.NO_CONTEXTS, 7, 1)]


@pytest.mark.parametrize("secrets", [KNOWN, None])
def test_fragments_that_come_late_are_not_two_messages(secrets: Secrets | None) -> None:
    """By then the first one was read, as a message that is cut. Its response can be opened."""
    talk = registered(Conversation(), (0, 80), (80, size()))
    answer, late = talk.frames.pop(), talk.frames.pop()
    for number in range(8):
        talk.wait(1).con("GET", token=bytes([number]), path="/a")
        talk.ack("2.05", content_format=0, payload=b"1")
    for frame in (late, answer):
        talk.wait(1).add(replace(frame, time=talk._clock))
    session = talk.session(secrets=secrets)
    assert len([cells for cells in requests(session) if cells["code"] == numbers.POST]) == 1
    reason = Reason.CUT if secrets else Reason.NO_CONTEXTS
    assert counted(session) == [(reason, 1 if secrets else 2, 18)]
    assert not {"COAP-7252-4.4-MID-REUSE", "COAP-7252-5.3.1-TOKEN-REUSE"} & {
        finding.rule.id for finding in session.findings
    }


# Ports that nobody told -----------------------------------------------------------------------


def test_on_any_port_it_is_opened() -> None:
    session = registered(Conversation(server=OTHER_PORT)).session(secrets=KNOWN)
    (asked,) = requests(session)
    assert session.names[asked["ue"]] == "ue-1@example"
    assert len(session.exchanges) == 1
    assert not session.carriers.unopened.messages


def test_on_any_port_it_is_counted() -> None:
    session = registered(Conversation(server=OTHER_PORT)).session()
    assert counted(session) == [(Reason.NO_CONTEXTS, 2, 1)]
    assert "COAP-CAP-OSCORE-OPAQUE" in {f.rule.id for f in session.findings}


def test_on_any_port_in_fragments() -> None:
    talk = registered(Conversation(server=OTHER_PORT), (0, 80), (80, size()))
    assert session_ues(talk.session(secrets=KNOWN)) == ["ue-1@example"]


def session_ues(session: Session) -> list[str]:
    return [session.names[cells["ue"]] for cells in requests(session)]


@pytest.mark.parametrize("port", [443, 53])
def test_but_not_on_a_port_of_another_protocol(port: int) -> None:
    """QUIC has first bytes as CoAP has. The port that a user told is one of CoAP."""
    talk = registered(Conversation(server=f"192.0.2.2:{port}"))
    assert not talk.session(secrets=KNOWN).counts.coap
    told = talk.session(secrets=KNOWN, ports=frozenset({port}))
    assert session_ues(told) == ["ue-1@example"]


ODD = ({"oscore": b"\x29\x00"}, {"oscore": b"\x08"}, {"oscore": b"\x0e" + bytes(7)})
"""A reserved bit, no Partial IV, one of 6 bytes."""


@pytest.mark.parametrize("odd", [*ODD, {"payload": b"12345678"}])
def test_what_may_be_something_else_is_not_counted_there(odd: dict[str, bytes]) -> None:
    fields = Ends().asked("GET", path="/a") | odd
    for server, count in ((OTHER_PORT, 0), ("192.0.2.2:5683", 1)):
        talk = Conversation(server=server).con("POST", token=b"a", **fields)
        assert talk.session().carriers.unopened.messages == count


def test_nearly_nothing_that_chance_makes_is_taken_for_it() -> None:
    """Short headers of QUIC begin with the two bits of CoAP's version."""
    chance = random.Random(8613)
    found = 0
    for _ in range(40_000):
        data = bytes([0x40 | chance.randrange(64)]) + chance.randbytes(60)
        place = selecting.oscore_at(data, 0, len(data))
        found += place >= 0 and selecting.proves_oscore(data, 0, len(data), place)
    assert not found


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=8), st.integers(0, 1 << 39), st.booleans())
def test_what_oscore_makes_is_taken_for_it(token: bytes, piv: int, answered: bool) -> None:
    ends = Ends(asked=b"\x01")
    talk = Conversation(server=OTHER_PORT)
    if answered:
        talk.con("2.05", token=token, observe=7, **ends.answered("2.05", piv, payload=b"1"))
    else:
        asked = ends.asked("GET", piv, path="/a")
        talk.con("FETCH", token=token, observe=0, no_response=2, echo=b"abc", **asked)
    data = talk.frames[0].data
    place = selecting.oscore_at(data, 0, len(data))
    assert selecting.proves_oscore(data, 0, len(data), place)


def test_long_tokens_do_not_hide_the_option(tmp_path: Path) -> None:
    """RFC 8974: beyond 12 bytes their length takes one byte or two of its own."""
    for length in (12, 13, 60, 300):
        fields = Ends().asked("GET", path="/a")
        talk = Conversation().con("POST", token=bytes(length), **fields)
        (asked,) = requests(talk.session(secrets=KNOWN))
        assert asked["flags"] & UNWRAPPED, length


@pytest.mark.parametrize("limit", [1, 3])
def test_batches_make_no_difference(limit: int, tmp_path: Path) -> None:
    talk = registered(Conversation(server=OTHER_PORT), (0, 80), (80, size()))
    registered(talk)
    path = tmp_path / "both.pcap"
    path.write_bytes(talk.pcap())
    for secrets in (KNOWN, None):
        found, known = (read(path, given, secrets=secrets) for given in (limit, 0))
        assert snapshot(found) == snapshot(known)
        assert counted(found) == counted(known)


@pytest.mark.parametrize("limit", [1, 0])
def test_a_finding_says_what_was_known_by_then(limit: int, tmp_path: Path) -> None:
    """The response came first: it has no kid. The request that tells it comes behind."""
    talk = registered(Conversation(), context=CONTEXT._replace(client_id=b"\x42"))
    talk.frames.reverse()
    path = tmp_path / "turned.pcap"
    path.write_bytes(talk.pcap())
    session = read(path, limit)
    (finding,) = (f for f in session.findings if f.rule.id == "COAP-CAP-OSCORE-OPAQUE")
    assert finding.text.endswith("no security context was given")
    (entry,) = session.carriers.unopened.entries
    assert entry.text.endswith('(kid "0x42")')
