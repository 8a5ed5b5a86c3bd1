# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the findings list."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from analyzer.findings import Finding, Findings
from analyzer.views.escape import escape
from analyzer.views.info import Line
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.widgets.columns import Column
from dissectors.fields import Table

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
        self._passing: Any = None  # rows of the findings table, None for all
        self._grew = True  # by rows at the end, if at all
        self._measured = 0
        self._widths = {"rule": 12, "clause": 8, "frame": 5, "ue": 0}

    def refresh(self) -> None:
        """Take in what was found since, sorted."""
        if self.view.session is None:
            return
        order, known, grew = self.order, self._known(), self._grew
        if order is Order.FOUND and self._sorted_as is order and grew:
            for number in range(len(self._findings), len(known)):
                self._add(known[number])
        elif not grew or (order, len(known)) != (self._sorted_as, len(self._findings)):
            self._findings, self._index, self._sorted_as = [], {}, order
            for finding in sorted(known, key=self._place):
                self._add(finding)

    def _known(self) -> Findings | list[Finding]:
        """Those that pass the filter, as they were found."""
        findings, before = self.view.opened.findings, self._passing
        self._passing = self.view.filtering.rows(Table.FINDINGS)
        if self._passing is None:
            self._grew = before is None
            return findings
        count = len(self._findings)
        begins = before is not None and len(before) == count <= len(self._passing)
        self._grew = begins and bool((self._passing[:count] == before).all())
        return [findings[row] for row in self._passing.tolist()]

    def _place(self, finding: Finding) -> tuple[int, int, int]:
        """What findings are sorted by."""
        if self.order is Order.FOUND:
            return 0, 0, finding.id
        worst = -finding.severity if self.order is Order.SEVERITY else 0
        return worst, finding.frame or _LAST, finding.id

    @property
    def total(self) -> int:
        """Rows there would be without a filter."""
        return len(self.view.session.findings) if self.view.session is not None else 0

    def nearest(self, identity: int) -> int:
        """Where the finding nearest to one that is hidden is listed."""
        place = self._place(self.view.opened.findings[identity - 1])
        return min(bisect_left(self._findings, place, key=self._place), len(self) - 1)

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
