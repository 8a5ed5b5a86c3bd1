# SPDX-License-Identifier: GPL-2.0-only
"""Notes given once per flow, that hold of further frames: counted without being judged again."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from analyzer import flows, state
from analyzer import happenings as tells
from analyzer.findings import MOST_FRAMES, Finding
from analyzer.flows import flow_at
from analyzer.memory import Memory

MOST_NOTES: Final = 1 << 18
"""Notes kept before those of forgotten flows are dropped."""


class Repeats:
    """Which finding each note of a flow became."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._findings: dict[tuple[int, int], Finding] = {}
        self._enough = MOST_NOTES

    def learn(self, note: int, flow: int, finding: Finding) -> None:
        """The note was given of the flow, as this finding."""
        if len(self._findings) >= self._enough:
            self._forget()
        serial = self._memory[flow_at(self._memory.s, flow) + flows.SERIAL]
        self._findings[note, serial] = finding

    def _forget(self) -> None:
        """Flows that are forgotten repeat nothing any more."""
        self.apply()
        s = self._memory.s
        flows_known = range(1, s[state.FLOWS + state.COUNT] + 1)
        known = {s[flow_at(s, flow) + flows.SERIAL] for flow in flows_known}
        self._findings = {key: f for key, f in self._findings.items() if key[1] in known}
        self._enough = max(MOST_NOTES, 2 * len(self._findings))

    def apply(self) -> None:
        """Count the repetitions told since the last time."""
        s = self._memory.s
        count = s[state.REPEATS]
        if not count:
            return
        s[state.REPEATS] = 0
        base = s[state.REPEAT_ROWS + state.BASE]
        cells = np.frombuffer(s, np.int64, count * tells.REPEAT_SLOTS, 8 * base)
        rows = cells.reshape(count, tells.REPEAT_SLOTS)
        order = np.lexsort((rows[:, 0], rows[:, 1]))
        changes = np.flatnonzero(np.any(np.diff(rows[order, :2], axis=0) != 0, axis=1)) + 1
        groups: dict[int, tuple[Finding, list[np.ndarray[Any, Any]]]] = {}
        for group in np.split(order, changes):
            note, serial = rows[group[0], :2].tolist()
            finding = self._findings.get((note, serial))
            if finding is not None:
                groups.setdefault(finding.id, (finding, []))[1].append(group)
        for finding, found in groups.values():
            self._count(finding, rows[np.sort(np.concatenate(found))])

    @staticmethod
    def _count(finding: Finding, rows: np.ndarray[Any, Any]) -> None:
        """Rows of one finding, in the order of the capture."""
        finding.count += len(rows)
        finding.last_time = max(finding.last_time, int(rows[:, 3].max()))
        missing = MOST_FRAMES - len(finding.frames)
        frames = rows[:missing, [2, 4]].ravel()
        finding.list_frames(frames[frames > 0].tolist())
