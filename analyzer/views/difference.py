# SPDX-License-Identifier: GPL-2.0-only
"""Two dissections side by side, what differs by a sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from analyzer.views.detail.nodes import Node
from analyzer.views.info import Line

_LEFT_OUT: Final = "findings"
"""The branch that no byte of the message is in."""


class Sign(StrEnum):
    """How two lines compare."""

    SAME = " "
    DIFFERENT = "≠"
    LEFT_ONLY = "<"
    RIGHT_ONLY = ">"


class Pair(NamedTuple):
    """The same field of both messages, or of the one that has it; `depth` in the tree from 0."""

    sign: Sign
    depth: int
    left: Line = ()
    right: Line = ()


def differences(left: Iterable[Node], right: Iterable[Node]) -> Iterator[Pair]:
    """Every field of two dissections, paired by the keys of the nodes around it and its own, those
    with one key by their order; in the order of the left one."""
    yield from _pairs(
        [node for node in left if node.key != _LEFT_OUT],
        [node for node in right if node.key != _LEFT_OUT],
        0,
    )


def only_different(pairs: Sequence[Pair]) -> list[Pair]:
    """What is not the same, below the fields that it is part of."""
    kept: list[Pair] = []
    needed = -1  # depth above which the parents of what is kept stand
    for pair in reversed(pairs):
        if pair.sign is not Sign.SAME or pair.depth < needed:
            kept.append(pair)
            needed = pair.depth
        else:
            needed = min(needed, pair.depth)
    return kept[::-1]


def _pairs(left: Sequence[Node], right: Sequence[Node], depth: int) -> Iterator[Pair]:
    ours, theirs = _keyed(left), _keyed(right)
    pending = iter(theirs.items())
    waiting = next(pending, None)
    for key, node in ours.items():
        other = theirs.get(key)
        if other is None:
            yield from _alone(node, Sign.LEFT_ONLY, depth)
            continue
        while waiting is not None and waiting[0] not in ours:
            yield from _alone(waiting[1], Sign.RIGHT_ONLY, depth)
            waiting = next(pending, None)
        waiting = next(pending, None)
        sign = Sign.SAME if node.text == other.text else Sign.DIFFERENT
        yield Pair(sign, depth, node.line, other.line)
        yield from _pairs(node.children, other.children, depth + 1)
    while waiting is not None:
        if waiting[0] not in ours:
            yield from _alone(waiting[1], Sign.RIGHT_ONLY, depth)
        waiting = next(pending, None)


def _alone(node: Node, sign: Sign, depth: int) -> Iterator[Pair]:
    here = (node.line, ()) if sign is Sign.LEFT_ONLY else ((), node.line)
    yield Pair(sign, depth, *here)
    for child in node.children:
        yield from _alone(child, sign, depth + 1)


def _keyed(nodes: Sequence[Node]) -> dict[tuple[str, int], Node]:
    """Nodes by their key, and which of its kind each is."""
    seen: Counter[str] = Counter()
    found: dict[tuple[str, int], Node] = {}
    for node in nodes:
        found[node.key, seen[node.key]] = node
        seen[node.key] += 1
    return found
