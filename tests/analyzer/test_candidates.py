# SPDX-License-Identifier: GPL-2.0-only
"""The nearest candidate: each sentence by a conversation, and what is no evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from generated import ACK, CON, HAPPENINGS, Happening, fed, frames
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import MILLISECOND, SECOND, Address, Conversation, coap

from analyzer import candidates as candidates_module
from analyzer import report
from analyzer.candidates import Candidates
from analyzer.messages import Role
from analyzer.nearness import Candidate, Difference, Key
from analyzer.session import Session

CLIENT, SERVER = "192.0.2.1:40000", "192.0.2.2:5683"
OTHER = "192.0.2.9:5683"
PORT = "192.0.2.2:5684"
FAR = {"source": "198.51.100.7:5683", "destination": "192.0.2.77:40001"}


def candidates(talk: Conversation) -> dict[int, Candidate]:
    """Candidates by the frame of the message that lacks something."""
    return of_session(talk.session())


def of_session(session: Session) -> dict[int, Candidate]:
    look = Candidates(session)
    frames = session.messages["frame"].tolist()
    found = ((frame, look.of_message(row)) for row, frame in enumerate(frames))
    return {frame: candidate for frame, candidate in found if candidate}


def says(talk: Conversation, sentence: str, request: int = 1) -> None:
    """The last message says this of the request; the request, where it waits, of that message."""
    found = candidates(talk)
    last = len(talk.frames)
    assert found[last].sentence == f"{sentence} (frame {request})"
    assert found[request].sentence == f"{sentence} (frame {last})"
    assert found[request].differs == found[last].differs
    assert found[request].apart == found[last].apart


def get(**fields: Any) -> Conversation:
    return Conversation().con("GET", **fields)


# What is said ----------------------------------------------------------------------------------


def test_an_acknowledgement_from_another_endpoint() -> None:
    says(
        get(mid=0x1A2B, token=b"ab").ack(source=OTHER),
        f"same Message ID 0x1a2b, acknowledged from {OTHER} instead of {SERVER}",
    )
    says(
        get(mid=7).rst(source=PORT),
        f"same Message ID 0x0007, reset from {PORT} instead of {SERVER}",
    )


def test_a_response_from_another_endpoint_after_the_right_one() -> None:
    talk = get(token=b"ab", mid=7).ack("2.05").ack("2.05", mid=7, source=OTHER)
    (candidate,) = candidates(talk).values()
    assert candidate.sentence == (
        f"same Token and Message ID, answered from {OTHER} instead of {SERVER} "
        "(frame 1, answered in frame 2)"
    )
    assert candidate.agrees == (Key.DESTINATION, Key.TOKEN, Key.MESSAGE_ID)
    assert candidate.differs == (Difference(Key.SOURCE, OTHER, SERVER),)
    assert candidate.apart == 20 * MILLISECOND


def test_a_response_to_another_port_of_the_client() -> None:
    there = "192.0.2.1:40001"
    says(
        get(token=b"a").con("2.05", token=b"a", destination=there),
        f"same Token, answered to {there} instead of {CLIENT}",
    )


def test_a_response_between_strangers_with_a_long_token() -> None:
    says(
        get(token=b"abcdef").con("2.05", token=b"abcdef", **FAR),
        f"same Token, answered from {FAR['source']} instead of {SERVER} "
        f"and to {FAR['destination']} instead of {CLIENT}",
    )


def test_a_response_after_the_lifetime_of_its_request() -> None:
    talk = get(token=b"ab").wait(260).non("2.05", token=b"ab")
    says(talk, "same Token, but 260 s after the request, whose lifetime is 247 s")
    assert candidates(talk)[1].differs == (Difference(Key.TIME, "260 s", "at most 247 s"),)


def test_an_acknowledgement_after_the_lifetime() -> None:
    says(
        get(mid=1).wait(300).ack(),
        "same Message ID 0x0001, but 300 s after the request, whose lifetime is 247 s",
    )


def test_a_request_seen_after_its_response() -> None:
    talk = Conversation().non("2.05", token=b"ab").wait(3).con("GET", token=b"ab")
    found = candidates(talk)
    assert found[1].sentence == "same Token, request seen 3.01 s after the response (frame 2)"
    assert found[1].differs == (Difference(Key.TIME, "-3.01 s", "after the request"),)
    assert found[2].apart == -3010 * MILLISECOND


def test_a_response_with_the_message_id_of_the_request_and_another_token() -> None:
    talk = Conversation().non("GET", token=b"\x0a", mid=0x1A2B)
    says(
        talk.non("2.05", token=b"\x0b", mid=0x1A2B),
        "same Message ID 0x1a2b, but Token 0b instead of 0a",
    )


def test_a_piggybacked_response_from_another_endpoint_with_another_token() -> None:
    says(
        get(token=b"\x0a", mid=0x1A2B).ack("2.05", token=b"", source=OTHER),
        "same Message ID 0x1a2b, but Token (empty) instead of 0a, "
        f"answered from {OTHER} instead of {SERVER}",
    )


def test_the_only_request_between_two_endpoints() -> None:
    found = candidates(get(token=b"\x0a").con("2.05", token=b"\x0b"))
    assert found[2].sentence == (
        "the only unanswered request between these endpoints, but Token 0b instead of 0a (frame 1)"
    )
    assert found[1].sentence == (
        "the only response without a request between these endpoints, "
        "but Token 0b instead of 0a (frame 2)"
    )
    assert found[1].agrees == (Key.SOURCE, Key.DESTINATION)


def test_the_only_ping_answered_with_another_message_id() -> None:
    found = candidates(Conversation().con(mid=0x1234).rst(mid=0x3412))
    assert found[2].sentence == (
        "the only unanswered ping between these endpoints, "
        "but Message ID 0x3412 instead of 0x1234 (frame 1)"
    )
    assert found[1].sentence.startswith("the only RST without a request")


def test_an_acknowledgement_of_a_response_from_another_port() -> None:
    talk = get(token=b"a").ack().con("2.05", token=b"a", mid=99)
    talk.ack(mid=99, source="192.0.2.1:41000", destination=SERVER)
    assert [c.sentence for c in candidates(talk).values()] == [
        f"same Message ID 0x0063, acknowledged from 192.0.2.1:41000 instead of {CLIENT} (frame 3)"
    ]


def test_time_set_back_is_told_as_it_is() -> None:
    talk = get(token=b"ab").wait(-300).non("2.05", token=b"ab")
    assert candidates(talk)[2].sentence == (
        "same Token, request seen 300 s after the response (frame 1)"
    )


def test_an_answer_that_stands_first_in_the_file() -> None:
    """Recorded out of order by more than REORDER_WINDOW: by time it comes after the ping."""
    talk = Conversation().wait(4).rst(mid=7, by="server").wait(-3).con(mid=7)
    assert [(f, c.sentence, c.differs) for f, c in candidates(talk).items()] == [
        (
            frame,
            "same Message ID 0x0007, but the RST stands before the ping in the file "
            f"(frame {3 - frame})",
            (Difference(Key.TIME, "before the request in the file", "after the request"),),
        )
        for frame in (1, 2)
    ]


def test_a_long_token_is_cut() -> None:
    talk = get(token=bytes(40)).con("2.05", token=bytes(39) + b"x")
    assert f"Token {'00' * 16}… instead of {'00' * 16}…" in candidates(talk)[1].sentence


# Nearer and nearest ----------------------------------------------------------------------------


def test_more_keys_are_nearer_than_less_time() -> None:
    talk = get(token=b"ab", mid=7).con("GET", token=b"ab", mid=8, destination=PORT)
    for _ in range(3):  # both find a request that waits before the third finds none
        talk.ack("2.05", token=b"ab", mid=7, source=OTHER)
    assert candidates(talk)[5].frame == 1


def test_the_same_endpoints_are_nearer_than_others() -> None:
    talk = get(token=b"abcd").con("GET", token=b"abcd", source="192.0.2.1:50000")
    talk.wait(260).con("2.05", token=b"abcd")
    assert candidates(talk)[3].frame == 1


def test_of_two_requests_the_one_that_waits_is_nearer() -> None:
    talk = get(mid=1, token=b"").con("GET", mid=1, source="192.0.2.1:50000").ack("2.05")
    talk.ack(mid=1, source=OTHER, destination="192.0.2.1:60000")
    assert candidates(talk)[4].frame == 1


def test_of_two_requests_the_later_is_nearer() -> None:
    talk = get(token=b"ab").wait(100).con("GET", token=b"ab").wait(250).con("2.05", token=b"ab")
    assert candidates(talk)[3].frame == 2


# What is no evidence ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "talk",
    [
        get().con("2.05", source=OTHER),
        get(token=b"q", mid=7).ack(mid=7, **FAR),
        get(token=b"abcd").con("2.05", token=b"abcd", **FAR),
        get(token=b"ab", mid=7).ack("2.05", token=b"ab", mid=8, destination="192.0.2.5:1"),
        get(token=b"a").con("2.05", token=b"a", source=OTHER, destination="192.0.2.1:41000"),
        get(token=b"a").ack("2.05").wait(300).con("2.05", token=b"a"),
        get(mid=7).wait(500).ack(mid=7),
        get(token=b"a").con("GET", token=b"b").con("2.05", token=b"c"),
        get(token=b"a").con("2.05", token=b"b").con("2.05", token=b"c"),
        get(token=b"a").wait(248).con("2.05", token=b"b"),
        Conversation().con("2.05", token=b"ab").wait(11).con("GET", token=b"ab"),
        Conversation().non("GET", token=b"a").ack(mid=7),
    ],
    ids=[
        "an empty token from another endpoint",
        "a Message ID between strangers",
        "32 bits of token between strangers",
        "16 bits of token to another client",
        "8 bits of token from another address",
        "8 bits of token of a request answered long ago",
        "a Message ID after two lifetimes",
        "two requests wait",
        "two responses are left",
        "the only request ended",
        "a request far behind the response",
        "an ACK and a NON",
    ],
)
def test_chance_is_no_candidate(talk: Conversation) -> None:
    assert candidates(talk) == {}


def talk_of(happenings: list[Happening]) -> Conversation:
    talk = Conversation()
    for frame in frames(happenings):
        talk.add(frame)
    return talk


@settings(max_examples=80, deadline=None)
@given(st.lists(HAPPENINGS, max_size=12))
def test_one_of_two_is_an_orphan(drawn: list[Happening]) -> None:
    session = talk_of(drawn).session()
    found = of_session(session)
    messages = session.messages
    roles = dict(zip(messages["frame"].tolist(), messages["role"].tolist(), strict=True))
    orphans = {frame for frame, role in roles.items() if role == Role.ORPHAN}
    for frame, candidate in found.items():
        assert len({frame, candidate.frame}) == 2
        assert (frame in orphans) != (roles[frame] in (Role.REQUEST, Role.PING))
        assert frame in orphans or candidate.frame in orphans
        assert candidate.agrees
        assert not {d.key for d in candidate.differs} & set(candidate.agrees)
        assert candidate.sentence.isprintable()


@settings(max_examples=80, deadline=None)
@given(st.lists(HAPPENINGS, max_size=12))
def test_many_messages_give_the_same_candidates_as_few(drawn: list[Happening]) -> None:
    session = talk_of(drawn).session()
    few = of_session(session)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates_module, "_MANY", 0)
        assert of_session(session) == few


@settings(max_examples=60, deadline=None)
@given(st.lists(HAPPENINGS, max_size=8), st.lists(HAPPENINGS, max_size=8), st.booleans())
def test_traffic_of_others_changes_nothing(
    drawn: list[Happening], others: list[Happening], first: bool
) -> None:
    """The others have addresses of their own and talk long before, or long after."""
    alone = talk_of(drawn)
    away = [
        replace(f, source=_moved(f.source), destination=_moved(f.destination))
        for f in frames(others)
    ]
    both = Conversation()
    for group in (away, alone.frames) if first else (alone.frames, away):
        late = max((frame.time for frame in both.frames), default=0)
        early = min((frame.time for frame in group), default=late)
        shift = late - early + 10_000 * SECOND if both.frames else 0
        for frame in group:
            both.add(replace(frame, time=frame.time + shift))
    skipped = len(away) if first else 0
    found = {
        frame - skipped: (c.frame - skipped, c.agrees, c.differs, c.apart)
        for frame, c in candidates(both).items()
        if 0 < frame - skipped <= len(alone.frames)
    }
    assert found == {
        frame: (c.frame, c.agrees, c.differs, c.apart) for frame, c in candidates(alone).items()
    }


def _moved(address: Address) -> Address:
    return Address("10." + address.host.partition(".")[2], address.port)


# Many ------------------------------------------------------------------------------------------


def test_one_token_for_all_costs_no_more() -> None:
    """5,000 orphans and 500 requests under one token: each is compared with few."""
    client, asked = Address("192.0.2.1", 40000), Address("198.51.100.1", 5683)
    other = Address("198.51.100.2", 5683)
    request, answer = coap(CON, "GET", token=b"tt"), coap(ACK, "2.05", token=b"tt")
    talk = [(n, client, asked, request[:2] + pack(">H", n) + request[4:]) for n in range(500)]
    talk += [(n, other, client, answer[:2] + pack(">H", n) + answer[4:]) for n in range(500, 6000)]
    session = fed((n * MILLISECOND, *rest) for n, *rest in talk)
    assert session.messages.octets("role").count(Role.ORPHAN) > 4500
    compared = 0

    def counted(*halves: Any) -> Any:
        nonlocal compared
        compared += 1
        return likeness(*halves)

    likeness = candidates_module.likeness
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates_module, "likeness", counted)
        assert len(of_session(session)) > 4500
    assert compared <= 40 * len(session.messages)


# Where it is shown -----------------------------------------------------------------------------


def test_an_exchange_and_a_finding_say_it() -> None:
    session = get(mid=0x1A2B, token=b"ab").ack(source=OTHER).wait(3).again(0).session()
    sentence = f"same Message ID 0x1a2b, acknowledged from {OTHER} instead of {SERVER} (frame 2)"
    (entry,) = report.exchange_entries(session)
    assert entry["nearest"] == {
        "frame": 2,
        "agrees": ["destination", "message_id"],
        "differs": [{"key": "source", "seen": OTHER, "expected": SERVER}],
        "apart": 0.01,
        "sentence": sentence,
    }
    look = Candidates(session)
    told = {f.rule.id: look.of_finding(f) for f in session.findings}
    found = told.pop("COAP-7252-4.2-CON-UNANSWERED")
    assert found is not None
    assert found.sentence == sentence


def test_a_retransmission_of_the_request_is_no_missing_answer() -> None:
    session = get(mid=7).ack(source=OTHER).wait(2.5).again(0).session()
    look = Candidates(session)
    told = {f.rule.id: look.of_finding(f) for f in session.findings}
    assert told["COAP-7252-4.2-RETRANSMISSION"] is None
    assert told["COAP-7252-4.2-CON-UNANSWERED"] is not None


@pytest.mark.parametrize("name", ["registration", "field-day", "coap-tour"])
def test_captures_without_orphans_have_no_candidate(name: str) -> None:
    session = Session()
    session.open([Path(__file__).parents[2] / "captures" / f"{name}.pcapng"])
    session.read_all()
    assert Role.ORPHAN not in session.messages.octets("role")
    assert of_session(session) == {}


def test_other_rows_have_no_candidate() -> None:
    session = get(token=b"ab").ack("2.05").non("2.05", token=b"zz").session()
    look = Candidates(session)
    assert [look.of_message(row) for row in range(3)] == [None] * 3
    assert look.of_exchange(1) is None


def test_a_non_confirmable_request_has_candidates_too() -> None:
    talk = Conversation().non("GET", token=b"ab")
    talk.non("2.05", token=b"ab", destination="192.0.2.1:2")
    assert set(candidates(talk)) == {1, 2}
