# SPDX-License-Identifier: GPL-2.0-only
"""What pages have in common for getting about: finding, findings, numbers, rows; and copying."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, cast, runtime_checkable

from textual.screen import Screen

from analyzer.views.copies.registry import COPIES
from analyzer.views.tui.copy_subject import subject_of
from analyzer.views.tui.screens.copy_as import CopyScreen
from analyzer.views.tui.screens.go_to import GoToScreen
from analyzer.views.tui.screens.searching import Searching
from analyzer.views.tui.search_targets import ListTarget, SheetTarget, Target
from analyzer.views.tui.widgets.rule_pane import RulePane
from analyzer.views.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from analyzer.views.tui.screens.page import PageScreen


@runtime_checkable
class Flagged(Protocol):
    """Rows of which some have an error or a warning."""

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest of these after or before a row."""


class MovingScreen(Searching, Screen[None], inherit_bindings=False):
    """A page, as far as getting about goes."""

    numbered: ClassVar[str] = "Packet number"
    """What `go_to_number` takes."""
    copied_first: ClassVar[str] = COPIES[0].name
    """The form on which the cursor of the copy menu stands."""

    @property
    def main_list(self) -> VirtualList:
        """The list that the page is about."""
        return self.query("VirtualList.main").first(VirtualList)

    @property
    def _focused_list(self) -> VirtualList:
        return self.attended if isinstance(self.attended, VirtualList) else self.main_list

    @property
    def _as_page(self) -> PageScreen:
        return cast("PageScreen", self)

    # Finding ------------------------------------------------------------------------------------

    def target(self) -> Target | None:
        if isinstance(self.attended, RulePane):
            return SheetTarget(self.attended.sheet)
        return ListTarget(self._focused_list)

    def action_flagged(self, step: int) -> None:
        rows = self._focused_list
        if not isinstance(rows.source, Flagged):
            rows = self.main_list
        found = None
        if rows.count and isinstance(rows.source, Flagged):
            found = rows.source.next_flagged(rows.cursor, step)
        if found is None:
            self.notify(self.none_flagged(step))
        else:
            self.show_flagged(rows, found)

    def none_flagged(self, step: int) -> str:
        """What is said at the last one."""
        return "No further error or warning" if step > 0 else "None before this one"

    def show_flagged(self, rows: VirtualList, index: int) -> None:
        """Go to a row with an error or a warning."""
        rows.go_to(index)

    # Numbers and rows ---------------------------------------------------------------------------

    def action_ask_number(self) -> None:
        if self._as_page.view.session is not None:
            self.app.push_screen(GoToScreen(self._as_page))

    def go_to_number(self, text: str) -> str:
        """Go to what was typed; why not, where that cannot be done."""
        raise NotImplementedError

    def action_row(self, step: int) -> None:
        self.main_list.action_move(step)

    # Copying ------------------------------------------------------------------------------------

    def action_copy_as(self) -> None:
        subject = subject_of(self._as_page)
        if subject is None:
            self.notify("Nothing here can be copied")
        else:
            self.app.push_screen(CopyScreen(self._as_page.view, subject, self.copied_first))
