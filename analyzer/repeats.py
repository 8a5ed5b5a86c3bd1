# SPDX-License-Identifier: GPL-2.0-only
"""Notes given once per flow, that hold of further frames: counted without being judged again."""

from __future__ import annotations

from collections import Counter, defaultdict

from analyzer import happenings as tells
from analyzer import state
from analyzer.findings import MOST_FRAMES, Findings
from analyzer.memory import Memory


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
        ids, frames, times, others = (
            cells[slot :: tells.REPEAT_SLOTS].tolist() for slot in range(tells.REPEAT_SLOTS)
        )
        listed: defaultdict[int, list[int]] = defaultdict(list)
        if any(others):
            for id, frame, other in zip(ids, frames, others, strict=True):
                listed[id] += (frame, other) if other else (frame,)
        else:
            for id, frame in zip(ids, frames, strict=True):
                listed[id].append(frame)
        latest = dict(zip(ids, times, strict=True))
        for id, count in Counter(ids).items():
            finding = self._findings[id - 1]
            finding.count += count
            finding.last_time = max(finding.last_time, latest[id])
            later, missing = listed[id], MOST_FRAMES - len(finding.frames)
            if len(later) == count and later[0] > finding.frames[-1]:  # no other frames
                finding.frames += later[:missing]
            else:
                finding.list_frames(later)
            self._findings.count(finding, count)
