# SPDX-License-Identifier: GPL-2.0-only
"""Times as people read them; all arguments are nanoseconds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

_SECOND: Final = 1_000_000_000


class TimeFormat(StrEnum):
    """How the packet list writes time, in the order in which `t` cycles."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    DELTA = "delta"

    @property
    def next(self) -> TimeFormat:
        formats = list(TimeFormat)
        return formats[(formats.index(self) + 1) % len(formats)]


def seconds(nanoseconds: int) -> str:
    """`12.345678`; a step back in time is negative."""
    micros = abs(nanoseconds) // 1000
    sign = "-" if nanoseconds < 0 and micros else ""
    return f"{sign}{micros // 1_000_000}.{micros % 1_000_000:06d}"


def time_of_day(nanoseconds: int) -> str:
    """`14:02:07.123456`, local time."""
    return _local(nanoseconds, "%H:%M:%S")


def date_and_time(nanoseconds: int) -> str:
    """`2025-11-23 14:02:07.123456`, local time."""
    return _local(nanoseconds, "%Y-%m-%d %H:%M:%S")


def edge_time(nanoseconds: int, origin: int, length: int, form: TimeFormat) -> str:
    """Where a bucket of some length begins, with as many digits as that needs: `12.5` seconds since
    the origin, or `14:02:07.5`, local time, with the date where buckets are that long."""
    digits = next((d for d in range(9) if length % 10 ** (9 - d) == 0), 9)
    if form is not TimeFormat.ABSOLUTE:
        since = nanoseconds - origin
        whole, rest = divmod(abs(since), _SECOND)
        shown = f"{whole:,}" + (f".{rest:09d}"[: digits + 1] if digits else "")
        return f"-{shown}" if since < 0 else shown
    whole, rest = divmod(nanoseconds, _SECOND)
    try:
        at = datetime.fromtimestamp(whole)
    except (ValueError, OverflowError, OSError):  # a timestamp no calendar holds
        return seconds(nanoseconds)
    if nanoseconds % length and length < _MINUTE:  # buckets begin at round times since the origin
        digits = max(digits, 3)
    if length >= _LONG:
        return at.strftime("%Y-%m-%d" if length >= _DAY else "%m-%d %H:%M")
    return at.strftime("%H:%M:%S") + (f".{rest:09d}"[: digits + 1] if digits else "")


_DAY: Final = 86_400 * _SECOND
_MINUTE: Final = 60 * _SECOND
_LONG: Final = 30 * _MINUTE
"""From such a length on a capture goes over days."""


def _local(nanoseconds: int, form: str) -> str:
    whole, rest = divmod(nanoseconds, _SECOND)
    try:
        return f"{datetime.fromtimestamp(whole).strftime(form)}.{rest // 1000:06d}"
    except (ValueError, OverflowError, OSError):  # a timestamp no calendar holds
        return seconds(nanoseconds)


def signed_seconds(nanoseconds: int) -> str:
    """`+1.010 s`, the time since something else."""
    return f"{nanoseconds / _SECOND:+.3f} s"


def duration(nanoseconds: int) -> str:
    """`850 µs`, `1.24 ms`, `3.00 s`: three digits that count."""
    for unit, name in ((1, "ns"), (1000, "µs"), (1_000_000, "ms")):
        value = nanoseconds / unit
        if abs(value) < 999.5:
            return f"{value:.3g} {name}" if value < 100 else f"{value:.0f} {name}"
    return f"{nanoseconds / _SECOND:.2f} s"


def span(nanoseconds: int) -> str:
    """A round length: `500 ms`, `2 s`, `30 min`, `6 h`, `10 d`."""
    units = ((_DAY, "d"), (3600 * _SECOND, "h"), (_MINUTE, "min"), (_SECOND, "s"))
    for unit, name in units:
        if nanoseconds >= unit and nanoseconds % unit == 0:
            return f"{nanoseconds // unit:,} {name}"
    return duration(nanoseconds)
