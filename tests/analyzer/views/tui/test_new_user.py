# SPDX-License-Identifier: GPL-2.0-only
"""A new user finds the UE that fails to register, and why, by keys that are on the screen."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from .conftest import FIELD_DAY, opened, text_of

SHOWN = {"enter": "⏎ Open"}


async def press(pilot: Pilot[None], key: str, what: str) -> str:
    """Press a key that the screen offers; what the screen shows then."""
    lines = text_of(pilot).split("\n")
    assert SHOWN.get(key, f"{key} {what}") in lines[0] + lines[-1]
    await pilot.press(key)
    await pilot.pause()
    return text_of(pilot)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
async def test_why_a_ue_does_not_register(size: tuple[int, int]) -> None:
    async with opened(FIELD_DAY, size=size) as pilot:
        shown = await press(pilot, "4", "UEs")
        assert "✖ no answer     meter-0013@iot.example" in shown
        shown = await press(pilot, "enter", "Open")
        assert "not answered" in shown
        shown = await press(pilot, "f", "Finding")
        assert "Warning" in shown
        shown = await press(pilot, "enter", "Open")
        assert "Confirmable message unanswered" in shown
        assert "5 transmissions, no answer" in shown
        assert "an ACK or RST within 93.00 s" in shown
        assert "meter-0013@iot.example" in shown
        assert size == (80, 24) or "Check that the receiver runs" in shown
