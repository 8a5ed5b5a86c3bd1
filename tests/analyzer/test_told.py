# SPDX-License-Identifier: GPL-2.0-only
"""How much is told of a good capture: what is alike is judged once, however long it goes on."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from rules.conversation import Conversation
from transfers import block, cut, download, upload

from analyzer.events import Event
from analyzer.session import Session

BODY = bytes(range(256)) * 80


def told(monkeypatch: pytest.MonkeyPatch, talk: Conversation) -> Counter[str]:
    """How many events of each kind are judged."""
    counted: Counter[str] = Counter()
    judge = Session.judge

    def count(session: Session, event: Event, form: int = 0) -> Any:
        counted[type(event).__name__] += 1
        return judge(session, event, form)

    monkeypatch.setattr(Session, "judge", count)
    session = talk.session()
    monkeypatch.undo()
    assert not [f for f in session.findings if f.rule.id.startswith(("COAP-7959", "COAP-7641"))]
    return counted


def uploaded(blocks: int) -> Conversation:
    return upload(Conversation(), cut(BODY[: blocks * 16], 0))


def downloaded(blocks: int) -> Conversation:
    return download(Conversation(), cut(BODY[: blocks * 16], 0), etag=b"e")


def robust(blocks: int) -> Conversation:
    """By Q-Block1, with an answer to each set."""
    talk = Conversation()
    for number in range(blocks):
        value = block(number, number < blocks - 1, 0).to_bytes(2, "big").lstrip(b"\0")
        fields: dict[str, Any] = {"path": "/a", "request_tag": b"1", "size1": blocks * 16}
        fields |= {"token": number.to_bytes(2, "big"), "payload": bytes(16)}
        talk.non("PUT", options=[(19, value)], **fields)
        if number % 10 == 9:
            talk.non("2.31" if number < blocks - 1 else "2.04", options=[(19, value)])
    return talk


def observed(count: int) -> Conversation:
    talk = Conversation().con("GET", observe=0, token=b"o", path="/t")
    said: dict[str, Any] = {"token": b"o", "content_format": 0}
    talk.ack("2.05", observe=1, payload=b"1", **said)
    for number in range(2, count):
        kind = talk.wait(4).con if number % 20 == 0 else talk.wait(4).non
        kind("2.05", observe=number * 1000, payload=str(number).encode(), **said)
        if number % 20 == 0:
            talk.ack()
    return talk


@pytest.mark.parametrize("go_on", [uploaded, downloaded, robust, observed])
def test_a_good_conversation_tells_no_more_the_longer_it_is(
    monkeypatch: pytest.MonkeyPatch, go_on: Any
) -> None:
    short, long = told(monkeypatch, go_on(100)), told(monkeypatch, go_on(1000))
    assert long == short
    assert sum(long.values()) < 40
