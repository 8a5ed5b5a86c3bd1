# SPDX-License-Identifier: GPL-2.0-only
"""What a detail tree and a hex view are made of."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.views.info import Line
from analyzer.views.inks import plain
from analyzer.views.places import Place, Span


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree. `key` names it among its siblings, so that what the user has opened or
    selected in one packet stays so in the next; `place` is where Enter leads. `field` is the name
    that filters have for what it shows, "" for none; of several values it shows the `nth`, from
    0."""

    line: Line
    span: Span | None = None
    children: tuple[Node, ...] = ()
    key: str = ""
    place: Place | None = None
    expanded: bool = False
    field: str = ""
    nth: int = 0

    @property
    def text(self) -> str:
        """The line without its inks."""
        return plain(self.line)


@dataclass(frozen=True, slots=True)
class Zone:
    """Bytes from `start` up to the next zone, in one ink."""

    start: int
    ink: str
