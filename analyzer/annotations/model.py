# SPDX-License-Identifier: GPL-2.0-only
"""Annotations of one capture, by frame number, as the screen changes and filters read them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable
from threading import Lock
from typing import Final, NamedTuple

from analyzer.profiles.spec import Ignore

MOST_MARKS: Final = 1 << 22
"""Packets that can be marked."""

LONGEST_TEXT: Final = 16_000
"""Characters of a comment, a reason or a name: in UTF-8 they fit into an option of pcapng."""


class Waiver(NamedTuple):
    """Findings that the user knows and does not want to see: what they are of, as in a spec
    profile; `finding` is the fingerprint (identity) of a single one, `""` for all."""

    of: Ignore
    finding: str = ""


class Annotations:
    """What the user wrote; every change raises `version`. One thread changes it, others may `mark`
    and `copy` meanwhile."""

    def __init__(self) -> None:
        self.marks: set[int] = set()
        self.comments: dict[int, str] = {}
        self.references: list[int] = []
        self.waivers: tuple[Waiver, ...] = ()
        self.names: dict[str, str] = {}
        self.version = 0
        self._lock = Lock()

    def copy(self) -> Annotations:
        """What is written now; further changes do not reach it."""
        other = Annotations()
        other.marks, other.comments = self.marks.copy(), self.comments.copy()
        other.references, other.waivers = self.references.copy(), self.waivers
        other.names, other.version = self.names.copy(), self.version
        return other

    @property
    def empty(self) -> bool:
        """There is nothing to keep."""
        kept = (self.marks, self.comments, self.references, self.waivers, self.names)
        return not any(kept)

    def mark(self, frames: Collection[int], marked: bool) -> bool:
        """Mark packets, or not any more; False where that would be more than MOST_MARKS."""
        while True:
            before = self.marks
            changed = before.union(frames) if marked else before.difference(frames)
            if len(changed) > MOST_MARKS:
                return False
            with self._lock:
                if self.marks is before:  # else another thread marked meanwhile
                    self.marks = changed
                    self.version += 1
                    return True

    def comment(self, frame: int, text: str) -> None:
        """Comment on a packet; an empty text removes the comment."""
        text = clean(text)
        if text.strip():
            self.comments[frame] = text
        else:
            self.comments.pop(frame, None)
        self._changed()

    def refer(self, frame: int) -> bool:
        """Let times count from a packet, or not any more; whether they do."""
        known = frame in self.references
        if known:
            self.references.remove(frame)
        else:
            insort(self.references, frame)
        self._changed()
        return not known

    def reference_of(self, frame: int) -> int:
        """The packet from which the time of one counts: the last reference up to it, 0 for none."""
        at = bisect_right(self.references, frame)
        return self.references[at - 1] if at else 0

    def waive(self, waiver: Waiver) -> None:
        """Ignore findings."""
        reason = clean(waiver.of.reason).strip()
        waiver = waiver._replace(of=waiver.of._replace(reason=reason))
        others = (w for w in self.waivers if not _same(w, waiver))
        self.waivers = (*others, waiver)
        self._changed()

    def heed(self, waivers: Iterable[Waiver]) -> None:
        """Ignore these findings no more."""
        gone = set(waivers)
        self.waivers = tuple(waiver for waiver in self.waivers if waiver not in gone)
        self._changed()

    def name(self, what: str, name: str) -> None:
        """Name an address or a UE Service ID; an empty name takes it away."""
        what, name = clean(what), " ".join(clean(name).split())
        if name:
            self.names[what] = name
        else:
            self.names.pop(what, None)
        self._changed()

    def _changed(self) -> None:
        with self._lock:
            self.version += 1


def clean(text: str) -> str:
    """A text as it can be kept: in UTF-8, not longer than LONGEST_TEXT."""
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode()


def _same(one: Waiver, other: Waiver) -> bool:
    """They are about the same findings."""
    return one._replace(of=one.of._replace(reason="")) == other._replace(
        of=other.of._replace(reason="")
    )
