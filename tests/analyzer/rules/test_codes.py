# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation, Side

CODE_CLASS, SIGNAL = "COAP-7252-3-CODE-CLASS", "COAP-8323-5-SIGNAL-ON-UDP"
METHOD, RESPONSE = "COAP-7252-12.1-METHOD-UNASSIGNED", "COAP-7252-12.1-RESPONSE-UNASSIGNED"
EMPTY_EXTRA, PING = "COAP-7252-4.1-EMPTY-EXTRA", "COAP-7252-4.3-PING"
ACK_REQUEST, ACK_CLASS = "COAP-7252-4.2-ACK-REQUEST", "COAP-7252-4.2-ACK-CLASS"
RST_NOT_EMPTY, NON_EMPTY = "COAP-7252-4.2-RST-NONEMPTY", "COAP-7252-4.3-NON-EMPTY"

OF_CODES = {CODE_CLASS, SIGNAL, METHOD, RESPONSE, EMPTY_EXTRA}
OF_TYPES = {ACK_REQUEST, ACK_CLASS, RST_NOT_EMPTY, NON_EMPTY}
CON, NON, ACK, RST = 0x40, 0x50, 0x60, 0x70


def broken(first: int, code: int) -> dict[str, Severity]:
    """The rules of this area that a message of four bytes breaks."""
    by: Side = "server" if code >= 0x40 else "client"
    rules = Conversation().raw(bytes([first, code, 0x12, 0x34]), by=by).rules()
    return {rule: severity for rule, severity in rules.items() if rule in OF_CODES | OF_TYPES}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0x00, {}),
        (0x01, {}),
        (0x07, {}),
        (0x08, {METHOD: W}),
        (0x1F, {METHOD: W}),
        (0x20, {CODE_CLASS: E}),
        (0x45, {}),
        (0x5E, {RESPONSE: N}),
        (0x61, {CODE_CLASS: E}),
        (0x84, {}),
        (0xA6, {RESPONSE: N}),
        (0xC1, {CODE_CLASS: E}),
        (0xE1, {SIGNAL: E}),
    ],
)
def test_codes(code: int, expected: dict[str, Severity]) -> None:
    assert broken(CON, code) == expected


@pytest.mark.parametrize(
    ("first", "code", "expected"),
    [
        (NON, 0x00, {NON_EMPTY: E}),
        (NON, 0x01, {}),
        (NON, 0x45, {}),
        (ACK, 0x00, {}),
        (ACK, 0x01, {ACK_REQUEST: E}),
        (ACK, 0x45, {}),
        (ACK, 0x61, {ACK_CLASS: E, CODE_CLASS: E}),
        (RST, 0x00, {}),
        (RST, 0x01, {RST_NOT_EMPTY: E}),
        (RST, 0x45, {RST_NOT_EMPTY: E}),
    ],
)
def test_types_with_codes(first: int, code: int, expected: dict[str, Severity]) -> None:
    assert broken(first, code) == expected


def test_signalling_options_are_not_those_of_requests() -> None:
    csm = "40 e1 12 34 22 04 80 20"  # Max-Message-Size 1152, Block-Wise-Transfer
    assert Conversation().raw(csm).rules() == {SIGNAL: E}


# Empty messages -----------------------------------------------------------------------------------


def test_an_empty_ack_that_repeats_the_token() -> None:
    talk = Conversation().con("GET", token=b"abcd").ack(token=b"abcd").non("2.05", token=b"abcd")
    (finding,) = talk.findings(EMPTY_EXTRA)
    assert finding.severity is E
    assert finding.text.startswith("ACK-TOKEN: Empty ACK repeats the token 61626364")
    assert finding.exchange == 1


@pytest.mark.parametrize("data", ["60 00 10 01 aa bb", "61 00 10 01", "60 00 10 01 ff 31"])
def test_an_empty_ack_with_anything_else(data: str) -> None:
    talk = Conversation().con("GET", token=b"abcd").raw(data, by="server")
    (finding,) = talk.findings(EMPTY_EXTRA)
    assert "ACK-TOKEN" not in finding.text


def test_a_copy_of_it_is_not_judged_again() -> None:
    talk = Conversation().con("GET", token=b"abcd").ack(token=b"abcd").wait(2).again(0).again(1)
    assert len(talk.findings(EMPTY_EXTRA)) == 1


def test_pings_of_one_sender_are_one_note() -> None:
    talk = Conversation().con().rst().con().rst().con(by="server").rst()
    assert [(f.severity, f.count) for f in talk.findings(PING)] == [(N, 2), (N, 1)]
    assert PING not in Conversation().con("GET").ack().rules()
