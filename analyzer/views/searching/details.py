# SPDX-License-Identifier: GPL-2.0-only
"""The packet detail searched: each packet is dissected for it, so of many this takes long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.views.detail.packet import load, packet_detail
from analyzer.views.searching.needle import Needle
from analyzer.views.session_view import SessionView

if TYPE_CHECKING:
    from analyzer.session import Session
    from analyzer.views.detail.nodes import Node

    Array = np.ndarray[Any, Any]


class Details:
    """Judges rows by the lines of their trees, credentials as the user sees them."""

    most = 32
    settled = False

    def __init__(self, session: Session, needle: Needle, unmasked: bool) -> None:
        load()
        self._view = SessionView(session)
        self._view.unmasked = unmasked
        self._needle = needle

    def hits(self, rows: Array) -> Array:
        """Which of these rows have it."""
        trees = (packet_detail(self._view, row).nodes for row in rows.tolist())
        return np.array([node_with(nodes, self._needle) is not None for nodes in trees], bool)


def node_with(nodes: Iterable[Node], needle: Needle) -> Node | None:
    """The first line of a tree that has it, from top to bottom."""
    every = list(_all(nodes))
    found = needle.in_texts([node.text for node in every])
    return next((node for node, has in zip(every, found, strict=True) if has), None)


def _all(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _all(node.children)
