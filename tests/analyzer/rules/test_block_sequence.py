# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of one body, one after the other (RFC 7959)."""

from __future__ import annotations

from typing import Any

from transfers import block, cut, download, upload

from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation

NOT_ADOPTED, CHANGED = "COAP-7959-2.3-B2-SZX-NOT-ADOPTED", "COAP-7959-2.4-B2-SZX-CHANGED"
IGNORED, B2_ORDER = "COAP-7959-2.3-B1-SZX-IGNORED", "COAP-7959-2.7-B2-ORDER"
B1_ORDER, INTERLEAVED = "COAP-7959-2.5-B1-ORDER", "COAP-7959-2.5-B1-INTERLEAVED"
OPTIONS, TAG = "COAP-7959-2.4-B2-OPTIONS", "COAP-9175-3.2-REQTAG-CHANGED"
RULES = {NOT_ADOPTED, CHANGED, IGNORED, B2_ORDER, B1_ORDER, INTERLEAVED, OPTIONS, TAG}
BODY = bytes(range(256)) * 2


def broken(talk: Conversation) -> dict[str, Severity]:
    return {id: worst for id, worst in talk.rules().items() if id in RULES}


def fetch(
    talk: Conversation, asked: int, sent: int | None = None, code: str = "GET", **fields: Any
) -> Conversation:
    """A request for a block, and the block."""
    sent = asked | 8 if sent is None else sent
    named = {"token": b"t", "path": "/firmware"} | fields
    talk.con(code, block2=asked, **named)
    return talk.ack("2.05", block2=sent, payload=bytes(16 << (sent & 7)), etag=b"e")


def send(
    talk: Conversation, value: int, said: int | None = None, token: bytes = b"t", **fields: Any
) -> Conversation:
    """A block of a request, and its answer."""
    size = 16 << (value & 7)
    talk.con("PUT", token=token, path="/a", block1=value, payload=bytes(size), **fields)
    return talk.ack("2.31" if value & 8 else "2.04", block1=value if said is None else said)


# Sizes ----------------------------------------------------------------------------------------


def test_a_transfer_in_both_directions_breaks_nothing() -> None:
    for way in (upload, download):
        assert broken(way(Conversation(), cut(BODY, 2))) == {}


def test_the_first_block_may_be_of_any_size() -> None:
    blocks = [*cut(BODY, 4)[:1], *cut(BODY, 1, start=256)]
    assert broken(download(Conversation(), blocks)) == {}
    assert broken(upload(Conversation(), blocks)) == {}


def test_a_client_that_does_not_take_the_size_of_the_server() -> None:
    talk = download(Conversation(), cut(BODY, 2)[:1])
    fetch(talk, block(1, False, 3), block(2, True, 2))
    assert broken(talk) == {NOT_ADOPTED: E}


def test_a_client_may_ask_for_smaller_blocks_on_the_way() -> None:
    talk = download(Conversation(), cut(BODY, 2)[:2])
    assert broken(fetch(talk, block(4, False, 1))) == {}


def test_a_server_that_changes_the_size() -> None:
    talk = download(Conversation(), cut(BODY, 2)[:2])
    assert broken(fetch(talk, block(2, False, 2), block(4, True, 1))) == {CHANGED: E}


def test_like_blocks_are_told_apart_by_what_was_asked_for() -> None:
    talk = Conversation()
    for path, asked in (("/a", block(4, False, 1)), ("/b", block(2, False, 2))):
        download(talk, cut(BODY, 2)[:2], path=path)
        fetch(talk, asked, block(4, True, 1), path=path)
    (finding,) = talk.findings(CHANGED)
    assert finding.frame == 12


def test_the_size_that_the_server_asked_for() -> None:
    talk = send(Conversation(), block(0, True, 6), block(0, True, 2))
    assert broken(send(talk, block(1, True, 6))) == {IGNORED: W}
    talk = send(Conversation(), block(0, True, 6), block(0, True, 2))
    assert broken(send(talk, block(16, True, 2))) == {}


# Order ----------------------------------------------------------------------------------------


def both_ways(*asked: int) -> Conversation:
    """A body in two blocks, and blocks of its answer as they are asked for."""
    talk = Conversation()
    fields = {"path": "/a", "payload": bytes(64)}
    talk.con("POST", token=b"a", block1=block(0, True, 2), **fields)
    talk.ack("2.31", block1=block(0, True, 2))
    talk.con("POST", token=b"b", block1=block(1, False, 2), **fields)
    answer = {"payload": bytes(64), "etag": b"e"}
    talk.ack("2.04", block1=block(1, False, 2), block2=block(0, True, 2), **answer)
    for number in asked:
        talk.con("POST", token=bytes([number]), path="/a", block2=block(number, False, 2))
        talk.ack("2.04", block2=block(number, number < 5, 2), **answer)
    return talk


def test_the_answer_to_a_body_is_fetched_in_order() -> None:
    assert broken(both_ways(1, 2, 3, 3, 4, 5)) == {}
    assert broken(both_ways(1, 2, 1)) == {B2_ORDER: E}
    assert broken(both_ways(1, 3)) == {B2_ORDER: W}


def test_another_answer_may_be_fetched_in_any_order() -> None:
    talk = download(Conversation(), cut(BODY, 2)[:1])
    for number in (3, 1, 5):
        fetch(talk, block(number, False, 2))
    assert broken(talk) == {}


def test_a_block_left_out() -> None:
    blocks = cut(BODY, 2)
    talk = upload(Conversation(), [*blocks[:2], *blocks[3:]])
    assert broken(talk) == {B1_ORDER: W}
    (finding,) = talk.findings(B1_ORDER)
    assert finding.frames == [5, 3]


def test_a_body_that_does_not_begin_at_its_start() -> None:
    late = [(block(3, True, 2), bytes(64))]
    assert broken(upload(Conversation(), late)) == {B1_ORDER: N}
    talk = Conversation().con("GET", token=b"x").ack("2.05").wait(250)
    assert broken(upload(talk, late)) == {B1_ORDER: W}


def test_blocks_sent_again_are_in_order() -> None:
    talk = send(send(Conversation(), block(0, True, 2)), block(1, True, 2)).again(-2)
    send(talk, block(1, True, 2), token=b"u")  # under another Message ID
    send(send(talk, block(2, False, 2)), block(2, False, 2), token=b"v")  # it is whole already
    assert broken(talk) == {}


def test_q_blocks_may_be_missing() -> None:
    """RFC 9177 clause 4.3: the server lists what it misses, and the body goes on."""
    talk = Conversation()
    blocks = cut(BODY, 4)
    for number in (0, 2, 1):
        value = block(number, number < 2, 2)
        fields = {"token": bytes([number]), "path": "/a", "request_tag": b"1"}
        talk.non("PUT", options=[(19, bytes([value]))], payload=bytes(64), **fields)
        if number == 2:
            talk.non("4.08", token=b"\2", content_format=272, payload=b"\1")
    talk.non("2.04", token=b"\1", options=[(19, bytes([block(2, False, 2)]))])
    assert len(blocks) == 2
    assert broken(talk) == {}
    assert "COAP-7959-2.5-INCOMPLETE" not in talk.rules()
    assert "COAP-7959-2.5-B1-HOLE-ACCEPTED" not in talk.rules()


# Two bodies -----------------------------------------------------------------------------------


def test_two_bodies_at_a_time() -> None:
    talk = Conversation()
    for number, token in ((0, b"a"), (1, b"a"), (0, b"b"), (2, b"a"), (1, b"b")):
        send(talk, block(number, True, 2), token=token)
    assert broken(talk)[INTERLEAVED] == W
    (finding,) = talk.findings(INTERLEAVED)
    assert finding.frame == 7


def test_a_body_begun_anew_is_one() -> None:
    talk = Conversation()
    for number in (0, 1, 0, 1, 2):
        send(talk, block(number, True, 2))
    assert broken(talk) == {}


def test_request_tags_tell_bodies_apart() -> None:
    talk = Conversation()
    for number, tag in ((0, b"a"), (1, b"a"), (0, b"b"), (2, b"a"), (1, b"b")):
        send(talk, block(number, True, 2), token=tag, request_tag=tag)
    assert broken(talk) == {}


def test_a_request_tag_that_changes() -> None:
    talk = send(Conversation(), block(0, True, 2), request_tag=b"a")
    assert broken(send(talk, block(1, True, 2), request_tag=b"b")) == {TAG: W}


def test_options_that_change() -> None:
    blocks = cut(BODY, 2)
    talk = download(Conversation(), blocks[:1], accept=60)
    assert broken(fetch(talk, block(1, False, 2))) == {OPTIONS: W}
    assert talk.findings(OPTIONS)[0].seen == "Accept"
    talk = download(Conversation(), blocks[:1], accept=60)
    assert broken(fetch(talk, block(1, False, 2), accept=60)) == {}


def test_two_downloads_are_no_change_of_options() -> None:
    talk = download(Conversation(), cut(BODY, 2)[:1], path="/a")
    fetch(talk, block(1, False, 2), path="/b", token=b"other")
    assert broken(talk) == {}
