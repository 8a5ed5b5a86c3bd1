# SPDX-License-Identifier: GPL-2.0-only
"""Pages meet at what the cursor stands on: a packet, its exchange, its finding, its UE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from analyzer.views.places import Page, Place

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.views.tui.screens.page import PageScreen

_MOST: Final = 1000
"""Messages of an exchange among which a finding is looked for."""


def meeting_place(left: PageScreen, entered: PageScreen) -> Place | None:
    """Where the cursor of the page entered belongs: on what the other page's stands on. None where
    it stands there, where the user has chosen nothing yet, or follows the end of a live capture."""
    view, rows, others = left.view, left.main_list, entered.main_list
    if view.session is None or view.paused or rows is None or others is None:
        return None
    if left.page is entered.page or not rows.cursor or rows.pinned or others.pinned:
        return None
    if entered.page is Page.EXCHANGES:
        return _place(entered, left.exchange, entered.exchange)
    if entered.page is Page.UES:
        return _place(entered, left.ue, entered.ue)
    if entered.page is Page.PACKETS:
        about_same = left.page is Page.EXCHANGES and left.exchange == entered.exchange
        return None if about_same else _place(entered, left.frame, entered.frame)
    if entered.page is Page.FINDINGS:
        found = _findings(left)
        here = entered.here
        if here is not None and any(finding.id == here.number for finding in found):
            return None
        worst = max(found, key=lambda finding: finding.severity, default=None)
        return _place(entered, worst.id if worst is not None else 0, 0)
    return None


def _place(entered: PageScreen, wanted: int, now: int) -> Place | None:
    return Place(entered.page, wanted) if wanted and wanted != now else None


def _findings(left: PageScreen) -> Sequence[Finding]:
    """Findings about what the cursor of a page stands on."""
    view = left.view
    if left.page is Page.UES:
        return [view.opened.findings[index] for index in view.standings.findings_of(left.ue)]
    if left.page is Page.EXCHANGES:
        rows = view.rows_of_exchange(left.exchange)[:_MOST]
        return [finding for row in rows for finding in view.findings_of_row(int(row))]
    row = view.row_of_frame(left.frame) if left.frame else None
    return view.findings_of_row(row) if row is not None else ()
