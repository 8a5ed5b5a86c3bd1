# SPDX-License-Identifier: GPL-2.0-only
"""Ordinary exchanges that examples vary: a client reads, writes or observes a temperature."""

from __future__ import annotations

from typing import Any, Final

from .conversation import Conversation

TOKEN: Final = bytes.fromhex("a1b2")
OTHER_TOKEN: Final = bytes.fromhex("a1b3")
READING: Final[dict[str, Any]] = {"content_format": 0, "payload": b"21.5"}

FIRST_BLOCK: Final[dict[str, Any]] = {
    "etag": b"\x01",
    "block2": (0, True, 2),
    "payload": b"21.5 21.6 21.5 21.4 " * 3 + b"21.5",
}
SECOND_BLOCK: Final[dict[str, Any]] = {
    "etag": b"\x01",
    "block2": (1, False, 2),
    "payload": b" 21.6",
}


def asked(
    code: str = "GET", talk: Conversation | None = None, /, *, non: bool = False, **fields: Any
) -> Conversation:
    """A request, a CON unless `non`; `fields` differ from an ordinary one."""
    talk = talk or Conversation()
    return (talk.non if non else talk.con)(
        code, **{"token": TOKEN, "path": "/temperature"} | fields
    )


def read(**options: Any) -> Conversation:
    """A GET with these options, and its 2.05."""
    return asked(**options).ack("2.05", **READING)


def written(**options: Any) -> Conversation:
    """A PUT with these options, and its 2.04."""
    return asked("PUT", **READING | options).ack("2.04")


def rejected(request: str) -> Conversation:
    """A request in hex, with Message ID 0x1234, that the server cannot read."""
    return Conversation().raw(request).raw("70 00 12 34", by="server")


def observed(observe: int = 5, **fields: Any) -> Conversation:
    """A registration, and the response with this Observe and these fields that accepts it."""
    return asked(observe=0).ack("2.05", observe=observe, **READING | fields)


def notified(
    talk: Conversation, observe: int, /, *, con: bool = False, **fields: Any
) -> Conversation:
    """A further notification, a NON unless `con`."""
    send = talk.con if con else talk.non
    return send("2.05", token=TOKEN, observe=observe, **READING | fields)


def second_block(talk: Conversation, **options: Any) -> Conversation:
    """The second block of a representation, asked for with these options."""
    wanted: dict[str, Any] = {"token": OTHER_TOKEN, "block2": (1, False, 2)}
    return asked("GET", talk, **wanted | options).ack("2.05", **READING | SECOND_BLOCK)


def long_before(seconds: float = 300) -> Conversation:
    """An exchange so long ago that nothing refers to what may lie before the capture."""
    return asked(token=b"\x01").ack("2.05", **READING).wait(seconds)


def long_after(talk: Conversation, seconds: float = 300) -> Conversation:
    """The capture goes on for so long: what is missing then will not come any more."""
    return asked("GET", talk.wait(seconds), token=b"\x02").ack("2.05", **READING)
