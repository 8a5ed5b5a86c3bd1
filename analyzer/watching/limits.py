# SPDX-License-Identifier: GPL-2.0-only
"""How often one rule may be told about one UE: what is beyond that is counted.

Windows are of capture time: each begins with the first breach of its rule and UE, and is over when
the packets come to its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from analyzer.profiles.transmission import SECOND

if TYPE_CHECKING:
    from analyzer.rules.catalogue import Rule, Severity

_RATE: Final = re.compile(r"([0-9]{1,9})/([0-9]{1,9})(s|m|h)")
_UNITS: Final = {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_OFF: Final = "off"

MOST_WINDOWS: Final = 4096
"""Windows open at a time; beyond that all others of a rule share one."""


class Rate(NamedTuple):
    """At most `most` findings of a rule and UE within `span` ns are told, all with None."""

    most: int | None
    span: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Of `5/60s`, `1/10m` or `off`. Raises ValueError."""
        if text == _OFF:
            return cls(None, 60 * SECOND)
        match = _RATE.fullmatch(text.replace(" ", ""))
        if match is None or int(match[2]) == 0:
            raise ValueError(f"{text!r} is no rate; write 5/60s, 1/10m or off")
        return cls(int(match[1]), int(match[2]) * _UNITS[match[3]])


class About(NamedTuple):
    """Whom a finding is about: a UE, else an address, else the capture."""

    ue: str = ""
    address: str = ""


OTHERS: Final = About(address="others")


class More(NamedTuple):
    """So many breaches that were not told, from `start` to `end` (capture times, ns)."""

    rule: Rule
    severity: Severity
    about: About
    breaches: int
    start: int
    end: int


@dataclass(slots=True)
class _Window:
    rule: Rule
    severity: Severity
    about: About
    start: int
    told: int = 0
    more: int = 0


class Limits:
    """The open windows, oldest first, and the time that packets have come to."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._windows: dict[tuple[str, About], _Window] = {}
        self._now: int | None = None
        self.suppressed = 0
        """Breaches that were counted and not told, in all."""

    def advance(self, now: int) -> Iterator[More]:
        """Time comes to `now`: what was not told in the windows that are over by then. Where the
        clock of the capture was set back by more than a window, all are."""
        before = now if self._now is None else self._now
        if now < before - self._rate.span:
            yield from self.close()
        elif now < before:
            return
        self._now = now
        while self._windows:
            key, window = next(iter(self._windows.items()))
            end = window.start + self._rate.span
            if now < end:
                return
            del self._windows[key]
            yield from _more(window, end)

    def close(self) -> Iterator[More]:
        """What was not told in the windows that are still open."""
        for window in self._windows.values():
            yield from _more(window, self._clock)
        self._windows.clear()

    def admits(self, rule: Rule, severity: Severity, about: About) -> bool:
        """Whether a finding is to be told; one that is not is counted."""
        window = self._window(rule, severity, about)
        if self._rate.most is None or window.told < self._rate.most:
            window.told += 1
            return True
        self._count(window, severity, 1)
        return False

    def count(self, rule: Rule, severity: Severity, about: About, more: int) -> None:
        """Breaches that joined a finding which was told, or counted, before."""
        self._count(self._window(rule, severity, about), severity, more)

    @property
    def _clock(self) -> int:
        return self._now or 0

    def _window(self, rule: Rule, severity: Severity, about: About) -> _Window:
        found = self._windows.get((rule.id, about))
        if found is None and len(self._windows) >= MOST_WINDOWS:
            about = OTHERS
            found = self._windows.get((rule.id, about))
        if found is None:
            found = self._windows[rule.id, about] = _Window(rule, severity, about, self._clock)
        return found

    def _count(self, window: _Window, severity: Severity, more: int) -> None:
        window.severity = max(window.severity, severity)
        window.more += more
        self.suppressed += more


def _more(window: _Window, end: int) -> Iterator[More]:
    if window.more:
        yield More(window.rule, window.severity, window.about, window.more, window.start, end)
