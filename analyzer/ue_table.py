# SPDX-License-Identifier: GPL-2.0-only
"""What each UE did in a capture, and what was found of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.exchanges.model import REGISTRATION
from analyzer.round_trips import FEW

if TYPE_CHECKING:
    import numpy as np

    from analyzer.findings import Finding
    from analyzer.session import Session

    Ids = np.ndarray[Any, Any]


class UeRow(NamedTuple):
    """A UE by its UE Service ID, `""` for all that name none. `answered` exchanges have a response;
    `registrations` are requests, `registered` those answered 2.xx. Findings by severity label."""

    ue: str
    exchanges: int
    answered: int
    registrations: int
    registered: int
    findings: Counter[str]

    @property
    def badness(self) -> tuple[int, ...]:
        """To sort by, worst last."""
        return *(self.findings[label] for label in ("error", "warning", "note")), self.exchanges


def ue_rows(session: Session, findings: Iterable[Finding], few: int = FEW) -> list[UeRow]:
    """Every UE, the worst first."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for finding in findings:
        found[session.ue_of(finding)][finding.severity.label] += 1
    counted = dict(_one_by_one(session) if len(session.messages) <= few else _counted(session))
    names = [*counted, *(ue for ue in found if ue and ue not in counted)]
    none = (0, 0, 0, 0)
    rows = (UeRow(ue, *counted.get(ue, none), found[ue]) for ue in names)
    return sorted(rows, key=lambda row: row.badness, reverse=True)


def _one_by_one(session: Session) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    counts: defaultdict[int, list[int]] = defaultdict(lambda: [0] * 4)
    stored = session.exchanges.stored
    for place, cells in enumerate(session.exchanges.rows()):
        registers = bool(stored.cell("flags", place) & REGISTRATION)
        good = cells["response_code"] >> 5 == 2
        of_ue = counts[cells["ue"]]
        for column, more in enumerate((1, cells["responses"] > 0, registers, registers and good)):
            of_ue[column] += more
    for ue, (exchanges, answered, registrations, registered) in counts.items():
        yield session.names[ue], (exchanges, answered, registrations, registered)


def _counted(session: Session) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    ues, counts = counted_by_ue(session, len(session.exchanges))
    columns = (column.tolist() for column in counts)
    for ue, *numbers in zip(ues.tolist(), *columns, strict=True):
        exchanges, answered, registrations, registered = numbers
        yield session.names[ue], (exchanges, answered, registrations, registered)


def counted_by_ue(session: Session, count: int) -> tuple[Ids, tuple[Ids, ...]]:
    """Of the first `count` exchanges: the UEs by the ids of their names, ascending, 0 for none; and
    for each its exchanges, those answered, its registrations, and those answered 2.xx."""
    import numpy as np

    stored, messages = session.exchanges.stored, session.messages
    ues, owners = np.unique(stored["ue"][:count], return_inverse=True)
    registers = stored["flags"][:count] & REGISTRATION > 0
    response = stored["response"][:count].astype(np.int64)
    codes = messages["code"]
    seen = (response > 0) & (response <= len(codes))  # more may come meanwhile
    good = seen.copy()
    good[seen] = codes[response[seen] - 1] >> 5 == 2
    columns = (None, stored["responses"][:count] > 0, registers, registers & good)
    counts = [np.bincount(owners, column, len(ues)).astype(np.int64) for column in columns]
    return ues, tuple(counts)
