# SPDX-License-Identifier: GPL-2.0-only
"""The option -Y of commands: a display filter, and errors that point at where it goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer import completing

if TYPE_CHECKING:
    from analyzer.filters.filter import Filter
    from analyzer.session import Session

_MOST_BEFORE: Final = 60
_MOST_SHOWN: Final = 76
"""Characters of a filter that an error shows before the place it points at, and in all."""


class FilterUsageError(click.ClickException):
    """A filter that is not understood; `below` are the filter and a caret under the place."""

    def __init__(self, message: str, text: str, at: int) -> None:
        super().__init__(message)
        from analyzer.views.escape import ELLIPSIS, escape

        first = max(0, at - _MOST_BEFORE)
        before = (ELLIPSIS if first else "") + escape(text[first:at], 4 * _MOST_BEFORE)
        after = escape(text[at:], max(1, _MOST_SHOWN - len(before)))
        self.below = f"  {before}{after}\n  {' ' * len(before)}^"


def takes_filter(table: str, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A display filter of the rows of a table, given to the command as `wanted`; None for all."""

    def wanted(context: object, parameter: object, text: str) -> Filter | None:
        if not text.strip():
            return None
        from analyzer.filters.filter import compiled
        from analyzer.filters.model import FilterError
        from dissectors.fields import Table

        try:
            return compiled(text, Table(table))
        except FilterError as error:
            raise FilterUsageError(str(error), text, error.at) from None

    return click.option(
        "-Y",
        "--display-filter",
        "wanted",
        callback=wanted,
        default="",
        metavar="FILTER",
        shell_complete=completing.filters,
        help=help,
    )


def passing_rows(
    session: Session, wanted: Filter | None
) -> Callable[[Iterable[int]], Sequence[int]]:
    """What gives the rows that pass a filter, of rows of its table."""
    if wanted is None:
        return lambda rows: rows if isinstance(rows, Sequence) else list(rows)
    from analyzer.filters.matching import Matcher

    matcher = Matcher(session, wanted)
    return lambda rows: matcher.passing(list(rows))
