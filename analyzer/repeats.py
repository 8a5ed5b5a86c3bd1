# SPDX-License-Identifier: GPL-2.0-only
"""Notes given once per flow, that hold of further frames: counted without being judged again."""

from __future__ import annotations

from typing import Final

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
        rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
        changes = np.flatnonzero(np.any(np.diff(rows[:, :2], axis=0) != 0, axis=1)) + 1
        starts = np.concatenate(([0], changes))
        latest = np.maximum.reduceat(rows[:, 3], starts)
        ends = [*changes.tolist(), count]
        for start, end, last in zip(starts.tolist(), ends, latest.tolist(), strict=True):
            finding = self._findings.get((int(rows[start, 0]), int(rows[start, 1])))
            if finding is None:
                continue
            finding.count += end - start
            finding.last_time = max(finding.last_time, last)
            missing = MOST_FRAMES - len(finding.frames)
            frames = rows[start : min(end, start + missing), [2, 4]].ravel()
            finding.list_frames(frames[frames > 0].tolist())
