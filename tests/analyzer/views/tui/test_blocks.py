# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of a body in the detail pane."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rules.conversation import Conversation
from transfers import cut, download, upload

from analyzer.capture import Intake
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import Detail, packet_detail
from analyzer.views.places import Page, Place
from analyzer.views.tui.capture_view import CaptureView

SECRET = "c2VjcmV0"
BODY = json.dumps(
    {
        "Message Type": "REG",
        "UE Service ID": "meter-1@example",
        "UE Credential Information": {"authentication type": "AKMA", "a-kid": SECRET * 8},
    }
).encode()
FIELDS: dict[str, Any] = {"path": "/reg", "content_format": 50}


def details(talk: Conversation, unmasked: bool = False) -> list[Detail]:
    view = CaptureView(Intake(()))
    view.session = talk.session()
    view.unmasked = unmasked
    return [packet_detail(view, row) for row in range(len(view.session.messages))]


def nodes(parts: tuple[Node, ...]) -> Iterator[Node]:
    for node in parts:
        yield node
        yield from nodes(node.children)


def lines(detail: Detail) -> list[str]:
    return [node.text for node in nodes(detail.nodes)]


def hidden(detail: Detail) -> bytes:
    return b"".join(detail.data[first:after] for first, after in detail.shown.secrets)


def test_a_block_leads_to_where_its_body_is_whole() -> None:
    shown = details(upload(Conversation(), cut(BODY, 1), "POST", "2.01", **FIELDS))
    last = (len(BODY) - 1) // 32 * 2
    for row in range(0, last, 2):
        link = next(n for n in nodes(shown[row].nodes) if n.text == f"[Reassembled in: {last + 1}]")
        assert link.place == Place(Page.PACKETS, last + 1)
    whole = lines(shown[last])
    start = f"[{last // 2 + 1} Blocks ({len(BODY)} bytes): #1(32), #3(32), "
    assert any(text.startswith(start) for text in whole)
    assert "MSGin5G Registration request" in whole
    assert 'UE Service ID: "meter-1@example"' in whole


def test_a_later_block_leads_to_the_exchange_that_began() -> None:
    shown = details(upload(Conversation(), cut(BODY, 2), "POST", "2.01", **FIELDS))
    links = [[n.place for n in nodes(d.nodes) if n.text == "[Part of: 1]"] for d in shown[:4]]
    assert links == [[], [], [Place(Page.EXCHANGES, 1)], [Place(Page.EXCHANGES, 1)]]


def test_bytes_of_an_element_are_lit_where_this_packet_has_them() -> None:
    detail = details(upload(Conversation(), cut(BODY, 1), "POST", "2.01", **FIELDS))[-2]
    at = detail.data.index(b"\xff", detail.coap_at) + 1
    for node in nodes(detail.nodes):
        if node.key in ("frame", "gone") or node.span is None or node.span[0] < at:
            continue
        assert at <= node.span[0] < node.span[1] <= len(detail.data)


@pytest.mark.parametrize("kept", [-1, None])
def test_no_block_shows_a_credential(kept: int | None) -> None:
    """Whole or not, and wherever the block is cut."""
    talk = upload(Conversation(), cut(BODY, 1)[:kept], "POST", "2.01", **FIELDS)
    for detail in details(talk):
        shown = bytearray(detail.data)
        for first, after in detail.shown.secrets:
            shown[first:after] = b"." * (after - first)
        assert SECRET[:4].encode() not in shown
        assert not any(SECRET[:4] in text for text in lines(detail))


def test_credentials_are_shown_when_asked_for() -> None:
    talk = upload(Conversation(), cut(BODY, 1), "POST", "2.01", **FIELDS)
    detail = details(talk, unmasked=True)[-2]
    assert detail.shown.secrets == ()
    assert any(SECRET in text for text in lines(detail))


def test_a_download_of_something_else_hides_nothing() -> None:
    talk = download(Conversation(), cut(bytes(200), 2)[1:], content_format=42)
    assert [hidden(detail) for detail in details(talk)] == [b""] * len(talk.frames)
    assert any("not whole" in text for text in lines(details(talk)[1]))
