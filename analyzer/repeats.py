# SPDX-License-Identifier: GPL-2.0-only
"""Notes given once per flow, that hold of further frames: counted without being judged again."""

from __future__ import annotations

from typing import Final

from analyzer import happenings as tells
from analyzer import state
from analyzer.findings import MOST_FRAMES, Findings
from analyzer.memory import Memory
from dissectors.kernel import Rows

_WORTH_SORTING: Final = 1000
"""Repetitions from which on loading NumPy saves time."""


class Repeats:
    """The repetitions that the kernels told, and the findings they belong to."""

    def __init__(self, memory: Memory, findings: Findings) -> None:
        self._memory = memory
        self._findings = findings

    def apply(self) -> None:
        """Count the repetitions told since the last time."""
        s = self._memory.s
        count = s[state.REPEATS]
        if not count:
            return
        s[state.REPEATS] = 0
        start = s[state.REPEAT_ROWS + state.BASE]
        cells = s[start : start + count * tells.REPEAT_SLOTS]
        if count < _WORTH_SORTING:
            self._one_by_one(cells)
        else:
            self._by_finding(cells)

    def _one_by_one(self, cells: Rows) -> None:
        found = cells.tolist()
        for at in range(0, len(found), tells.REPEAT_SLOTS):
            id, frame, time, other = found[at : at + tells.REPEAT_SLOTS]
            finding = self._findings[id - 1]
            finding.count += 1
            finding.last_time = max(finding.last_time, time)
            finding.list_frames((frame, other))

    def _by_finding(self, cells: Rows) -> None:
        import numpy as np

        rows = np.frombuffer(cells, np.int64).reshape(-1, tells.REPEAT_SLOTS)
        order = np.argsort(rows[:, 0], kind="stable")
        rows = rows[order]
        starts = np.flatnonzero(np.diff(rows[:, 0], prepend=0))
        latest = np.maximum.reduceat(rows[:, 2], starts).tolist()
        alone = (np.maximum.reduceat(rows[:, 3], starts) == 0).tolist()
        ids = rows[starts, 0].tolist()
        bounds = [*starts.tolist(), len(rows)]
        for number, id in enumerate(ids):
            finding = self._findings[id - 1]
            first, after = bounds[number], bounds[number + 1]
            finding.count += after - first
            finding.last_time = max(finding.last_time, latest[number])
            missing = MOST_FRAMES - len(finding.frames)
            if missing:
                listed = rows[first : min(after, first + missing)]
                if alone[number] and listed[0, 1] > finding.frames[-1]:
                    finding.frames += listed[:, 1].tolist()  # each a later frame than the last
                else:
                    finding.list_frames(listed[:, 1::2].ravel().tolist())
