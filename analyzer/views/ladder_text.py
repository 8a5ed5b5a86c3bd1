# SPDX-License-Identifier: GPL-2.0-only
"""Ladders for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

from analyzer.views.ladder_drawing import Drawing, clipped
from analyzer.views.terminal import Paper, inked

if TYPE_CHECKING:
    from analyzer.handshakes import HandshakeLadder
    from analyzer.ladders import Ladder


def write_ladders(ladders: Iterable[Ladder | HandshakeLadder], out: TextIO, paper: Paper) -> None:
    """Ladders one below the other, a blank line between them."""
    separator = ""
    for ladder in ladders:
        out.write(separator)
        separator = "\n"
        for line in drawn(ladder, paper):
            out.write(line + "\n")


def drawn(ladder: Ladder | HandshakeLadder, paper: Paper) -> Iterator[str]:
    """The lines of a ladder, in colour where the paper has it."""
    for line in Drawing(ladder, paper).lines():
        pieces = clipped(line, paper.width)
        text = "".join(inked(*piece) if paper.colour else piece[0] for piece in pieces)
        yield text.rstrip()
