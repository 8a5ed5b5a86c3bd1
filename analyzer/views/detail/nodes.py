# SPDX-License-Identifier: GPL-2.0-only
"""What a detail tree and a hex view are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from analyzer.views.info import Line
from analyzer.views.inks import plain
from analyzer.views.places import Place, Span
from analyzer.views.wording import plural


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree. `key` names it among its siblings, so that what the user has opened or
    selected in one packet stays so in the next; `place` is where Enter leads. `field` is the name
    that filters have for what it shows, "" for none; of several values it shows the `nth`, from
    0. `span` is of the bytes of a `source`, which `Detail.sources` counts from 0."""

    line: Line
    span: Span | None = None
    children: tuple[Node, ...] = ()
    key: str = ""
    place: Place | None = None
    expanded: bool = False
    field: str = ""
    nth: int = 0
    source: int = 0

    @property
    def text(self) -> str:
        """The line without its inks."""
        return plain(self.line)


def placed(nodes: Iterable[Node], source: int) -> list[Node]:
    """Nodes whose bytes are those of a source."""
    return [
        replace(node, children=tuple(placed(node.children, source)), source=source)
        for node in nodes
    ]


@dataclass(frozen=True, slots=True)
class Zone:
    """Bytes from `start` up to the next zone, in one ink."""

    start: int
    ink: str


class Source(NamedTuple):
    """Bytes that a tree is about: a packet, or what was made of it. `secrets` are to be hidden."""

    name: str
    data: bytes
    zones: tuple[Zone, ...] = ()
    secrets: tuple[Span, ...] = ()

    @property
    def title(self) -> str:
        """`Frame (62 bytes)`, as Wireshark has it on a tab."""
        return f"{self.name} ({plural(len(self.data), 'byte')})"


NOTHING = Source("", b"")
