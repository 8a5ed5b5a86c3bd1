# SPDX-License-Identifier: GPL-2.0-only
"""Which rows of another table belong to rows: what `analyzer.columns` leads to, and the messages of
an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissectors.fields import Table

if TYPE_CHECKING:
    from analyzer.filters.readings import Array
    from analyzer.session import Session


class Pairs(NamedTuple):
    """Rows, ascending and counted from the first one asked for, each with a row that belongs to
    it."""

    rows: Array
    others: Array


def size(session: Session, table: Table) -> int:
    """Rows of a table."""
    if table == Table.MESSAGES:
        return len(session.messages)
    return len(session.findings) if table == Table.FINDINGS else len(session.exchanges)


def pairs(session: Session, table: Table, other: Table, first: int, last: int) -> Pairs:
    """What belongs to rows of a table, from the first to the one before the last."""
    if table == other:
        rows = np.arange(last - first)
        return Pairs(rows, rows + first)
    if table == Table.FINDINGS:
        return _led(_links(session, other)[first:last])
    if table == Table.MESSAGES and other == Table.EXCHANGES:
        return _led(session.messages["exchange"][first:last].astype(np.int64) - 1)
    if other == Table.FINDINGS:
        return _leading(_links(session, table), first, last)
    return _leading(session.messages["exchange"].astype(np.int64) - 1, first, last)


def _led(links: Array) -> Pairs:
    """Each row leads to one, or to none: -1."""
    rows = np.flatnonzero(links >= 0)
    return Pairs(rows, links[rows])


def _leading(links: Array, first: int, last: int) -> Pairs:
    """Others lead to rows."""
    others = np.flatnonzero((links >= first) & (links < last))
    rows = links[others] - first
    order = np.argsort(rows, kind="stable")
    return Pairs(rows[order], others[order])


def _links(session: Session, table: Table) -> Array:
    """The row of a message or exchange that each finding is about, -1 for none."""
    of_message = table == Table.MESSAGES
    found = (f.row if of_message else f.exchange - 1 for f in session.findings)
    return np.fromiter(found, np.int64, len(session.findings))
