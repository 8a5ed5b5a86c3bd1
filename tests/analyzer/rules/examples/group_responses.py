# SPDX-License-Identifier: GPL-2.0-only
"""Answers to requests to groups."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from . import Example
from .group_requests import GROUP


def asked() -> Conversation:
    talk = Conversation(server=GROUP)
    return talk.non("GET", mid=0x1234, token=b"\x4a\x1f", path="/lights")


def answered(*gaps: float) -> Conversation:
    """Answers of as many members, each so many seconds after the one before."""
    talk = asked()
    for number, gap in enumerate(gaps):
        source = f"10.0.0.{number + 3}:5683"
        talk.wait(gap - 0.01)
        talk.non("2.05", mid=0x8000 + number, token=b"\x4a\x1f", source=source, payload=b"on")
    return talk


def again(talk: Conversation) -> Conversation:
    """The group is asked once more, after its leisure."""
    return talk.wait(6).non("GET", mid=0x1235, token=b"\x4a\x20", path="/lights")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-8.2-MC-RESPONDERS": Example(bad=answered(1.2, 2.7), good=asked()),
    "COAP-7252-8.2-MC-NO-LEISURE": Example(
        bad=again(answered(0.02, 0.001, 0.001, 0.001, 0.001)),
        good=again(answered(0.4, 1.3, 0.7, 1.6, 0.9)),
    ),
    "COAP-7252-8.2-MC-RESP-CON": Example(
        bad=asked().wait(1.2).con("2.05", mid=0x8000, source="10.0.0.3:5683", payload=b"on"),
        good=answered(1.2),
    ),
    "COAP-GCBIS-3.1.2-MC-ERROR-RESP": Example(
        bad=asked().wait(1.2).non("4.04", mid=0x8000, source="10.0.0.3:5683"), good=asked()
    ),
}
