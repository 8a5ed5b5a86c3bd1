# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

DELTA_15, LENGTH_15 = "COAP-7252-3.1-DELTA-15", "COAP-7252-3.1-LENGTH-15"
HEADER_CUT, VALUE_CUT = "COAP-7252-3.1-EXT-TRUNC", "COAP-7252-3.1-VALUE-TRUNC"
OVERFLOW = "COAP-7252-3.1-NUMBER-OVERFLOW"
CRITICAL, ELECTIVE = "COAP-7252-5.4.3-LEN-CRITICAL", "COAP-7252-5.4.3-LEN-ELECTIVE"
LEADING_ZERO, UTF8 = "COAP-7252-3.2-UINT-LEADING-ZERO", "COAP-7252-3.2-UTF8"

GET = "40 01 12 34 "


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        (DELTA_15, "f1 61", "ff 61"),
        (LENGTH_15, "bf 61", "be 00 00" + 269 * "61"),
        (HEADER_CUT, "de 02", "d1 02 61"),
        (HEADER_CUT, "1d", "1d 00" + 13 * "61"),
        (VALUE_CUT, "b4 61 62", "b2 61 62"),
        (OVERFLOW, "e0 fe f2 10", "e0 fe f2"),
    ],
)
def test_option_headers(rule: str, bad: str, good: str) -> None:
    assert Conversation().raw(GET + bad).rules()[rule] is E
    assert rule not in Conversation().raw(GET + good).rules()


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_what_was_cut_is_no_format_error(cut: int) -> None:
    rules = Conversation().raw(GET + "d4 02 61 62 63 64", cut=cut + 2).rules()
    assert not {HEADER_CUT, VALUE_CUT} & rules.keys()


def test_a_cut_value_says_how_much_there_is() -> None:
    (finding,) = Conversation().raw(GET + "b4 61 62").findings(VALUE_CUT)
    assert finding.text.startswith("Uri-Path ends after 2 bytes")
    assert finding.span == (5, 7)


@pytest.mark.parametrize(
    ("rule", "options", "breaks"),
    [
        (CRITICAL, {"uri_host": ""}, True),
        (CRITICAL, {"accept": b"123"}, True),
        (CRITICAL, {"if_match": bytes(9)}, True),
        (CRITICAL, {"uri_path": "a" * 256}, True),
        (CRITICAL, {"uri_path": "a" * 255, "uri_query": "", "if_match": b""}, False),
        (ELECTIVE, {"content_format": b"123"}, True),
        (ELECTIVE, {"etag": b""}, True),
        (ELECTIVE, {"hop_limit": b"12"}, False),  # COAP-8768-3-RANGE
        (ELECTIVE, {"etag": b"12345678", "size2": b""}, False),
    ],
)
def test_value_lengths(rule: str, options: dict[str, Any], breaks: bool) -> None:
    severity = E if rule == CRITICAL else W
    rules = Conversation().con("GET", **options).rules()
    assert rules.get(rule) is (severity if breaks else None)


def test_a_wrong_length_says_what_is_allowed() -> None:
    (finding,) = Conversation().con("GET", etag=bytes(9)).findings(ELECTIVE)
    assert finding.text.startswith("ETag has 9 bytes")
    assert finding.expected == "1 to 8 bytes"


def test_an_edhoc_option_with_a_value_has_a_rule_of_its_own() -> None:
    rules = Conversation().con("POST", edhoc=b"1", oscore=b"", payload=b"1").rules()
    assert not {CRITICAL, ELECTIVE} & rules.keys()
    assert rules["COAP-9668-3.1-EDHOC-VALUE"] is W


@pytest.mark.parametrize(
    ("options", "breaks"),
    [
        ({"content_format": b"\0"}, True),
        ({"observe": b"\0"}, True),
        ({"block2": b"\0"}, True),
        ({"accept": b"\0\x32"}, True),
        ({"content_format": b"", "observe": b"", "block2": b""}, False),
        ({"hop_limit": b"\0"}, False),
        ({"etag": b"\0"}, False),
    ],
)
def test_leading_zeros(options: dict[str, Any], breaks: bool) -> None:
    rules = Conversation().con("GET", **options).rules()
    assert rules.get(LEADING_ZERO) is (N if breaks else None)


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (b"plain", None),
        ("ä".encode(), None),
        ("温度".encode(), None),
        ("ä".encode("latin-1"), E),
        (b"\xed\xa0\x80", E),  # a surrogate
        (b"\xc0\xaf", E),  # `/` in two bytes
        (b"a\tb", N),
        (b"a\x7f", N),
        ("a\u0308".encode(), N),
    ],
)
@pytest.mark.parametrize("option", ["uri_path", "uri_query", "uri_host"])
def test_strings(option: str, value: bytes, severity: Severity | None) -> None:
    assert Conversation().con("GET", **{option: value}).rules().get(UTF8) is severity


def test_each_bad_string_is_told() -> None:
    talk = Conversation().con("GET", uri_path=[b"\xff", b"ok", b"a\tb", b"a\xcc\x88"])
    assert [f.severity for f in talk.findings(UTF8)] == [E, N, N]
    assert talk.findings(UTF8)[2].expected == "'ä'"


def test_opaque_values_are_no_strings() -> None:
    assert UTF8 not in Conversation().con("GET", etag=b"\xff\x00").rules()
