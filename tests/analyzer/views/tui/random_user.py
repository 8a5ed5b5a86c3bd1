# SPDX-License-Identifier: GPL-2.0-only
"""A user who presses anything: keys, clicks, pastes and other window sizes, drawn from a seed."""

from __future__ import annotations

import string
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Final

from textual import events
from textual.keys import _character_to_key
from textual.pilot import OutOfBounds, Pilot

from analyzer.views.tui.app import MsgsharkApp

SIZES: Final = ((80, 24), (200, 50), (1, 1), (20, 5), (300, 100), (100, 30), (40, 60), (80, 3))
PASTES: Final = (
    "coap.code == 2.05",
    "((((((((((",
    "\x1b]0;title\x07\x1b[31mred",
    "[red]markup[/red]",
    "9" * 400,
    "ü\u202e\ud83d😀\0\r\n\n",
    "../" * 50,
)


def keys(app: MsgsharkApp) -> list[str]:
    """Every key that does something, those of an editor, and what else is on a keyboard."""
    bound = [
        key
        for _, bindings in app.help_groups()
        for binding in bindings
        for key in binding.key.split(",")
    ]
    edits = ["escape", "enter", "tab", "backspace", "delete", "space", "home", "end", "up", "down"]
    typed = [*string.ascii_letters, *string.digits, *'=<>"&|!.[]{}():;-']
    return [*bound * 3, *edits * 4, *typed]


async def do_anything(pilot: Pilot[None], seed: int, count: int) -> None:
    """Do `count` things, keys in bursts as of a fast typist; when one of them fails, the last ones
    are in the error."""
    done: list[str] = []
    app = pilot.app
    assert isinstance(app, MsgsharkApp)
    choose = Random(seed)
    try:
        while len(done) < count:
            acts = _acts(choose, keys(app))
            done += acts
            for act in acts:
                await _do(pilot, act)
            await pilot.pause()
            if app._exception is not None or app._exit:
                raise AssertionError("the app has ended")
    except Exception as error:
        raise AssertionError(f"seed {seed}, after {' '.join(done[-25:])}") from (
            app._exception or error
        )


def _acts(choose: Random, known: Sequence[str]) -> list[str]:
    match choose.random():
        case chance if chance < 0.05:
            return [f"size:{choose.randrange(len(SIZES))}"]
        case chance if chance < 0.07:
            return [f"paste:{choose.randrange(len(PASTES))}"]
        case chance if chance < 0.2:
            kind = choose.choice(["click", "double", "hover"])
            return [f"{kind}:{choose.randrange(200)},{choose.randrange(50)}"]
    return [choose.choice(known) for _ in range(choose.choice([1, 1, 2, 4, 12]))]


async def _do(pilot: Pilot[None], act: str) -> None:
    app, (kind, _, value) = pilot.app, act.partition(":")
    match kind:
        case "size" if value:
            await pilot.resize_terminal(*SIZES[int(value)])
        case "paste" if value:
            app.post_message(events.Paste(PASTES[int(value)]))
        case "click" | "double" | "hover" if value:
            column, row = (int(number) for number in value.split(","))
            offset = column % max(1, app.size.width), row % max(1, app.size.height)
            with suppress(OutOfBounds):  # the window became smaller meanwhile
                if kind == "hover":
                    await pilot.hover(offset=offset)
                else:
                    await pilot.click(offset=offset, times=2 if kind == "double" else 1)
        case _:
            assert app._driver is not None
            char = act if len(act) == 1 else None
            key = _character_to_key(act) if char and not act.isalnum() else act
            event = events.Key(key, char)
            event.set_sender(app)
            app._driver.send_message(event)
