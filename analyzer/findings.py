# SPDX-License-Identifier: GPL-2.0-only
"""Findings: breaches of rules, each complete in itself, grouped where a rule says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from analyzer.rules.catalogue import Alike, Breach, Rule, Severity

MOST_FRAMES: Final = 1000
"""Frames listed in one finding; the count goes on."""

MOST_ALIKE: Final = 1000
"""Findings of one rule between the same endpoints; further ones raise the count of the last."""

MOST_FINDINGS: Final = 200_000
"""Findings in the table, half a gigabyte; more raise the count of the last one of their rule."""

_ALLOWED_AT_FIRST: Final = 1000
_BYTES_PER_FINDING: Final = 64
_LOOK_BACK: Final = 8


@dataclass(slots=True)
class Finding:
    """One breach, or several alike. `row` is the message it points at (-1: none), `span` the byte
    range in that CoAP message; times are capture times in ns. `alike`: it counts all of its form in
    a flow (catalogue.Alike). `flow`: number of the protected flow it is about, 0 for none."""

    id: int
    rule: Rule
    severity: Severity
    text: str
    seen: str
    expected: str
    frames: list[int]
    row: int = -1
    exchange: int = 0
    ue: str = ""
    span: tuple[int, int] | None = None
    count: int = 1
    first_time: int = 0
    last_time: int = 0
    alike: bool = False
    flow: int = 0

    @property
    def frame(self) -> int:
        """The frame it points at, 0 for none."""
        return self.frames[0] if self.frames else 0

    def as_dict(self) -> dict[str, Any]:
        """The JSON object scripts rely on."""
        entry: dict[str, Any] = {
            "rule": self.rule.id,
            "severity": self.severity.label,
            "spec": self.rule.spec,
            "clause": self.rule.clause,
            "frame": self.frame,
            "frames": self.frames,
            "exchange": self.exchange or None,
            "ue_service_id": self.ue or None,
            "message": self.text,
            "seen": self.seen,
            "expected": self.expected,
            "fix": self.rule.fix,
        }
        if self.count > 1:
            entry["count"] = self.count
        return entry

    def add(self, frames: tuple[int, ...], time: int) -> None:
        """The same breach once more."""
        self.count += 1
        self.last_time = max(self.last_time, time)
        self.list_frames(frames)

    def list_frames(self, frames: Iterable[int]) -> bool:
        """List frames, 0 for none, that are not among the last ones listed, however many come at a
        time; False when no more fit."""
        for frame in frames:
            if len(self.frames) >= MOST_FRAMES:
                return False
            if frame and frame != self.frame and frame not in self.frames[-_LOOK_BACK:]:
                self.frames.append(frame)
        return True


class Findings:
    """The findings table: appended to, and updated where breaches group.

    Hostile bytes can break rules faster than a finding can be stored: one for every byte. So the
    number of findings may grow with the bytes read and no faster; past that, past MOST_FINDINGS,
    and past MOST_ALIKE of one rule between the same endpoints, a breach raises the count of the
    last finding alike.
    """

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._groups: dict[tuple[str, Hashable], Finding] = {}
        self._alike: dict[tuple[str, Hashable], tuple[int, Finding]] = {}
        self._last: dict[str, Finding] = {}
        self._counts: Counter[Severity] = Counter()
        self._allowed = _ALLOWED_AT_FIRST * _BYTES_PER_FINDING
        self.version = 0
        self.ignored = 0
        """Breaches that the user ignores: they are not in the table."""
        self.breaches: Counter[tuple[str, Severity]] = Counter()
        """By rule and severity: every one, also those that an earlier finding counts."""
        self.grown: Counter[int] = Counter()
        """By the id of a finding, the breaches that joined it since a reader cleared this."""

    def allow(self, read: int) -> None:
        """So many bytes were read by now."""
        self._allowed = _ALLOWED_AT_FIRST * _BYTES_PER_FINDING + read

    def add(self, rule: Rule, severity: Severity, breach: Breach, time: int) -> Finding:
        """Record a breach; returns the finding it became or joined."""
        self.version += 1
        frames = _frames(breach)
        group = None if breach.group is None else (rule.id, breach.group)
        flow = breach.message.flow if breach.message is not None and group is None else None
        known = self._groups.get(group) if group is not None else self._full(rule, flow)
        if known is None and self._is_full:
            known = self._last.get(rule.id)
        if known is not None:
            known.add(frames, time)
            self.count(known, 1)
            return known
        self.breaches[rule.id, severity] += 1
        finding = self._last[rule.id] = self._new(rule, severity, breach, frames, time)
        if group is not None:
            self._groups[group] = finding
        elif flow is not None:
            count, _ = self._alike.get((rule.id, flow), (0, finding))
            self._alike[rule.id, flow] = (count + 1, finding)
        return finding

    @property
    def _is_full(self) -> bool:
        count = len(self._findings)
        return count * _BYTES_PER_FINDING >= self._allowed or count >= MOST_FINDINGS

    def count(self, finding: Finding, more: int) -> None:
        """So many breaches more joined a finding, and its frames were listed."""
        self.version += 1
        self.breaches[finding.rule.id, finding.severity] += more
        self.grown[finding.id] += more

    def _full(self, rule: Rule, flow: Hashable) -> Finding | None:
        """The last finding of a rule in a flow that has as many as are listed."""
        count, finding = self._alike.get((rule.id, flow), (0, None))
        return finding if count >= MOST_ALIKE else None

    def _new(
        self, rule: Rule, severity: Severity, breach: Breach, frames: tuple[int, ...], time: int
    ) -> Finding:
        exchange = breach.exchange or (breach.message.exchange if breach.message else None)
        finding = Finding(
            id=len(self._findings) + 1,
            rule=rule,
            severity=severity,
            text=breach.text,
            seen=breach.seen,
            expected=breach.expected,
            frames=list(frames),
            row=breach.message.row if breach.message else -1,
            exchange=exchange.id if exchange else 0,
            ue=ue_of(breach),
            span=breach.span,
            first_time=time,
            last_time=time,
            alike=isinstance(breach.group, Alike),
            flow=breach.flow,
        )
        self._findings.append(finding)
        self._counts[severity] += 1
        return finding

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings)

    def __len__(self) -> int:
        return len(self._findings)

    def __getitem__(self, index: int) -> Finding:
        return self._findings[index]

    def summary(self) -> dict[str, int]:
        """How many findings of each severity, worst first."""
        return {severity.label: self._counts[severity] for severity in reversed(Severity)}


def _frames(breach: Breach) -> tuple[int, ...]:
    first = breach.frame or (breach.message.frame if breach.message else 0)
    frames = (first, *breach.frames) if first else breach.frames
    return tuple(dict.fromkeys(frames))


def ue_of(breach: Breach) -> str:
    """The UE a breach is about, as it is known by now."""
    if breach.ue:
        return breach.ue
    exchange = breach.exchange or (breach.message.exchange if breach.message else None)
    if exchange is not None and exchange.ue:
        return exchange.ue
    return breach.message.ue_service_id if breach.message is not None else ""
