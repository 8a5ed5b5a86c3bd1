# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the findings list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from analyzer.findings import Finding
from analyzer.views.escape import escape
from analyzer.views.info import Line
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.nearest import NoPacketError
from analyzer.views.tui.rows.keys import FINDINGS, sender
from analyzer.views.tui.rows.sortable import SortableRows
from analyzer.views.tui.widgets.columns import Column
from dissectors.fields import Table

if TYPE_CHECKING:
    from analyzer.views.tui.rows.keys import Keyed


class FindingRows(SortableRows):
    """Findings as their list shows them; what is about the capture as a whole comes last."""

    columns = (
        Column("severity", "Severity", 9, falls=True),
        Column("rule", "Rule"),
        Column("frame", "Frame", align="right"),
        Column("count", "×", 4, align="right", give_up=3, falls=True),
        Column("ue", "UE Service ID", give_up=4),
        Column("from", "From", give_up=1),
        Column("text", "What was seen", flexible=True, least=40),
        Column("clause", "Clause", give_up=2),
    )

    table = Table.FINDINGS
    orders: ClassVar = {"worst first": "worst first", "by frame": "by frame", "": "as found"}

    def __init__(self, view: CaptureView) -> None:
        super().__init__(view)
        self._known: tuple[frozenset[int], int, Any, Sequence[int]] = (frozenset(), 0, None, ())
        self._measured = 0
        self._widths = {"rule": 12, "clause": 8, "frame": 5, "ue": 0, "from": 0}

    @property
    def keyed(self) -> Mapping[str, Keyed]:
        """All columns and orders."""
        return FINDINGS

    @property
    def sorting_words(self) -> str:
        """The name of the order, if it is no column's."""
        return self.orders.get(self.sorting.key, "")

    def refresh(self) -> None:
        """Take in what was found since, sorted."""
        if self.view.session is not None:
            self._take(self._ids())

    def _ids(self) -> Sequence[int]:
        """Of those to list, ascending."""
        count, passing = self.total, self.view.filtering.rows(Table.FINDINGS)
        hidden = frozenset() if self.view.shows_hidden else self.view.hidden_ids
        if passing is None and not hidden:
            return range(1, count + 1)
        if self._known[:2] != (hidden, count) or self._known[2] is not passing:
            ids = range(1, count + 1) if passing is None else (passing + 1).tolist()
            self._known = hidden, count, passing, [id for id in ids if id not in hidden]
        return self._known[3]

    @property
    def total(self) -> int:
        """Rows there would be without a filter."""
        return len(self.view.session.findings) if self.view.session is not None else 0

    def __len__(self) -> int:
        return len(self.arranged.listed)

    def __getitem__(self, index: int) -> Finding:
        return self.view.opened.findings[self.identity(index) - 1]

    def identity(self, index: int) -> int:
        """The id of the finding in a row."""
        return int(self.arranged.listed[index])

    def find(self, identity: int) -> int | None:
        """The row of a finding."""
        return self.arranged.find(identity)

    def field_cells(self, index: int, names: Sequence[str]) -> Sequence[Line]:
        """What a row has under names of fields."""
        return self._field_cells(self.identity(index), names)

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest row before or after of the same or a higher severity."""
        least = self[index].severity
        rows = range(index + step, len(self) if step > 0 else -1, step)
        return next((row for row in rows if self[row].severity >= least), None)

    def nearest(self, frame: int) -> int:
        """The first row of the finding nearest to a packet. Raises NoPacketError."""
        rows = [row for row in range(len(self)) if self[row].frame]
        if not rows:
            raise NoPacketError("No finding points at a packet")
        return min(rows, key=lambda row: abs(self[row].frame - frame))

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
                "from": min(len(str(sender(self.view.opened, finding) or "")), 26),
            }
            self._widths = {name: max(old, needed[name]) for name, old in self._widths.items()}
        self._measured = len(findings)
        return self._widths[key]

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        finding = self[index]
        ink = SEVERITY_INKS[finding.severity]
        ignored = finding.id in self.view.hidden_ids
        label = "ignored" if ignored else finding.severity.label
        return (
            line(f"{GLYPHS[finding.severity]} {label}", "dim" if ignored else ink),
            line(finding.rule.id),
            line(str(finding.frame) if finding.frame else ""),
            line(str(finding.count) if finding.count > 1 else "", "dim"),
            line(escape(self.view.ue_name(self.ue(finding)), 64), "msgin5g"),
            line(self._sender(finding), "dim"),
            line(escape(finding.text, 300)),
            line(finding.rule.reference, "dim"),
        )

    def _sender(self, finding: Finding) -> str:
        endpoint = sender(self.view.opened, finding)
        return self.view.endpoint(endpoint) if endpoint is not None else ""

    def row_ink(self, index: int) -> str:
        """Findings that are ignored, where they are listed, stand back."""
        return "dim" if self[index].id in self.view.hidden_ids else ""
