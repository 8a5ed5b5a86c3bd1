# SPDX-License-Identifier: GPL-2.0-only
"""Comments on a packet, as the top branch of its tree: those of the file, and the user's own."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.views.detail.nodes import Node
from analyzer.views.escape import escape
from analyzer.views.inks import line
from analyzer.views.session_view import SessionView

KEY = "comments"
"""Names the branch."""

_MOST_LINES = 200
_LONGEST = 1000


def comment_nodes(view: SessionView, row: int) -> list[Node]:
    """`Packet comments: 2`, below it each, a line a line; nothing where there is none."""
    frame = view.opened.messages.cell("frame", row)
    told = list(view.opened.opened.comments.get(frame, ()))
    own = view.opened.keeper.annotations.comments.get(frame)
    texts = [(text, "In the file") for text in told] + ([(own, "Yours")] if own else [])
    if not texts:
        return []
    children = tuple(
        node
        for number, (text, whose) in enumerate(texts)
        for node in _comment(text, whose, f"comment {number}")
    )
    heading = line(f"Packet comments: {len(texts)}", "note")
    return [Node(heading, None, children, key=KEY, expanded=True)]


def _comment(text: str, whose: str, key: str) -> Iterator[Node]:
    lines = text.split("\n", _MOST_LINES)
    yield Node(((f"[{whose}] ", "dim"), (escape(lines[0], _LONGEST), "")), key=key)
    for number, more in enumerate(lines[1:_MOST_LINES]):
        yield Node(line(f"  {escape(more, _LONGEST)}"), key=f"{key} {number}")
    if len(lines) > _MOST_LINES:
        yield Node(line("  ...", "dim"), key=f"{key} more")
