# SPDX-License-Identifier: GPL-2.0-only
"""What the blocks of one body say of it (RFC 7959)."""

from __future__ import annotations

import pytest
from transfers import block, cut, download, upload

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

MIXED, NO_ETAG = "COAP-7959-2.4-ETAG-MIXED", "COAP-7959-2.4-NO-ETAG"
ETAG_CHANGED, FORMAT = "COAP-7959-2.4-ETAG-CHANGED", "COAP-7959-2.3-CF-CHANGED"
PAST_END, LEFTOVER = "COAP-7959-2.4-B2-PAST-END", "COAP-7959-2.7-B1-LEFTOVER"
ESTIMATE, BODY_FORMAT = "COAP-7959-4-SIZE-ESTIMATE", "COAP-7252-5.5.1-BODY-FORMAT"
INCOMPLETE = "COAP-7959-2.5-INCOMPLETE"
RULES = {MIXED, NO_ETAG, ETAG_CHANGED, FORMAT, PAST_END, LEFTOVER, ESTIMATE, BODY_FORMAT}
BODY = b'{"a": [' + b"1, " * 80 + b"2]}"


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: worst for id, worst in talk.rules().items() if id in RULES}


def blocks_with(*answers: dict[str, object], szx: int = 2) -> Conversation:
    """Blocks of a response, each with options of its own; more follow."""
    talk = Conversation()
    for number, answer in enumerate(answers):
        asked = {"block2": block(number, False, szx)} if number else {}
        talk.con("GET", token=bytes([number]), path="/a", **asked)
        talk.ack("2.05", block2=block(number, True, szx), payload=bytes(16 << szx), **answer)
    return talk


def test_a_good_body_breaks_nothing() -> None:
    blocks = cut(BODY, 2)
    assert broken(download(Conversation(), blocks, etag=b"e", content_format=50)) == {}
    assert broken(upload(Conversation(), blocks, content_format=50)) == {}


def test_etags() -> None:
    one = {"etag": b"1"}
    assert broken(blocks_with(one, one, one)) == {}
    assert broken(blocks_with(one, {}, one)) == {MIXED: N}
    assert broken(blocks_with({}, one)) == {MIXED: N}
    assert broken(blocks_with({}, {})) == {}  # it is not whole yet


def test_a_body_without_etag() -> None:
    talk = Conversation()
    for number in (0, 1, 0, 1):
        value = block(number, number == 0, 2)
        talk.con("GET", token=bytes([number]), path="/a", block2=value & ~8)
        talk.ack("2.05", block2=value, payload=bytes(64))
    (finding,) = talk.findings(NO_ETAG)
    assert (finding.severity, finding.count) == (N, 2)
    assert NO_ETAG not in upload(Conversation(), cut(BODY, 2)).rules()


def test_an_etag_that_changes() -> None:
    one, two = {"etag": b"1"}, {"etag": b"2"}
    assert broken(blocks_with(one, two)) == {ETAG_CHANGED: N}  # it stops
    assert broken(blocks_with(one, two, two)) == {ETAG_CHANGED: W}
    again = blocks_with(one, two)
    again.con("GET", token=b"x", path="/a")
    again.ack("2.05", block2=block(0, True, 2), payload=bytes(64), **two)
    assert broken(again) == {ETAG_CHANGED: N}  # it begins anew


def test_content_formats() -> None:
    json, cbor = ({"etag": b"1", "content_format": number} for number in (50, 60))
    assert broken(blocks_with(json, json)) == {}
    assert broken(blocks_with(json, cbor)) == {FORMAT: E}
    assert broken(blocks_with(json, {"etag": b"1"})) == {FORMAT: N}
    talk = Conversation()
    for number, form in enumerate((50, 60)):
        value = {"block1": block(number, True, 0)}
        talk.con("PUT", token=b"a", path="/a", content_format=form, payload=b"1" * 16, **value)
        talk.ack("2.31", **value)
    assert broken(talk) == {FORMAT: E}


@pytest.mark.parametrize(("etag", "severity"), [({"etag": b"e"}, W), ({}, N)])
def test_a_block_behind_the_end(etag: dict[str, bytes], severity: Severity) -> None:
    talk = download(Conversation(), cut(BODY[:100], 2))
    talk.con("GET", token=b"x", path="/firmware", block2=block(2, False, 2))
    said = {"block2": block(2, False, 2), "payload": b"x"} | etag
    assert broken(talk.ack("2.05", **said))[PAST_END] == severity
    talk.con("GET", token=b"y", path="/firmware", block2=block(3, False, 2)).ack("4.00")
    assert len(talk.findings(PAST_END)) == 1


def test_block1_in_the_second_phase() -> None:
    talk = Conversation().con("POST", path="/a", block1=block(3, False, 2))
    assert broken(talk.con("POST", block1=block(3, False, 2), block2=block(0, False, 2))) == {}
    talk.con("POST", path="/a", block1=block(3, False, 2), block2=block(1, False, 2))
    assert broken(talk) == {LEFTOVER: W}


def test_sizes_that_are_announced() -> None:
    blocks, size = cut(BODY, 2), len(BODY)
    assert broken(upload(Conversation(), blocks, size1=size, content_format=50)) == {}
    assert broken(upload(Conversation(), blocks, size1=9, content_format=50)) == {ESTIMATE: N}


@pytest.mark.parametrize(
    ("body", "form", "worst"),
    [
        (BODY, 50, None),
        (BODY[:-1], 50, W),
        (BODY + b"\0", 50, W),
        (b"\x83" + b"\x01" * 299, 60, W),
        (b"\x78\xff" + b"a" * 255, 60, None),
        (b"\xff" + b"a" * 200, 0, W),
        (b"a" * 200 + b"\0", 0, N),
        (b"\xff" * 300, 42, None),
    ],
)
def test_a_body_is_of_its_format(body: bytes, form: int, worst: Severity | None) -> None:
    for way in (upload, download):
        talk = way(Conversation(), cut(body, 2), content_format=form)
        assert talk.rules().get(BODY_FORMAT) == worst


def test_the_breach_of_a_body_is_in_the_block_that_has_it() -> None:
    broken_at = BODY[:70] + b"?" + BODY[71:]
    talk = upload(Conversation(), cut(broken_at, 2), content_format=50)
    (finding,) = talk.findings(BODY_FORMAT)
    assert finding.frames[0] == 3
    assert talk.frames[2].data[finding.span[0] : finding.span[1]] == b"?"


def test_a_body_too_large_is_not_read() -> None:
    talk = upload(Conversation(), cut(b"{" * 60_100, 6), content_format=50)
    assert BODY_FORMAT not in talk.rules()
