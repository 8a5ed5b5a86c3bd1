# SPDX-License-Identifier: GPL-2.0-only
"""What is copied of a page: that on which its cursor stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.views.copies.model import Subject
from analyzer.views.detail.nodes import Node
from analyzer.views.escape import escape
from analyzer.views.places import Page
from analyzer.views.session_view import SessionView
from analyzer.views.tui.rows.ladder import LadderRows
from analyzer.views.tui.widgets.detail_tree import DetailTree
from analyzer.views.tui.widgets.ladder_list import LadderList
from analyzer.views.tui.widgets.virtual_list import VirtualList
from dissectors.fields import Table

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.views.tui.screens.page import PageScreen


def subject_of(page: PageScreen) -> Subject | None:
    """None where the cursor stands on nothing. Texts are made in a thread: what looks at the
    session is its own."""
    if page.view.session is None or page.here is None or page.page is Page.STATISTICS:
        return None
    view = SessionView(page.view.session)
    view.unmasked = page.view.unmasked
    row = page.view.row_of_frame(page.frame) if page.frame else None
    subject = Subject(view, Table.MESSAGES, -1 if row is None else row, page.exchange)
    match page.here.page:
        case Page.PACKETS:
            return _of_packet(page, subject)
        case Page.FINDINGS:
            finding = page.view.session.findings[page.here.number - 1]
            found = finding.row if finding.row >= 0 else subject.row
            return subject._replace(of=Table.FINDINGS, finding=finding, row=found)
        case Page.UES if not page.exchange:
            ue = page.view.standings.name(page.here.number)
            return subject._replace(of=Table.EXCHANGES, ue=ue)
        case Page.EXCHANGES if page.here.ladder is not None:
            return _of_ladder(page, subject)
    listed = page.query("VirtualList.main").first(VirtualList)
    of = Table.EXCHANGES if listed.has_focus or page.page is Page.UES else Table.MESSAGES
    return subject._replace(of=of)


def title_of(subject: Subject) -> str:
    """`packet 17`, `exchange 3`, `finding 5`."""
    if subject.ue:
        return f"UE {escape(subject.ue, 60)}"
    if subject.of == Table.FINDINGS and subject.finding is not None:
        return f"finding {subject.finding.id}"
    if subject.of == Table.EXCHANGES:
        return f"exchange {subject.exchange}"
    if subject.row < 0:
        return f"exchange {subject.exchange}"
    return f"packet {subject.view.opened.messages.cell('frame', subject.row)}"


def _of_packet(page: PageScreen, subject: Subject) -> Subject:
    """With the field under the cursor, if that is in the tree, and the finding there or the worst
    of the packet."""
    if subject.row < 0:
        return subject
    tree = page.query(DetailTree).first()
    field: Node | None = tree.selected if tree.has_focus else None
    at = field.place if field is not None else None
    if at is not None and at.page is Page.FINDINGS:
        finding: Finding | None = subject.view.opened.findings[at.number - 1]
    else:
        found = subject.view.findings_of_row(subject.row)
        finding = max(found, key=lambda one: one.severity, default=None)
    return subject._replace(field=field, finding=finding)


def _of_ladder(page: PageScreen, subject: Subject) -> Subject:
    rows = page.query(LadderList).first().rows
    assert isinstance(rows, LadderRows)
    return _of_packet(page, subject)._replace(ladder=rows.ladder)
