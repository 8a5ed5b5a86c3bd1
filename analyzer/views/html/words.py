# SPDX-License-Identifier: GPL-2.0-only
"""Words and numbers that all parts of the page write the same way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Severity
from analyzer.views.html.markup import Markup, element

if TYPE_CHECKING:
    from analyzer.findings import Finding

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = ((SECOND, "s"), (SECOND // 1000, "ms"), (1000, "µs"), (1, "ns"))
_PARTS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def severity_mark(severity: Severity) -> Markup:
    """`✖ error`, in its ink."""
    text = f"{severity.glyph} {severity.label}"
    return element("span", text, class_=f"severity {severity.label}")


def plural(number: int, word: str) -> str:
    """`1 finding`, `1,200 findings`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def place(finding: Finding) -> str:
    """`frame 12`, or `capture`."""
    return f"frame {finding.frame}" if finding.frame else "capture"


def date(time: int) -> str:
    """Capture time in ns as a date and time, UTC; what no calendar has, in seconds."""
    try:
        shown = _EPOCH + timedelta(microseconds=time // 1000)
    except OverflowError:
        return f"{time / SECOND:.6f} s"
    return f"{shown:%Y-%m-%d %H:%M:%S.%f} UTC"


def duration(time: int) -> str:
    """`2 h 5 min`, `1.5 s`, `20 ms`: two units or three digits."""
    if not time:
        return "0"
    if abs(time) < 60 * SECOND:
        unit, name = next(((u, n) for u, n in _UNITS if abs(time) >= u), _UNITS[-1])
        return f"{time / unit:.3g} {name}"
    left, parts = abs(time) // SECOND, []
    for unit, name in _PARTS:
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count} {name}")
    return ("-" if time < 0 else "") + " ".join(parts[:2])
