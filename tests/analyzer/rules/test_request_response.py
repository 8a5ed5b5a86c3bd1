# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 5.2 and 5.3.2: in which way responses come, and by which keys they fit."""

from __future__ import annotations

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

PIGGY_TOKEN, PIGGY_MID = "COAP-7252-5.3.2-PIGGY-TOKEN", "COAP-7252-5.3.2-PIGGY-MID"
OTHER_ENDPOINT = "COAP-7252-5.3.2-OTHER-ENDPOINT"
RULES = {PIGGY_TOKEN, PIGGY_MID, OTHER_ENDPOINT}
OTHER = "198.51.100.9:5683"
NON_CON, SEPARATE = "COAP-7252-5.2.3-NON-CON", "COAP-7252-5.2.2-SEPARATE"


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: level for id, level in talk.rules().items() if id in RULES}


def get(token: bytes = b"abcd") -> Conversation:
    return Conversation().con("GET", token=token)


@pytest.mark.parametrize("token", [b"", b"abcd", b"abcdefgh"])
def test_a_good_answer_breaks_nothing(token: bytes) -> None:
    assert broken(get(token).ack("2.05")) == {}
    assert broken(get(token).ack().con("2.05").ack()) == {}


@pytest.mark.parametrize(("asked", "answered"), [(b"ab", b"ac"), (b"ab", b""), (b"", b"ab")])
def test_an_ack_with_another_token(asked: bytes, answered: bytes) -> None:
    talk = get(asked).ack("2.05", token=answered)
    assert broken(talk) == {PIGGY_TOKEN: E}
    (finding,) = talk.findings(PIGGY_TOKEN)
    assert (finding.seen, finding.expected) == (
        answered.hex() or "(empty)",
        asked.hex() or "(empty)",
    )
    assert finding.frames == [2, 1]


def test_an_ack_with_another_message_id() -> None:
    talk = get().ack("2.05", mid=0x7777)
    assert broken(talk) == {PIGGY_MID: W}, "the request it means may lie before the capture"
    old = Conversation().con("GET", token=b"z").ack("2.05").wait(300).con("GET", token=b"abcd")
    assert broken(old.ack("2.05", mid=0x7777)) == {PIGGY_MID: E}


@pytest.mark.parametrize(("token", "severity"), [(b"abcd", E), (b"ab", E), (b"a", W)])
@pytest.mark.parametrize("source", [OTHER, "192.0.2.2:5684", "192.0.2.2:61616"])
def test_a_response_from_another_endpoint(token: bytes, severity: Severity, source: str) -> None:
    talk = get(token).non("2.05", source=source)
    if source.endswith(":61616"):  # a flow of its own, confirmed by a second message
        talk.non("2.05", source=source, token=b"other")
    assert broken(talk) == {OTHER_ENDPOINT: severity}


def test_an_ack_with_message_id_and_token_from_another_endpoint() -> None:
    assert broken(get().ack("2.05", source=OTHER)) == {OTHER_ENDPOINT: E}


def test_members_of_a_group_are_no_other_endpoints() -> None:
    talk = Conversation(server="224.0.1.187:5683").non("GET", token=b"abcd")
    assert broken(talk.non("2.05", source=OTHER)) == {}


def test_an_answered_request_attracts_nothing() -> None:
    assert broken(get().ack("2.05").non("2.05", source=OTHER)) == {}


def test_a_confirmable_response_to_a_non() -> None:
    talk = Conversation()
    for number in range(3):
        talk.non("GET", token=bytes([number])).con("2.05").ack()
    (finding,) = talk.findings(NON_CON)
    assert (finding.severity, finding.count) == (N, 3)
    assert NON_CON not in Conversation().non("GET", token=b"a").non("2.05").rules()
    assert NON_CON not in get().ack().con("2.05").ack().rules()
    observed = Conversation().non("GET", token=b"a", observe=0).non("2.05", observe=1)
    assert NON_CON not in observed.con("2.05", observe=2).ack().rules()


def test_a_separate_response() -> None:
    (finding,) = get().wait(0.1).ack().wait(2).con("2.05").ack().findings(SEPARATE)
    assert (finding.severity, finding.frames) == (N, [3, 1, 2])
    assert "acknowledged after 110 ms, answered after 2.12 s" in finding.text
    assert SEPARATE not in get().ack("2.05").rules()
    assert SEPARATE not in get().con("2.05").ack().rules(), "no Empty ACK was seen"
    observed = Conversation().con("GET", token=b"a", observe=0).ack("2.05", observe=1)
    assert SEPARATE not in observed.con("2.05", observe=2).ack().rules()
