# SPDX-License-Identifier: GPL-2.0-only
"""All keys as text, from their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.keymap import current, keymap
from analyzer.views.tui.preferring import places

if TYPE_CHECKING:
    from analyzer.views.preferences import Preferences


def key_lines(preferences: Preferences) -> tuple[list[str], list[str]]:
    """A line for each binding under where it works: its id, its keys as preferences write them, and
    what it does; and what is wrong with the keys preferred."""
    everywhere = places(MsgsharkApp(()))
    found = keymap(preferences.keys, everywhere)
    rows = [
        (place, binding.id or "", ",".join(current(binding, found.keys)), binding)
        for place, bindings in everywhere
        for binding in bindings
    ]
    names = max(len(id) for _, id, _, _ in rows)
    widest = min(24, max(len(keys) for _, _, keys, _ in rows))
    lines: list[str] = []
    last = ""
    for place, id, keys, binding in rows:
        if place != last:
            lines += ([""] if lines else []) + [place]
            last = place
        lines.append(f"  {id:{names}}  {keys:{widest}}  {binding.tooltip or binding.description}")
    problems = [one for one in preferences.problems if one.startswith("keys:")]
    return lines, problems + found.problems
