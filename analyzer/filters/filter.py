# SPDX-License-Identifier: GPL-2.0-only
"""A display filter, compiled for the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.filters.conditions import Condition, conditions
from analyzer.filters.grammar import parse
from analyzer.filters.model import Not
from analyzer.filters.readings import is_stored
from dissectors.fields import Field, Table

if TYPE_CHECKING:
    from analyzer.filters.conditions import Node

_LATER: Final = frozenset(
    (
        *("role", "response_in", "response_to", "response_time", "first_request"),
        *("first_response", "message_type", "protocol", "msgin5g", "whole", "uri"),
        *("comment", "frame_marked", "marked"),
    )
)
"""Keys of fields of messages that later packets, or the user, may change."""


class Filter(NamedTuple):
    """`root` is None where every row passes."""

    text: str
    table: Table
    root: Node | None
    conditions: tuple[Condition, ...]

    @property
    def settled(self) -> bool:
        """What passes once passes for ever; else what later packets tell of an exchange, or find,
        may change the result of rows that were filtered before."""
        return all(_is_settled(condition.field) for condition in self.conditions)

    @property
    def reads_packets(self) -> bool:
        """The tables alone do not decide it: packets may have to be read again."""
        return not all(is_stored(condition.field) for condition in self.conditions)


def compiled(text: str, table: Table = Table.MESSAGES) -> Filter:
    """A filter of the rows of a table; an empty one passes all. Raises FilterError."""
    tree = parse(text)
    root = None if tree is None else conditions(tree)
    return Filter(text, table, root, () if root is None else tuple(_leaves(root)))


def _leaves(node: Node) -> Iterator[Condition]:
    if isinstance(node, Condition):
        yield node
    elif isinstance(node, Not):
        yield from _leaves(node.of)
    else:
        for item in node.items:
            yield from _leaves(item)


def _is_settled(field: Field) -> bool:
    return field.of == Table.MESSAGES and field.source.partition(":")[2] not in _LATER
