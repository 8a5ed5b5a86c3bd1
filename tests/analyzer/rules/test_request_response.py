# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clause 5.3.2: responses that fit a request by all keys but one."""

from __future__ import annotations

import pytest

from analyzer.rules.catalogue import E, Severity, W

from .conversation import Conversation

PIGGY_TOKEN, PIGGY_MID = "COAP-7252-5.3.2-PIGGY-TOKEN", "COAP-7252-5.3.2-PIGGY-MID"
OTHER_ENDPOINT = "COAP-7252-5.3.2-OTHER-ENDPOINT"
RULES = {PIGGY_TOKEN, PIGGY_MID, OTHER_ENDPOINT}
OTHER = "198.51.100.9:5683"


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
