# SPDX-License-Identifier: GPL-2.0-only
"""No key, click, paste or window size makes the screen fail, whatever it shows."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest
from fuzz.mutations import TOKENS, mutated

from analyzer.views.tui.app import MsgsharkApp

from .conftest import CAPTURES, FIELD_DAY, opened, text_of
from .random_user import do_anything

EVENTS = int(os.environ.get("MSGSHARK_EVENTS", "40"))
"""Things done in each capture; more are worth a night."""


def damaged(name: str, places: int) -> bytes:
    """A shipped capture with its bytes broken in many places, the header of the file left whole."""
    choose, data = Random(name), (CAPTURES / name).read_bytes()
    other = FIELD_DAY.read_bytes()
    head, rest = data[:256], data[256:]
    for _ in range(places):
        rest = mutated(choose, rest, other, choose.choice(TOKENS["session"]))
    return head + rest


@pytest.mark.parametrize(
    ("name", "places"),
    [("field-day.pcapng", 0), ("field-day.pcapng", 12), ("coap-tour.pcapng", 12)],
)
async def test_anything_may_be_pressed(
    name: str, places: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"[red]{name}\x1b[2J"
    path.write_bytes(damaged(name, places))
    monkeypatch.chdir(tmp_path)

    async def stay(app: MsgsharkApp) -> None:
        """The test goes on where a user would have left."""

    monkeypatch.setattr(MsgsharkApp, "action_quit", stay)
    seed = int(os.environ.get("MSGSHARK_SEED", "1"))
    async with opened(path, size=(100, 32)) as pilot:
        await do_anything(pilot, seed, EVENTS)
        assert "\x1b" not in text_of(pilot)
