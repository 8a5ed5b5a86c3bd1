# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the findings list."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.findings import Finding
from analyzer.views.escape import escape
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.inks import GLYPHS, SEVERITY_INKS, Line, line
from analyzer.views.tui.widgets.virtual_list import Column


class FindingRows:
    """Findings as their list shows them, in the order they were made; index + 1 is the id."""

    columns = (
        Column("severity", "Severity", 9),
        Column("rule", "Rule", flexible=True, weight=2, most=46),
        Column("clause", "Clause", give_up=1),
        Column("frame", "Frame", align="right"),
        Column("count", "×", 4, align="right", give_up=3),
        Column("ue", "UE Service ID", give_up=2),
        Column("text", "What was seen", flexible=True, weight=3),
    )

    def __init__(self, view: CaptureView) -> None:
        self.view = view
        self._count = 0
        self._measured = 0
        self._widths = {"clause": 8, "frame": 5, "ue": 13}

    def refresh(self) -> None:
        """Take in what was found since."""
        self._count = len(self.view.session.findings) if self.view.session else 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Finding:
        return self.view.opened.findings[index]

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        for index in range(self._measured, self._count):
            finding = self[index]
            needed = {
                "clause": min(len(finding.rule.reference), 28),
                "frame": len(str(finding.frame)),
                "ue": min(len(escape(finding.ue, 32)), 32),
            }
            self._widths = {name: max(old, needed[name]) for name, old in self._widths.items()}
        self._measured = self._count
        return self._widths[key]

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        finding = self[index]
        ink = SEVERITY_INKS[finding.severity]
        return (
            line(f"{GLYPHS[finding.severity]} {finding.severity.label}", ink),
            line(finding.rule.id),
            line(finding.rule.reference, "dim"),
            line(str(finding.frame) if finding.frame else ""),
            line(str(finding.count) if finding.count > 1 else "", "dim"),
            line(escape(finding.ue, 64), "msgin5g"),
            line(escape(finding.text, 300)),
        )

    def row_ink(self, index: int) -> str:
        """All rows in the plain ink."""
        return ""
