# SPDX-License-Identifier: GPL-2.0-only
"""The statistics as plain values: what the command `statistics` writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from analyzer.profiles.transmission import SECOND
from analyzer.response_times import By
from analyzer.statistics.model import Found, Part, SentBy
from dissectors.coap import numbers

if TYPE_CHECKING:
    from analyzer.session import Session

_TIMES: Final = ("start", "end", "duration", "min", "median", "p95", "p99", "max")
_WRITTEN: Final = {"least": "min", "most": "max"}
"""As the command `times` has them."""

_ENDPOINTS: Final = ("a", "b", "endpoint")


def entries(session: Session, found: Found) -> Iterator[dict[str, Any]]:
    """A dictionary per row of a part: what it is about, then its numbers. Times in seconds, `start`
    and `end` since the first packet; None where there is none."""
    origin = session.first_time or 0
    into = found.over_time.buckets if found.over_time else None
    for cells in found.table.iter_rows(named=True):
        row = {_WRITTEN.get(name, name): value for name, value in cells.items()}
        entry = _about(session, found, row)
        if found.part is Part.TRAFFIC and into is not None:
            entry = {"start": row.pop("start"), "end": 0}
            entry["end"] = entry["start"] + into.length
        entry |= row
        for name in ("start", "end"):
            if name in entry:
                entry[name] -= origin
        yield {name: _seconds(value) if name in _TIMES else value for name, value in entry.items()}


def _about(session: Session, found: Found, row: dict[str, Any]) -> dict[str, Any]:
    """What a row is about, in words; its ids are taken out of it."""
    about: dict[str, Any] = {
        name: str(session.endpoints[row.pop(name)]) for name in _ENDPOINTS if name in row
    }
    if found.part is Part.CODES:
        code = row.pop("code")
        name = numbers.CODES[code].name if code in numbers.CODES else None
        about = {"code": numbers.dotted(code), "name": name}
    elif found.part is Part.TIMES:
        about = {str(By(found.by)): row.pop("name") or None}
    elif found.part is Part.RETRANSMISSIONS:
        id = row.pop("id")
        by_sender = found.by == SentBy.ENDPOINT
        named = str(session.endpoints[id]) if by_sender else session.names[id] or None
        about = {found.by: named}
    elif found.part is Part.PROTECTED:
        del row["number"]
    return about


def _seconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else round(nanoseconds) / SECOND
