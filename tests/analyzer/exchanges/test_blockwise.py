# SPDX-License-Identifier: GPL-2.0-only
"""Block-wise transfers: bodies by byte offset, whatever the blocks do (RFC 7959, RFC 9177)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation
from transfers import block, bodies, cut, download, upload

from analyzer.block_bodies import holes, put_together
from analyzer.exchanges import blockwise
from analyzer.messages import WHOLE_BODY
from analyzer.rules.catalogue import N, Severity, W
from analyzer.session import Session

BODY = bytes(range(256)) * 2
INCOMPLETE, STALE = "COAP-7959-2.5-INCOMPLETE", "COAP-7959-2.5-STALE"
ETAG_CHANGED, CONFLICT = "COAP-7959-2.4-ETAG-CHANGED", "COAP-7959-2.5-CONFLICT"
HOLE_ACCEPTED, ORDER = "COAP-7959-2.5-B1-HOLE-ACCEPTED", "COAP-7959-2.5-B1-ORDER"
FEW = settings(max_examples=60, deadline=None)


def about_blocks(talk: Conversation) -> dict[str, Severity]:
    return {id: worst for id, worst in talk.rules().items() if id.startswith("COAP-7959")}


def operations(session: Session) -> list[int]:
    return session.exchanges.stored["operation"].tolist()


# Whole ----------------------------------------------------------------------------------------


@FEW
@given(st.binary(min_size=1, max_size=1500), st.integers(0, 6), st.sampled_from("ud"))
def test_any_body_comes_back(body: bytes, szx: int, way: str) -> None:
    talk = (upload if way == "u" else download)(Conversation(), cut(body, szx))
    session = talk.session()
    one = len(body) <= 16 << szx
    assert bodies(session) == ([] if one else [body])
    assert set(operations(session)) == ({0} if one else {1})
    assert about_blocks(talk) == {}


@pytest.mark.parametrize("way", [upload, download])
def test_the_block_size_may_shrink_on_the_way(way: type) -> None:
    blocks = [*cut(BODY, 3)[:1], *cut(BODY, 1, start=128)]
    talk = way(Conversation(), blocks)
    assert bodies(talk.session()) == [BODY]
    assert about_blocks(talk) == {}


@FEW
@given(st.randoms(use_true_random=False))
def test_blocks_may_come_in_any_order(order: random.Random) -> None:
    blocks = cut(BODY, 1)
    order.shuffle(blocks)
    talk = Conversation()
    for number, (value, payload) in enumerate(blocks):
        fields = {"token": bytes([number]), "path": "/log", "payload": payload}
        talk.non("PUT", options=[(19, value.to_bytes(2, "big").lstrip(b"\0"))], **fields)
    talk.non("2.04")
    if blocks[0][0] >> 4 == 0:
        assert bodies(talk.session()) == [BODY]


def test_a_block_sent_again_is_the_same_block() -> None:
    talk = Conversation()
    for number, (value, payload) in enumerate(cut(BODY, 4)):
        talk.con("PUT", token=bytes([number]), path="/a", block1=value, payload=payload)
        talk.wait(2.5).again().ack("2.31" if value & 8 else "2.04", block1=value)
    session = talk.session()
    assert bodies(session) == [BODY]
    (row,) = [r for r, f in enumerate(session.messages.octets("flags")) if f & WHOLE_BODY]
    whole = put_together(session, row)
    assert whole is not None
    assert [(piece.frame, piece.offset) for piece in whole.blocks] == [(1, 0), (4, 256)]


def test_transfers_of_several_clients_and_resources_do_not_mix() -> None:
    talk, others = Conversation(), [(b"\1", "192.0.2.1:1"), (b"\2", "192.0.2.1:2")]
    blocks = cut(BODY, 4)
    for value, payload in blocks:
        for mark, client in others:
            for path in ("/a", "/b"):
                mine = payload.replace(b"\0", mark + path[1:].encode())[:256]
                asked = {"source": client, "token": mark + path.encode(), "path": path}
                talk.con("PUT", block1=value, payload=mine, **asked)
                talk.ack("2.31" if value & 8 else "2.04", block1=value)
    found = bodies(talk.session())
    assert len(set(found)) == len(found) == 4
    assert about_blocks(talk) == {}


def test_the_answer_to_a_body_may_be_one_itself() -> None:
    """RFC 7959 clause 2.7: Block1, then Block2, are one operation."""
    asked, told = cut(BODY, 4), cut(BODY[::-1], 4)
    talk = Conversation()
    for number, (value, payload) in enumerate(asked):
        fields = {"token": bytes([number]), "path": "/a", "block1": value}
        talk.con("POST", payload=payload, **fields)
        if value & 8:
            talk.ack("2.31", block1=value)
    first, payload = told[0]
    talk.ack("2.04", block1=asked[-1][0], block2=first, payload=payload)
    for value, payload in told[1:]:
        talk.con("POST", token=b"z", path="/a", block2=value & ~8)
        talk.ack("2.04", block2=value, payload=payload)
    session = talk.session()
    assert bodies(session) == [BODY, BODY[::-1]]
    assert operations(session) == [1, 1, 1]


def test_a_notification_is_fetched_under_other_tokens() -> None:
    """RFC 7959 clause 2.6: the first block notifies, the rest is asked for without Observe."""
    blocks = cut(BODY, 4)
    talk = Conversation().con("GET", token=b"o", path="/t", observe=0)
    for number in range(2):
        value, payload = blocks[0]
        fields = {
            "observe": number + 1,
            "block2": value,
            "payload": payload,
            "etag": bytes([number]),
        }
        if number:
            talk.con("2.05", token=b"o", **fields).ack()
        else:
            talk.ack("2.05", **fields)
        value, payload = blocks[1]
        talk.con("GET", token=bytes([number]), path="/t", block2=value)
        talk.ack("2.05", block2=value, payload=payload, etag=bytes([number]))
    session = talk.session()
    assert bodies(session) == [BODY, BODY]
    assert operations(session) == [1, 1, 1]
    assert about_blocks(talk) == {}


def test_every_answer_of_a_group_is_a_body_of_its_own() -> None:
    """Two responders, and the rest from each by unicast (RFC 7959 clause 2.8)."""
    blocks = cut(BODY, 4)
    talk = Conversation()
    talk.non("GET", token=b"g", path="/t", destination="224.0.1.187:5683")
    for host in ("192.0.2.8:5683", "192.0.2.9:5683"):
        value, payload = blocks[0]
        talk.non("2.05", token=b"g", source=host, block2=value, payload=host.encode().ljust(256))
    for host in ("192.0.2.8:5683", "192.0.2.9:5683"):
        value, payload = blocks[1]
        talk.con("GET", token=b"h", path="/t", block2=value, destination=host)
        talk.ack("2.05", block2=value, payload=payload)
    found = bodies(talk.session())
    assert [body[:9] for body in found] == [b"192.0.2.8", b"192.0.2.9"]


# Not whole ------------------------------------------------------------------------------------


def test_a_missing_block_is_told() -> None:
    blocks = cut(BODY, 1)
    talk = upload(Conversation(), blocks[:3] + blocks[4:])
    assert bodies(talk.session()) == []
    assert about_blocks(talk) == {HOLE_ACCEPTED: W, ORDER: W}
    (finding,) = talk.findings(HOLE_ACCEPTED)
    assert finding.seen == "96 of 512 bytes"


def test_a_server_that_misses_a_block_says_so() -> None:
    blocks = cut(BODY, 1)
    talk = upload(Conversation(), blocks[:3] + blocks[4:], final="4.08")
    assert about_blocks(talk) == {ORDER: W}


def test_a_body_that_stops() -> None:
    talk = download(Conversation(), cut(BODY, 4)[:1])
    assert about_blocks(talk) == {INCOMPLETE: N}


def test_a_body_begun_anew() -> None:
    talk = upload(upload(Conversation(), cut(BODY, 3)[:2]), cut(BODY, 3))
    assert bodies(talk.session()) == [BODY]
    (finding,) = talk.findings(INCOMPLETE)
    assert (finding.frame, finding.seen) == (3, "256 bytes from its start")


def test_a_block_after_the_lifetime() -> None:
    blocks = cut(BODY, 4)
    talk = upload(Conversation(), blocks[:1]).wait(248)
    assert about_blocks(upload(talk, blocks[1:])) == {STALE: W, HOLE_ACCEPTED: W}
    assert bodies(talk.session()) == []


def test_a_resource_that_changes() -> None:
    blocks = cut(BODY, 4)
    talk = download(Conversation(), blocks[:1], etag=b"1")
    talk.con("GET", token=b"x", path="/firmware", block2=blocks[1][0])
    talk.ack("2.05", block2=blocks[1][0], payload=blocks[1][1], etag=b"2")
    assert bodies(talk.session()) == []
    assert about_blocks(talk)[ETAG_CHANGED] == N


def test_a_capture_that_begins_in_a_transfer() -> None:
    talk = download(Conversation(), cut(BODY, 3)[2:])
    assert bodies(talk.session()) == []
    assert about_blocks(talk) == {INCOMPLETE: N}
    assert about_blocks(upload(Conversation(), cut(BODY, 3)[2:])) == {HOLE_ACCEPTED: N, ORDER: N}


def test_other_bytes_at_the_same_place() -> None:
    blocks = cut(BODY, 4)
    value, payload = blocks[0]
    talk = upload(Conversation(), [(value, payload), (block(1, True, 4), b"?" * 256)])
    talk = upload(talk, [blocks[1]], token=b"z")
    assert CONFLICT in about_blocks(talk)
    (finding,) = talk.findings(CONFLICT)
    assert finding.frames == [5, 3]
    assert bodies(talk.session()) == [BODY], "what came later counts"


def test_the_same_bytes_once_more_are_no_conflict() -> None:
    blocks = cut(BODY, 4)
    talk = upload(Conversation(), [(block(0, True, 4), blocks[0][1]), (block(1, True, 4), b"")])
    assert CONFLICT not in about_blocks(upload(talk, blocks[1:], token=b"z"))


def test_a_cut_block_makes_no_body() -> None:
    value, payload = cut(BODY, 4)[0]
    talk = Conversation().con("PUT", token=b"a", path="/a", block1=value, payload=payload, cut=9)
    talk.ack("2.31", block1=value)
    value, payload = cut(BODY, 4)[1]
    talk.con("PUT", token=b"b", path="/a", block1=value, payload=payload).ack("2.04", block1=value)
    assert bodies(talk.session()) == []


def test_asking_again_for_a_block_of_a_whole_body_begins_none() -> None:
    blocks = cut(BODY, 4)
    talk = download(Conversation(), blocks)
    talk.con("GET", token=b"x", path="/firmware", block2=blocks[1][0])
    talk.ack("2.05", block2=blocks[1][0], payload=blocks[1][1], etag=b"e")
    assert bodies(talk.session()) == [BODY]
    assert about_blocks(talk) == {}


def test_an_unanswered_q_block_is_not_missing_an_answer() -> None:
    """RFC 9177 clause 4.3: one answer for a set of blocks."""
    talk = Conversation().con("GET").ack("2.05")
    for number, (value, payload) in enumerate(cut(BODY, 4)):
        option = [(19, value.to_bytes(1, "big"))]
        talk.non("PUT", token=bytes([number]), path="/a", options=option, payload=payload)
    talk.non("2.04").wait(300).con("GET").ack("2.05")
    assert bodies(talk.session()) == [BODY]
    assert not [id for id in talk.rules() if "NO-RESPONSE" in id or "UNANSWERED" in id]


# Bounds ---------------------------------------------------------------------------------------


def test_a_body_with_holes_is_looked_through_a_few_times_only() -> None:
    talk = upload(Conversation(), [(block(9, False, 0), b"x" * 16)])
    for number in range(60):
        talk.con(
            "PUT",
            token=bytes([number]),
            path="/firmware",
            block1=block(1, True, 0),
            payload=b"y" * 16,
        )
        talk.ack("2.31")
    session = talk.session()
    body = blockwise.body_at(session.memory.s, 1)
    assert session.memory[body + blockwise.LOOKS] <= blockwise.MOST_LOOKS
    assert session.memory[body + blockwise.AGAIN] <= blockwise.MOST_AGAIN


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12))
def test_holes_are_what_no_block_covers(spans: list[tuple[int, int]]) -> None:
    from analyzer.block_bodies import Block

    blocks = [Block(0, 1, offset, 4, bytes(length)) for offset, length in spans]
    covered = {at for piece in blocks for at in range(piece.offset, piece.end)}
    reached = max((piece.offset for piece in blocks), default=0)
    missing = {at for start, end in holes(blocks) for at in range(start, end)}
    assert missing == set(range(max(reached, max(covered, default=-1) + 1))) - covered
