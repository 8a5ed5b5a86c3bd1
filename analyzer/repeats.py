# SPDX-License-Identifier: GPL-2.0-only
"""Notes given once per flow, that hold of further frames: counted without being judged again."""

from __future__ import annotations

import numpy as np

from analyzer import flows, state
from analyzer import happenings as tells
from analyzer.findings import Finding
from analyzer.flows import flow_at
from analyzer.memory import Memory


class Repeats:
    """Which finding each note of a flow became."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._findings: dict[tuple[int, int], Finding] = {}

    def learn(self, note: int, flow: int, finding: Finding) -> None:
        """The note was given of the flow, as this finding."""
        serial = self._memory[flow_at(self._memory.s, flow) + flows.SERIAL]
        self._findings[note, serial] = finding

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
        rows = rows[order]
        changes = np.flatnonzero(np.any(np.diff(rows[:, :2], axis=0) != 0, axis=1)) + 1
        for group in np.split(rows, changes):
            finding = self._findings.get((int(group[0, 0]), int(group[0, 1])))
            if finding is not None:
                self._count(finding, group)

    @staticmethod
    def _count(finding: Finding, group: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> None:
        finding.count += len(group)
        finding.last_time = max(finding.last_time, int(group[:, 3].max()))
        for frames in group[:, [2, 4]].tolist():
            if not finding.list_frames(frames):
                break
