# SPDX-License-Identifier: GPL-2.0-only
"""MSGin5G registrations that examples and tests vary: the request, its response, their members."""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

from analyzer.rules.registration_request import GOOD_BODY

from .conversation import Conversation

Members: TypeAlias = dict[str, Any]
UE: Final = "meter-1@example"
PATH: Final = "/msgin5g/registration"
GOOD: Final[Members] = json.loads(GOOD_BODY)
REGISTERED: Final[Members] = {"UE Service ID": UE, "Registration result": "success"}


def body(members: Members | bytes) -> bytes:
    return members if isinstance(members, bytes) else json.dumps(members).encode()


def without(name: str) -> Members:
    """The good members but for one."""
    return {key: value for key, value in GOOD.items() if key != name}


def asked(
    members: Members | bytes = GOOD, talk: Conversation | None = None, /, **fields: Any
) -> Conversation:
    """A registration request; `fields` differ from a good one, None leaves a part out."""
    wanted: Members = {"path": PATH, "token": b"abcd", "content_format": 50} | fields
    wanted = {name: value for name, value in wanted.items() if value is not None}
    talk = talk or Conversation()
    send = talk.non if wanted.pop("non", False) else talk.con
    return send(wanted.pop("code", "POST"), payload=body(members), **wanted)


def answered(
    talk: Conversation, members: Members | bytes = REGISTERED, code: str = "2.01", **fields: Any
) -> Conversation:
    """The piggybacked response to the newest request."""
    wanted: Members = {"content_format": 50, "payload": body(members)} | fields
    return talk.ack(code, **{name: value for name, value in wanted.items() if value is not None})


def registered(members: Members | bytes = GOOD, **fields: Any) -> Conversation:
    return answered(asked(members, **fields))
