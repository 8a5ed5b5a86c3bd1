# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 4.4 and 5.3.1: Message IDs and tokens that are used again."""

from __future__ import annotations

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

MID = "COAP-7252-4.4-MID-REUSE"
TOKEN, OBS = "COAP-7252-5.3.1-TOKEN-REUSE", "COAP-7252-5.3.1-TOKEN-REUSE-OBS"
GROUP_TOKEN = "COAP-GCBIS-3.1.5-MC-TOKEN-REUSE"
GROUP = "224.0.1.187:5683"
REGISTRATION = b'{"Message Type":"REG","UE Service ID":"ue-%d"}'


@pytest.mark.parametrize(
    ("first", "seconds", "severity"),
    [
        ("con", 20, E),
        ("con", 246, E),
        ("con", 248, None),
        ("non", 20, E),
        ("non", 99, E),
        ("non", 120, W),
        ("non", 246, W),
        ("non", 248, None),
    ],
)
@pytest.mark.parametrize("second", ["con", "non"])
def test_a_message_id_used_again(
    first: str, second: str, seconds: float, severity: Severity | None
) -> None:
    talk = getattr(Conversation(), first)("GET", mid=7, token=b"a", path="/a").wait(seconds)
    talk = getattr(talk, second)("GET", mid=7, token=b"b", path="/b")
    assert talk.rules().get(MID) is severity


def test_the_two_directions_do_not_share_message_ids() -> None:
    talk = Conversation().con("GET", mid=7, token=b"a").ack().con("2.05", mid=7).ack()
    assert MID not in talk.rules()


def test_a_copy_and_an_ack_are_no_use() -> None:
    talk = Conversation().con("GET", mid=7, token=b"a").wait(2.5).again().ack("2.05")
    assert MID not in talk.rules()


def test_a_device_that_registers_again_may_have_restarted() -> None:
    talk = Conversation()
    for number in range(2):
        fields = {"mid": 7, "token": bytes([number]), "content_format": 50}
        talk.con("POST", path="/r", payload=REGISTRATION % number, **fields).ack("2.01").wait(60)
    assert talk.rules()[MID] is W


def test_reuses_of_a_direction_are_one_finding() -> None:
    talk = Conversation()
    for number in range(6):
        talk.con("GET", mid=7, token=bytes([number])).ack("2.05")
    (finding,) = talk.findings(MID)
    assert finding.count == 5


def test_a_token_used_again_while_its_request_is_open() -> None:
    talk = Conversation().con("GET", token=b"ab", path="/a")
    open = talk.con("GET", token=b"ab", path="/b")
    assert open.rules()[TOKEN] is W
    answered = Conversation().con("GET", token=b"ab").ack("2.05").con("GET", token=b"ab")
    assert TOKEN not in answered.rules()
    failed = Conversation().con("GET", token=b"ab", path="/a").icmp().con("GET", token=b"ab")
    assert failed.rules()[TOKEN] is N
    late = Conversation().con("GET", token=b"ab").wait(250).con("GET", token=b"ab")
    assert TOKEN not in late.rules()


def test_who_may_use_a_token_again() -> None:
    again = Conversation().con("GET", token=b"ab").wait(2.5).again()
    assert TOKEN not in again.rules()
    block = Conversation().con("GET", token=b"ab", block2=0).con("GET", token=b"ab", block2=0x10)
    assert TOKEN not in block.rules()
    observe = Conversation().con("GET", token=b"ab", observe=0).con("GET", token=b"ab", observe=1)
    assert not {TOKEN, OBS} & observe.rules().keys()


@pytest.mark.parametrize(
    ("method", "path", "more", "told"),
    [
        ("GET", "/a", {}, False),
        ("GET", "/a", {"observe": 0}, False),
        ("GET", "/a", {"observe": 1}, False),
        ("GET", "/b", {}, True),
        ("GET", "/b", {"observe": 0}, True),
        ("PUT", "/a", {}, True),
    ],
)
def test_the_token_of_an_observation(
    method: str, path: str, more: dict[str, int], told: bool
) -> None:
    talk = Conversation().con("GET", token=b"ab", path="/a", observe=0).ack("2.05", observe=1)
    rules = talk.con(method, token=b"ab", path=path, **more).rules()
    assert (rules.get(OBS) is E) is told


def test_the_token_of_a_group_request() -> None:
    def ask(path: str, seconds: float = 10) -> Conversation:
        talk = Conversation(server=GROUP).non("GET", token=b"ab", path="/a")
        talk.non("2.05", source="192.0.2.7:5683").wait(seconds)
        return talk.non("GET", token=b"ab", path=path)

    rules = ask("/b").rules()
    assert rules[GROUP_TOKEN] is W
    assert TOKEN not in rules
    assert GROUP_TOKEN not in ask("/b", 250).rules()
    assert not {TOKEN, GROUP_TOKEN} & ask("/a").rules().keys()
