# SPDX-License-Identifier: GPL-2.0-only
"""How far around an exchange one looks: itself, its operation, its endpoint pair, its UE."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from analyzer.messages import Role

if TYPE_CHECKING:
    import numpy as np

    from analyzer.session import Session

    _Rows = np.ndarray[Any, np.dtype[np.int64]]


class Scope(StrEnum):
    """From the narrowest to the widest."""

    EXCHANGE = "exchange"
    OPERATION = "operation"
    """The block-wise transfer or observation (RFC 7959, RFC 7641)."""
    PAIR = "endpoint pair"
    UE = "UE"


def scopes_of(session: Session, exchange: int) -> tuple[Scope, ...]:
    """Those that an exchange has, the operation where it is more than the exchange; the id counts
    from 1."""
    stored = session.exchanges.stored
    found = [Scope.EXCHANGE]
    operation = stored.cell("operation", exchange - 1)
    if operation and (stored["operation"] == operation).sum() > 1:
        found.append(Scope.OPERATION)
    found.append(Scope.PAIR)
    if stored.cell("ue", exchange - 1):
        found.append(Scope.UE)
    return tuple(found)


def rows_in(session: Session, exchange: int, scope: Scope) -> _Rows:
    """Rows of the messages in a scope, in file order.

    Of an endpoint pair that is what went between the two, of no exchange, too, and what else
    belongs to their exchanges (an answer from another address).
    """
    import numpy as np

    stored, messages = session.exchanges.stored, session.messages
    count, exchanges = len(messages), len(stored)
    owners = messages["exchange"][:count]
    if scope is Scope.EXCHANGE:
        return np.flatnonzero(owners == exchange)
    wanted = np.zeros(max(exchanges, int(owners.max(initial=0))) + 1, bool)
    if scope is not Scope.PAIR:
        name = "operation" if scope is Scope.OPERATION else "ue"
        wanted[1 : exchanges + 1] = stored[name][:exchanges] == stored.cell(name, exchange - 1)
        return np.flatnonzero(wanted[owners])
    request = messages.row(stored.cell("request_row", exchange - 1))
    ends = request["source"], request["destination"]
    source, destination = messages["source"][:count], messages["destination"][:count]
    between = (source == ends[0]) & (destination == ends[1])
    between |= (source == ends[1]) & (destination == ends[0])
    between &= messages["role"][:count] != Role.UNCONFIRMED
    wanted[owners[between]] = True
    wanted[0] = False
    return np.flatnonzero(between | wanted[owners])
