# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clauses 4.2, 4.3, 5.2.2: what is acknowledged or reset, and when."""

from __future__ import annotations

import pytest

from analyzer.rules.catalogue import E, N, W

from .conversation import Conversation, coap

DELAY, NON_ACKED = "COAP-7252-4.2-ACK-DELAY", "COAP-7252-4.3-NON-ACKED"
NON_RST = "COAP-7252-4.3-NON-RST"
MC_RST, MC_ACK = "COAP-7252-8.1-MC-RST", "COAP-7252-8.1-MC-ACK"
NONEMPTY, PROMISED = "COAP-7252-5.2.2-ACK-NONEMPTY", "COAP-7252-5.2.2-EMPTY-THEN-PIGGYBACK"
REJECT, LATE_RST = "COAP-7252-4.2-REJECT-EXPECTED", "COAP-7252-5.3.2-LATE-RST"
CRITICAL = "COAP-7252-5.4.1-CRIT-RESP-ACCEPTED"
GROUP = "224.0.1.187:5683"
MEMBER = "192.0.2.7:5683"


def get(**fields: object) -> Conversation:
    return Conversation().con("GET", token=b"ab", **fields)


def non() -> Conversation:
    return Conversation().non("GET", token=b"ab")


def group(kind: str = "non") -> Conversation:
    return getattr(Conversation(server=GROUP), kind)("GET", token=b"ab")


@pytest.mark.parametrize(("seconds", "told"), [(0.5, False), (1.9, False), (2.1, True)])
@pytest.mark.parametrize("code", ["0.00", "2.05"])
def test_a_late_ack(code: str, seconds: float, told: bool) -> None:
    assert (DELAY in get().wait(seconds).ack(code).rules()) is told
    quick = get().ack(code)
    for number in range(3):
        quick.con("GET", token=bytes([number])).ack(code)
    slow = quick.con("GET", token=b"cd").wait(seconds).ack(code)
    assert (DELAY in slow.rules()) is told, "also after others in time"


def test_an_ack_counts_from_the_copy_before_it() -> None:
    assert DELAY not in get().wait(2.5).again().ack("2.05").rules()


def test_a_late_response_after_an_empty_ack_is_no_late_ack() -> None:
    assert DELAY not in get().ack().wait(4).con("2.05").ack().rules()


@pytest.mark.parametrize("code", ["0.00", "2.05"])
def test_a_non_acknowledged(code: str) -> None:
    assert non().ack(code).rules()[NON_ACKED] is E
    assert NON_ACKED not in get().ack(code).rules()
    assert NON_ACKED not in non().non("2.05").rules()


def test_a_non_rejected() -> None:
    assert non().rst().rules()[NON_RST] is N
    assert NON_RST not in get().rst().rules()


def test_a_group_request_rejected() -> None:
    rules = group().rst(source=MEMBER).rst(source="192.0.2.8:5683").rules()
    assert rules[MC_RST] is W
    assert not {NON_RST, MC_ACK, "COAP-7252-4.5-ACK-SURPLUS"} & rules.keys()


@pytest.mark.parametrize("code", ["0.00", "2.05"])
@pytest.mark.parametrize("kind", ["con", "non"])
def test_a_group_request_acknowledged(kind: str, code: str) -> None:
    rules = group(kind).ack(code, source=MEMBER).rules()
    assert rules[MC_ACK] is E
    assert not {NON_ACKED, MC_RST} & rules.keys()
    assert MC_ACK not in group(kind).non("2.05", source=MEMBER).rules()


def test_a_group_is_told_apart_after_like_messages_that_broke_nothing() -> None:
    talk = get().ack("2.05").con("GET", token=b"ab", destination=GROUP)
    assert talk.ack("2.05", source=MEMBER).rules()[MC_ACK] is E


def test_a_response_acknowledged_by_a_response() -> None:
    talk = get().ack().con("2.05")
    assert NONEMPTY not in talk.ack().rules()
    assert get().ack().con("2.05").ack("2.05").rules()[NONEMPTY] is E


@pytest.mark.parametrize("again", [False, True])
def test_a_piggybacked_response_after_an_empty_ack(again: bool) -> None:
    talk = get().ack().wait(3)
    if again:
        talk.again(0)
    assert talk.ack("2.05").rules()[PROMISED] is E
    assert PROMISED not in get().ack().wait(3).con("2.05").ack().rules()


@pytest.mark.parametrize("data", ["4401123401", "4061123401", "40011234ff"])
def test_a_malformed_con_acknowledged(data: str) -> None:
    bad = Conversation().raw(data)
    assert bad.raw("60451234", by="server").rules()[REJECT] is W
    assert REJECT not in Conversation().raw(data).raw("70001234", by="server").rules()


def test_another_version_is_a_rule_of_its_own() -> None:
    assert REJECT not in Conversation().raw("80011234").raw("60001234", by="server").rules()


def test_a_response_rejected() -> None:
    assert get().ack().con("2.05").rst().rules()[LATE_RST] is N
    assert LATE_RST not in get().ack().con("2.05").ack().rules()
    observed = get(observe=0).ack("2.05", observe=1).con("2.05", observe=2)
    assert LATE_RST not in observed.rst().rules(), "that cancels an observation"


def test_a_critical_option_acknowledged() -> None:
    unknown = [(25, b"x")]
    assert get().ack().con("2.05", options=unknown).ack().rules()[CRITICAL] is W
    rules = get().ack().con("2.05", options=unknown).rst().rules()
    assert not {CRITICAL, LATE_RST} & rules.keys()
    assert CRITICAL not in get().ack().con("2.05", options=[(26, b"x")]).ack().rules()


def test_an_ack_recorded_before_its_con_is_neither_late_nor_an_orphan() -> None:
    talk = Conversation().raw(coap(2, "0.00", mid=7), by="server").con("GET", mid=7, token=b"ab")
    rules = talk.wait(5).con("2.05").ack().rules()
    assert not {DELAY, "COAP-7252-4.4-ACK-ORPHAN"} & rules.keys()
    assert rules["COAP-7252-5.2.2-SEPARATE"] is N
