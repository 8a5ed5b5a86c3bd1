# SPDX-License-Identifier: GPL-2.0-only
"""Registrations of one UE over time."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..registrations import GOOD, answered, asked
from . import Example

HERE, ELSEWHERE, REBOUND = "192.0.2.7:40001", "192.0.2.9:40001", "192.0.2.7:40733"


def history(*registrations: tuple[str, str], pause: float = 600) -> Conversation:
    """Registrations of one UE, from where each, and the code of its response."""
    talk = Conversation()
    for source, code in registrations:
        answered(asked(GOOD, talk, source=source), code=code).wait(pause)
    return talk


EXAMPLES: Final[dict[str, Example]] = {
    "MSG-24538-6.3.1.2.1.d-CREATED-AGAIN": Example(
        history((HERE, "2.01"), (HERE, "2.01")),
        history((HERE, "2.01"), (HERE, "2.04")),
    ),
    "MSG-24538-ADDRESS-CHANGED": Example(
        history((HERE, "2.01"), (REBOUND, "2.04"), pause=95),
        history((HERE, "2.01"), (HERE, "2.04"), pause=95),
    ),
    "MSG-24538-UE-COLLISION": Example(
        history((HERE, "2.01"), (ELSEWHERE, "2.04"), (HERE, "2.04")),
        history((HERE, "2.01"), (HERE, "2.04"), (HERE, "2.04")),
    ),
}
