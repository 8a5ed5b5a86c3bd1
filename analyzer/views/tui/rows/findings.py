# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the findings list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from analyzer.findings import Finding, Findings
from analyzer.views.escape import escape
from analyzer.views.info import Line
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.nearest import NoPacketError
from analyzer.views.tui.widgets.columns import Column

_LAST = 1 << 32


class Order(StrEnum):
    """How the list is sorted."""

    SEVERITY = "worst first"
    FRAME = "by frame"
    FOUND = "as found"


class FindingRows:
    """Findings as their list shows them; what is about the capture as a whole comes last."""

    columns = (
        Column("severity", "Severity", 9),
        Column("rule", "Rule"),
        Column("frame", "Frame", align="right"),
        Column("count", "×", 4, align="right", give_up=2),
        Column("ue", "UE Service ID", give_up=3),
        Column("text", "What was seen", flexible=True, least=24),
        Column("clause", "Clause", give_up=1),
    )

    def __init__(self, view: CaptureView) -> None:
        self.view = view
        self.order = Order.SEVERITY
        self._findings: list[Finding] = []
        self._index: dict[int, int] = {}
        self._sorted_as: Order | None = None
        self._measured = 0
        self._widths = {"rule": 12, "clause": 8, "frame": 5, "ue": 0}

    def refresh(self) -> None:
        """Take in what was found since, sorted."""
        if self.view.session is None:
            return
        known, order = self.view.session.findings, self.order
        if order is Order.FOUND and self._sorted_as is order:
            for number in range(len(self._findings), len(known)):
                self._add(known[number])
        elif (order, len(known)) != (self._sorted_as, len(self._findings)):
            self._findings, self._index, self._sorted_as = [], {}, order
            for finding in self._in_order(known):
                self._add(finding)

    def _in_order(self, found: Findings) -> Iterable[Finding]:
        if self.order is Order.FOUND:
            return found
        worst_first = self.order is Order.SEVERITY
        return sorted(
            found, key=lambda f: (-f.severity if worst_first else 0, f.frame or _LAST, f.id)
        )

    def _add(self, finding: Finding) -> None:
        self._index[finding.id] = len(self._findings)
        self._findings.append(finding)

    def __len__(self) -> int:
        return len(self._findings)

    def __getitem__(self, index: int) -> Finding:
        return self._findings[index]

    def identity(self, index: int) -> int:
        """The id of the finding in a row."""
        return self._findings[index].id

    def find(self, identity: int) -> int | None:
        """The row of a finding."""
        return self._index.get(identity)

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest row before or after of the same or a higher severity."""
        least = self._findings[index].severity
        end = len(self._findings) if step > 0 else -1
        rows = range(index + step, end, step)
        return next((row for row in rows if self._findings[row].severity >= least), None)

    def nearest(self, frame: int) -> int:
        """The first row of the finding nearest to a packet. Raises NoPacketError."""
        rows = [row for row, finding in enumerate(self._findings) if finding.frame]
        if not rows:
            raise NoPacketError("No finding points at a packet")
        return min(rows, key=lambda row: abs(self._findings[row].frame - frame))

    def ue(self, finding: Finding) -> str:
        """The UE a finding is about."""
        return self.view.opened.ue_of(finding)

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        findings = self.view.opened.findings if self.view.session else ()
        for index in range(self._measured, len(findings)):
            finding = findings[index]
            needed = {
                "rule": min(len(finding.rule.id), 44),
                "clause": min(len(finding.rule.reference), 26),
                "frame": len(str(finding.frame)),
                "ue": min(len(escape(self.ue(finding), 24)), 24),
            }
            self._widths = {name: max(old, needed[name]) for name, old in self._widths.items()}
        self._measured = len(findings)
        return self._widths[key]

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        finding = self[index]
        ink = SEVERITY_INKS[finding.severity]
        return (
            line(f"{GLYPHS[finding.severity]} {finding.severity.label}", ink),
            line(finding.rule.id),
            line(str(finding.frame) if finding.frame else ""),
            line(str(finding.count) if finding.count > 1 else "", "dim"),
            line(escape(self.ue(finding), 64), "msgin5g"),
            line(escape(finding.text, 300)),
            line(finding.rule.reference, "dim"),
        )

    def row_ink(self, index: int) -> str:
        """All rows in the plain ink."""
        return ""
