# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest

from analyzer.rules.catalogue import N

from .conversation import ETHERNET, Conversation

DUP, CUT, ONE_WAY = "COAP-CAP-DUP", "COAP-CAP-CUT", "COAP-CAP-ONEWAY"
MID_START, CLOCK, ICMP = "COAP-CAP-MIDSTART", "COAP-CAP-CLOCK", "COAP-CAP-ICMP"
OPAQUE, NOT_COAP, NAT_LEG = "COAP-CAP-OPAQUE", "COAP-CAP-NONCOAP", "COAP-CAP-NATLEG"

VLAN = ETHERNET + b"\x81\x00\x00\x07"
DTLS = bytes.fromhex("17fefd00010000000000010010") + bytes(16)
WAIT = 100  # seconds, more than MAX_TRANSMIT_WAIT


def asked() -> Conversation:
    """A request and its answer."""
    return Conversation().con("GET", token=b"ab").ack("2.05", payload=b"1")


# Recorded twice -----------------------------------------------------------------------------------


def test_records_of_one_datagram_are_one_note_with_a_count() -> None:
    talk = Conversation()
    for _ in range(3):
        talk.con("GET", token=b"ab").recorded_again().ack("2.05").recorded_again()
    (finding,) = talk.findings(DUP)
    assert finding.severity is N
    assert finding.count == 6
    assert finding.frames[:2] == [2, 1]


def test_another_vlan_within_5_ms_is_a_second_record_without_an_identification() -> None:
    assert DUP in Conversation().con("GET", ip_id=0).recorded_again(link=VLAN).rules()


@pytest.mark.parametrize("seconds", [0, 2.5])
def test_a_retransmission_is_no_second_record(seconds: float) -> None:
    assert DUP not in Conversation().con("GET").wait(seconds).again().rules()


# Cut ----------------------------------------------------------------------------------------------


def test_a_cut_message_is_told_once_per_flow_and_raises_no_format_error() -> None:
    talk = Conversation().con("GET", path="/temperature", cut=4).ack("2.05", payload=b"12", cut=1)
    (finding,) = talk.findings(CUT)
    assert finding.count == 2
    assert finding.seen == f"4 bytes of {42 + 4 + 12} not captured"
    assert not [rule for rule in talk.rules() if rule.startswith("COAP-7252-3")]


def test_a_message_whose_fragments_are_missing_is_cut() -> None:
    talk = Conversation().con("POST", payload=bytes(600), fragmented=True, claimed=2000)
    (finding,) = talk.findings(CUT)
    assert finding.seen == "the first of several fragments"


def test_a_whole_message_is_not_cut() -> None:
    assert CUT not in asked().rules()


# One way ------------------------------------------------------------------------------------------


def test_an_unanswered_sender_that_never_repeats_is_seen_one_way() -> None:
    talk = Conversation()
    for _ in range(5):
        talk.con("GET", token=b"ab").wait(WAIT)
    talk.con("GET", token=b"cd")
    (finding,) = talk.findings(ONE_WAY)
    assert finding.severity is N
    assert finding.count == 5


def test_a_one_way_stream_of_non_requests() -> None:
    (finding,) = Conversation().non("GET").wait(WAIT).non("GET").findings(ONE_WAY)
    assert finding.text.endswith("asks by NON; answers may be missing")


def test_a_one_way_stream_of_responses() -> None:
    assert ONE_WAY in Conversation().con("2.05", token=b"ab").wait(WAIT).con("2.05").rules()


@pytest.mark.parametrize(
    "talk",
    [
        asked().wait(WAIT).con("GET"),
        Conversation().con("GET").wait(2.5).again().wait(WAIT).con("GET"),  # a dead server
        Conversation().con("GET"),  # it may still be repeated
        Conversation().con("GET").icmp().wait(WAIT).con("GET"),
        Conversation().non("PUT", no_response=26).wait(WAIT).non("PUT", no_response=26),
        Conversation(server="224.0.1.187:5683").non("GET", token=b"ab").wait(WAIT).non("GET"),
    ],
    ids=["answered", "repeated", "young", "icmp", "no response", "multicast"],
)
def test_what_is_not_one_way(talk: Conversation) -> None:
    assert ONE_WAY not in talk.rules()


# Begin of the capture -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "talk",
    [
        Conversation().non("2.05", token=b"ab"),
        Conversation().ack("2.05", mid=7, by="server"),
        Conversation().ack(mid=7, by="server"),
        Conversation().rst(mid=7),
        Conversation().con("POST", block1=(2, True, 6)),
        Conversation().con("GET", block2=(1, False, 6)),
    ],
    ids=["response", "piggybacked", "ack", "rst", "block1", "block2"],
)
def test_a_first_message_that_follows_another(talk: Conversation) -> None:
    assert talk.rules()[MID_START] is N


@pytest.mark.parametrize(
    "talk",
    [
        asked().rst(mid=7),
        Conversation().con(),
        Conversation().con("POST", block1=(0, True, 6)),
        Conversation().con("GET", block2=(0, False, 6)),
        Conversation()
        .non("GET", token=b"ab", destination="224.0.1.187:5683")
        .non("2.05", source="192.0.2.9:5683"),
    ],
    ids=["request", "ping", "block1", "block2", "multicast"],
)
def test_a_first_message_that_may_be_one(talk: Conversation) -> None:
    assert MID_START not in talk.rules()


# Clock --------------------------------------------------------------------------------------------


def test_steps_back_in_time() -> None:
    (finding,) = asked().wait(-0.8).con("GET").con("GET").findings(CLOCK)
    assert finding.frames == [3, 4]
    assert "new capture" not in finding.text
    (finding,) = asked().wait(-1000).con("GET").con("GET").findings(CLOCK)
    assert finding.frames == [3]
    assert finding.text.endswith("a new capture begins here")


def test_a_millisecond_back_is_no_step() -> None:
    assert CLOCK not in asked().wait(-0.011).con("GET").rules()


# ICMP ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("talk", "kind", "code", "text"),
    [
        (Conversation(), 3, 3, "ICMP says `port unreachable`"),
        (
            Conversation("[2001:db8::1]:40000", "[2001:db8::2]:5683"),
            1,
            4,
            "ICMPv6 says `port unreachable`",
        ),
    ],
)
def test_an_error_is_told_with_the_message_it_quotes(
    talk: Conversation, kind: int, code: int, text: str
) -> None:
    (finding,) = talk.con("GET").icmp(kind, code).again(0).icmp(kind, code).findings(ICMP)
    assert finding.text.startswith(text)
    assert finding.frames == [1, 2, 4]
    assert finding.exchange == 1
    assert finding.count == 2


def test_an_error_about_a_notification_without_its_request() -> None:
    assert ICMP in Conversation().con("2.05", observe=9).icmp().rules()


def test_an_error_about_another_protocol() -> None:
    assert ICMP not in asked().raw("00", destination="192.0.2.2:53").icmp().rules()


# What cannot be read ------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [5683, 5684])
def test_dtls_is_told_once_and_is_no_version_error(port: int) -> None:
    talk = Conversation(server=f"192.0.2.2:{port}").raw(DTLS).raw(DTLS, by="server").raw(DTLS)
    assert [f.rule.id for f in talk.findings()] == [OPAQUE]


def test_random_datagrams_on_a_coap_port_are_one_finding_per_rule() -> None:
    talk = Conversation()
    for text in (b"hello", b"\xff" * 9, b"\x41", b"\x42", b"\x81\x02"):
        talk.raw(text)
    (finding,) = talk.findings(NOT_COAP)
    assert "none of 5 datagrams" in finding.text
    assert [f.count for f in talk.findings("COAP-7252-3-SHORT")] == [2]
    assert [f.count for f in talk.findings("COAP-7252-3-VERSION")] == [2]


def test_what_fails_on_the_dtls_port_is_not_coap() -> None:
    talk = Conversation(server="192.0.2.2:5684").raw("4f 01").raw("4f 02")
    assert list(talk.rules()) == [NOT_COAP]


def test_one_readable_message_makes_a_flow_coap() -> None:
    assert NOT_COAP not in asked().raw("41").rules()
    assert NOT_COAP not in Conversation().raw("41").rules()  # one datagram proves nothing


# NAT ----------------------------------------------------------------------------------------------


def test_both_legs_of_an_address_translator() -> None:
    talk = Conversation().con("GET", token=b"abcd", path="/temperature")
    data = talk.frames[0].data
    talk.raw(data, source="203.0.113.7:61001", ttl=63)
    (finding,) = talk.findings(NAT_LEG)
    assert finding.frames == [2, 1]


def test_two_clients_with_equal_bytes_are_no_two_legs() -> None:
    talk = Conversation().con("GET", token=b"abcd", path="/temperature")
    talk.raw(talk.frames[0].data, source="203.0.113.7:61001")
    assert NAT_LEG not in talk.rules()
