# SPDX-License-Identifier: GPL-2.0-only
"""Requests with Observe where an observation stands."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..ordinary import OTHER_TOKEN, READING, TOKEN, asked
from . import Example

TEXT: Final = {"accept": 0}


def registered(talk: Conversation | None = None, observe: int = 5, **fields: Any) -> Conversation:
    """A registration that is accepted; `fields` differ from an ordinary one."""
    return asked("GET", talk, observe=0, **fields).ack("2.05", observe=observe, **READING)


def deregistered(talk: Conversation, **fields: Any) -> Conversation:
    return asked("GET", talk.wait(10), observe=1, **fields).ack("2.05", **READING)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7641-3.3.1-REREG-EARLY": Example(
        registered(registered().wait(30), 6),
        registered(registered().wait(70), 6),
    ),
    "COAP-7641-3.3.1-REREG-OPTIONS": Example(
        registered(registered(**TEXT).wait(70), 6),
        registered(registered(**TEXT).wait(70), 6, **TEXT),
    ),
    "COAP-7641-3.6-DEREG-OPTIONS": Example(
        deregistered(registered(**TEXT)),
        deregistered(registered(**TEXT), **TEXT),
    ),
    "COAP-7641-3.6-DEREG-TOKEN": Example(
        deregistered(registered(token=TOKEN), token=OTHER_TOKEN),
        deregistered(registered(token=TOKEN), token=TOKEN),
    ),
    "COAP-7641-3.1-DUPLICATE-REG": Example(
        registered(registered(token=TOKEN).wait(70), 5, token=OTHER_TOKEN),
        registered(registered(token=TOKEN).wait(70), 6, token=TOKEN),
    ),
}
