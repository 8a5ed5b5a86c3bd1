# SPDX-License-Identifier: GPL-2.0-only
"""Exchanges protected by OSCORE that examples vary."""

from __future__ import annotations

from typing import Any, Final

from .conversation import Conversation
from .ordinary import TOKEN

CIPHERTEXT: Final = bytes.fromhex("612f1092f1776f1c1668b3825e")
ANSWER: Final = bytes.fromhex("dbaad1e9a7e7b2a813d3c31524378303")
PARTIAL_IV_AND_KID: Final = "09 05 6b"


def asked(oscore: str = PARTIAL_IV_AND_KID, code: str = "POST", **outside: Any) -> Conversation:
    """A protected request with this OSCORE option, and what stands outside of it."""
    fields = {"token": TOKEN, "oscore": bytes.fromhex(oscore), "payload": CIPHERTEXT} | outside
    return Conversation().con(code, **fields)


def answered(
    talk: Conversation, oscore: str = "", code: str = "2.04", **outside: Any
) -> Conversation:
    """The protected response to it; its option is mostly empty."""
    return talk.ack(code, oscore=bytes.fromhex(oscore), payload=ANSWER, **outside)


def observed() -> Conversation:
    """A registration, and the response that accepts it."""
    return answered(asked(code="FETCH", observe=0), code="2.05", observe=1)


def notified(talk: Conversation, observe: int, oscore: str) -> Conversation:
    """A further notification with this OSCORE option."""
    fields = {"observe": observe, "oscore": bytes.fromhex(oscore), "payload": ANSWER}
    return talk.non("2.05", token=TOKEN, **fields)
