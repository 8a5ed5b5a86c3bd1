# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

SHORT, VERSION = "COAP-7252-3-SHORT", "COAP-7252-3-VERSION"
VERSION_ANSWERED, MARKER = "COAP-7252-3-VERSION-ANSWERED", "COAP-7252-3-MARKER-NO-PAYLOAD"
FRAGMENTED, LARGE = "COAP-7252-4.6-FRAGMENTED", "COAP-7252-4.6-LARGE"
PLAIN = "COAP-7252-6.2-PLAIN-ON-5684"


@pytest.mark.parametrize(("size", "severity"), [(0, N), (1, E), (3, E), (4, None)])
def test_short_datagrams(size: int, severity: Severity | None) -> None:
    data = bytes.fromhex("40011234")[:size]
    assert Conversation().con("GET").raw(data).rules().get(SHORT) is severity


def test_what_was_cut_is_not_short() -> None:
    assert SHORT not in Conversation().con("GET").raw("40011234", cut=2).rules()


def test_on_a_flow_not_known_as_coap_nothing_is_an_error() -> None:
    assert not Conversation(server="192.0.2.2:7000").raw("401234").raw("4f01").rules()


@pytest.mark.parametrize(("first", "breaks"), [(0x00, True), (0x80, True), (0xC0, True), (0x40, 0)])
def test_versions(first: int, breaks: bool) -> None:
    rules = Conversation().con("GET").raw(bytes([first, 1, 0x12, 0x34])).rules()
    assert rules.get(VERSION) is (E if breaks else None)


@pytest.mark.parametrize("kind", ["60", "70"])
def test_a_version_that_must_be_ignored_is_answered(kind: str) -> None:
    talk = Conversation().raw("80 01 12 34").raw(f"{kind} 00 12 34", by="server")
    (finding,) = talk.findings(VERSION_ANSWERED)
    assert finding.severity is W
    assert finding.frames == [2, 1]


def test_another_message_id_does_not_answer_it() -> None:
    talk = Conversation().raw("80 01 12 34").raw("60 00 12 35", by="server")
    assert VERSION_ANSWERED not in talk.rules()


def test_a_marker_behind_the_cut_proves_nothing() -> None:
    assert Conversation().raw("40 01 12 34 ff").rules()[MARKER] is E
    assert MARKER not in Conversation().raw("40 02 12 34 ff 31", cut=1).rules()


# Size ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [(), ("[2001:db8::1]:40000", "[2001:db8::2]:5683")])
def test_ip_fragments(ends: tuple[str, ...]) -> None:
    assert FRAGMENTED not in Conversation(*ends).con("POST", payload=bytes(600)).rules()
    talk = Conversation(*ends).con("POST", payload=bytes(600), fragmented=True)
    assert talk.rules()[FRAGMENTED] is W
    assert LARGE not in talk.rules()


@pytest.mark.parametrize(
    ("payload", "path", "severity"),
    [(1024, "", None), (1025, "", N), (1000, "/a" * 100, N), (1000, "", None)],
)
def test_large_messages(payload: int, path: str, severity: Severity | None) -> None:
    talk = Conversation().con("POST", payload=bytes(payload), path=path)
    assert talk.rules().get(LARGE) is severity


def test_a_large_message_in_fragments_is_a_warning() -> None:
    talk = Conversation().con("POST", payload=bytes(1400), fragmented=True, claimed=4000)
    (finding,) = talk.findings(LARGE)
    assert finding.severity is W
    assert "at least 1405 bytes" in finding.text


@pytest.mark.parametrize(("code", "severity"), [(4, W), (3, N)])
def test_a_large_message_that_icmp_calls_too_big(code: int, severity: Severity) -> None:
    talk = Conversation().con("POST", payload=bytes(1400)).icmp(3, code)
    assert talk.rules()[LARGE] is severity


def test_a_small_message_called_too_big_is_not_large() -> None:
    assert LARGE not in Conversation().con("POST", payload=bytes(400)).icmp(3, 4).rules()


# Port 5684 ----------------------------------------------------------------------------------------


def test_plain_coap_on_the_dtls_port_is_one_finding() -> None:
    talk = Conversation(server="192.0.2.2:5684").con("GET").ack("2.05")
    (finding,) = talk.findings(PLAIN)
    assert (finding.severity, finding.count) == (W, 2)


def test_a_port_that_the_user_names_carries_coap() -> None:
    talk = Conversation(server="192.0.2.2:5684").con("GET").ack("2.05")
    assert PLAIN not in talk.rules(ports=frozenset({5684}))
    assert PLAIN not in Conversation().con("GET").ack("2.05").rules()
