# SPDX-License-Identifier: GPL-2.0-only
"""What screens need to know of a capture that goes on: who records it, how fast, and when to paint.

The monotonic clock paces the screen alone; what is shown of the capture is by capture time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic, thread_time
from typing import Final, TypeAlias

from analyzer.recording.wish import Started, Wish

SHORTEST: Final = 0.1
"""Seconds between two paints, at least."""

_LONGEST: Final = 1.0
_SHARE: Final = 4
"""Painting takes at most one part in so many of the time: keys and reading have the rest."""

_WINDOW: Final = 3.0
"""Seconds over which a rate is taken: a recorder tells its numbers about once a second."""


Start: TypeAlias = "Callable[[Wish], Started]"
"""Starts to record; raises RecordingError."""


def start(wish: Wish) -> Started:
    """Record in a child process. Raises RecordingError."""
    from analyzer.recording.recording import Recording

    recording = Recording(wish)
    recording.start()
    return recording


class Pace:
    """When to paint again: at once after a silence, ten times a second while packets come in, and
    more rarely when painting takes long."""

    def __init__(self) -> None:
        self._next = 0.0
        self._used = 0.0

    @property
    def due(self) -> bool:
        return monotonic() >= self._next

    def painted(self) -> None:
        """Called by the thread that paints, at each paint: what it did since the last one counts,
        for lines are made after this."""
        used = thread_time()
        pause = _SHARE * (used - self._used) if self._used else 0.0
        self._used = used
        self._next = monotonic() + min(_LONGEST, max(SHORTEST, pause))


class Rate:
    """Of a number that grows, per second, over the last few seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def take(self, number: int, now: float | None = None) -> None:
        """The number is so large now."""
        now = monotonic() if now is None else now
        while len(self._seen) > 1 and self._seen[1][0] <= now - _WINDOW:
            self._seen.popleft()
        self._seen.append((now, number))

    @property
    def per_second(self) -> float:
        """0 until two numbers are a while apart."""
        if len(self._seen) < 2:
            return 0.0
        (first, before), (last, now) = self._seen[0], self._seen[-1]
        return (now - before) / (last - first) if last - first >= SHORTEST else 0.0
