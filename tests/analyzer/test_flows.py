# SPDX-License-Identifier: GPL-2.0-only
"""Gate G-FLOW: what is taken for CoAP, and what never is."""

from __future__ import annotations

import random

import pytest
from gathered import facts_of
from rules.conversation import START, Conversation, coap

from analyzer import facts as fact
from analyzer import flows, state
from analyzer.messages import Role
from analyzer.report import exchange_entries, visible_messages
from analyzer.rules.catalogue import E, N, W
from analyzer.subjects import Flow, Message

ELSEWHERE = "192.0.2.2:7000"


def shown(talk: Conversation, **settings: object) -> list[int]:
    """Frames that views show."""
    session = talk.session(**settings)
    return [int(session.messages["frame"][row]) for row in visible_messages(session)]


def test_a_coap_port_on_either_side_is_enough() -> None:
    assert shown(Conversation().con("GET")) == [1]
    assert shown(Conversation(client="192.0.2.1:5683", server="192.0.2.2:4000").con("GET")) == [1]


def test_one_message_elsewhere_is_not_yet_coap() -> None:
    talk = Conversation(server=ELSEWHERE).con("GET")
    assert shown(talk) == []
    assert talk.rules() == {}


def test_an_answer_makes_both_coap() -> None:
    talk = Conversation(server=ELSEWHERE).con("GET", token=b"ab").ack("2.05")
    assert shown(talk) == [1, 2]
    (entry,) = exchange_entries(talk.session())
    assert (entry["request_frame"], entry["response_frames"]) == (1, [2])


@pytest.mark.parametrize("between", [b"hello", b"\x40\xff\0\0", b"\x40\x01"])
def test_two_messages_in_a_row_are_needed(between: bytes) -> None:
    talk = Conversation(server=ELSEWHERE).con("GET").raw(between).con("GET")
    assert shown(talk) == ([] if between[0] >> 6 == 1 else [1, 3])


def test_after_three_failures_a_flow_is_left_alone() -> None:
    talk = Conversation(server=ELSEWHERE)
    for _ in range(3):
        talk.raw(b"\x40\xff\0\0")
    assert shown(talk.con("GET").ack("2.05")) == []


def test_a_server_that_was_seen_to_answer_is_known_to_others() -> None:
    talk = Conversation(server=ELSEWHERE).con("GET").ack("2.05")
    talk.con("GET", source="192.0.2.50:1234")
    assert shown(talk) == [1, 2, 3]


def test_a_port_the_user_names_is_coap_at_once() -> None:
    talk = Conversation(server=ELSEWHERE).raw(b"\x40\x60\0\0")
    assert shown(talk) == []
    assert shown(talk, ports=frozenset({7000})) == [1]
    assert talk.rules(ports=frozenset({7000}))["COAP-7252-3-CODE-CLASS"] is E


@pytest.mark.parametrize("port", [53, 123, 443, 3478, 5353])
def test_ports_of_other_protocols_are_never_guessed(port: int) -> None:
    talk = Conversation(server=f"192.0.2.2:{port}").con("GET").ack("2.05")
    assert shown(talk) == []


def test_dtls_is_opaque_once_per_flow() -> None:
    talk = Conversation(server="192.0.2.2:5684")
    for _ in range(3):
        talk.raw("17fefd00010000000000010010" + 16 * "00")
    assert talk.rules() == {"COAP-CAP-OPAQUE": N}
    assert len(talk.findings("COAP-CAP-OPAQUE")) == 1
    assert shown(talk) == []


def test_plain_messages_on_the_port_of_dtls() -> None:
    talk = Conversation(server="192.0.2.2:5684").con("GET").ack("2.05")
    assert shown(talk) == [1, 2]
    assert talk.rules()["COAP-7252-6.2-PLAIN-ON-5684"] is W


@pytest.mark.parametrize(("first", "dtls"), [(19, False), (20, True), (63, True), (64, False)])
def test_the_first_byte_tells_dtls(first: int, dtls: bool) -> None:
    assert bool(facts_of(bytes([first]))(fact.FLAGS) & fact.DTLS) is dtls
    assert not facts_of(b"")(fact.FLAGS) & fact.DTLS


@pytest.mark.parametrize(
    "payloads",
    [
        ["40000000", "40000000", "40"],
        ["40000000", "40000001", "40"],
        ["4401000161626364", "4401000161626364", "40"],
    ],
    ids=["the same twice", "two empty ones", "a request repeated"],
)
def test_what_does_not_prove_a_flow(payloads: list[str]) -> None:
    talk = Conversation()
    for payload in payloads:
        talk.raw(payload, destination=ELSEWHERE)
    assert talk.rules() == {}
    assert shown(talk) == []


def test_a_ping_and_its_reset_prove_a_flow() -> None:
    talk = Conversation(server="192.0.2.2:7777").raw("40001234").raw("70001234", by="server")
    assert shown(talk) == [1, 2]


def test_copies_of_what_waited_for_proof_are_kept() -> None:
    talk = Conversation(server=ELSEWHERE).con("GET", token=b"ab").wait(2.5).again().ack("2.05")
    assert shown(talk) == [1, 2, 3]


def test_random_datagrams_never_become_coap() -> None:
    """4,000 datagrams of 400 flows, half with the version bits of CoAP."""
    chance = random.Random(7252)
    talk = Conversation()
    for number in range(4000):
        data = bytearray(chance.randbytes(chance.randint(1, 60)))
        if number & 1:
            data[0] = data[0] & 0x3F | 0x40
        talk.raw(bytes(data), source=f"192.0.2.1:{20_000 + number % 400}", destination=ELSEWHERE)
    assert talk.rules() == {}
    assert shown(talk) == []


def flow(talk: Conversation) -> Flow:
    """The flow of the first message, as it was in the end."""
    return Message(talk.session(), 0).flow


def test_a_flow_is_its_two_ends_in_any_order() -> None:
    talk = Conversation().con("GET").ack("2.05").ack("2.05").con("GET", by="server")
    seen = flow(talk)
    assert str(seen) == "192.0.2.1:40000 - 192.0.2.2:5683"
    assert (seen.datagrams, seen.readable, seen.first_frame) == (4, 4, 1)
    assert (seen.confirmed, seen.plain_on_5684, seen.opaque, seen.failures) == (True, False, 0, 0)


def test_the_start_of_a_flow_is_that_of_its_segment() -> None:
    talk = Conversation().con("GET").con("GET")
    assert flow(talk).start == START
    assert flow(talk.wait(-300).con("GET")).start == talk.frames[-1].time


def test_a_flow_that_is_used_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "MOST_FLOWS", 8)
    talk = Conversation()
    for number in range(40):
        talk.con("GET", source=f"192.0.2.9:{1000 + number}").con("GET")
    session = talk.session()
    assert session.memory[state.FLOWS + state.COUNT] == 8
    used, forgotten = Message(session, 1).flow, Message(session, 0).flow
    assert (used.datagrams, used.first_frame) == (40, 2)
    assert (forgotten.datagrams, forgotten.serial) == (0, 0)
    assert session.counts.coap == 80


def test_what_waits_for_proof_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that cannot keep its first datagrams is confirmed by later ones all the same."""
    monkeypatch.setattr(flows, "MOST_WAITING", 5)
    talk = Conversation(server=ELSEWHERE)
    for number in range(20):
        talk.con("GET", token=b"a", source=f"192.0.2.9:{1000 + number}")
    session = talk.con("GET", token=b"b", source="192.0.2.9:1000").ack("2.05").session()
    assert session.memory[state.PENDING + state.COUNT] == 5
    assert [entry["response_frames"] for entry in exchange_entries(session)] == [[], [22]]


def test_what_waits_for_proof_keeps_its_place_in_the_tables() -> None:
    talk = Conversation(server=ELSEWHERE).con("GET", token=b"a")
    talk.con("GET", source="192.0.2.9:1", destination="192.0.2.8:5683").ack("2.05")
    session = talk.session()
    assert session.messages["frame"].tolist() == [1, 2, 3]
    assert session.messages["role"][0] == Role.UNCONFIRMED


def test_proof_that_comes_after_the_lifetime_pairs_nothing() -> None:
    talk = Conversation(server=ELSEWHERE).con("GET", token=b"ab").wait(300)
    talk.raw(coap(1, "2.05", mid=9, token=b"ab"), by="server")
    (entry,) = exchange_entries(talk.session())
    assert entry["response_frames"] == []
