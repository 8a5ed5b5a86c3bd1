# SPDX-License-Identifier: GPL-2.0-only
"""The app as far as users write about a capture in it: what they change is kept at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

from textual.app import SystemCommand
from textual.timer import Timer

from analyzer.annotations.model import MOST_MARKS
from analyzer.views.escape import escape
from analyzer.views.places import Page, Place
from analyzer.views.tui.places import Visit
from analyzer.views.tui.screens.comment import CommentScreen
from analyzer.views.tui.screens.ignoring import IgnoreScreen, extents
from analyzer.views.tui.screens.naming import NameScreen, nameable
from analyzer.views.tui.surviving import SurvivingApp

if TYPE_CHECKING:
    from analyzer.annotations.model import Waiver
    from analyzer.views.tui.capture_view import CaptureView
    from analyzer.views.tui.screens.page import PageScreen

_SOON: Final = 0.3
"""Seconds after a change in which it is kept: further ones go with it."""

_AT_ONCE: Final = 2000
"""Findings looked at without a thread."""

_SHARE: Final = 5
"""Looking at findings of a live capture takes at most one part in so many of the time."""


class AnnotatingApp(SurvivingApp, inherit_bindings=False):
    """Subclasses have a `view` and give the page on top."""

    view: CaptureView
    _saving: Timer | None = None
    _hidden_for: CaptureView | None = None
    _hiding = False
    _hide_next = 0.0

    def _page_screen(self) -> PageScreen | None:
        raise NotImplementedError

    # Keeping ------------------------------------------------------------------------------------

    def noted(self) -> None:
        """Something was written: show it, and keep it soon."""
        if self._saving is not None:
            self._saving.stop()
        self._saving = self.set_timer(_SOON, partial(self._save_in_thread, self.view))
        self.hide_ignored()
        self._refresh_pages()

    def _save_in_thread(self, view: CaptureView) -> None:
        def work() -> None:
            self.save_annotations(view)
            self.call_from_thread(self.tell_of_annotations)

        self.run_worker(work, thread=True, group="annotations", exit_on_error=False)

    def save_annotations(self, view: CaptureView | None = None) -> None:
        """Keep what was written, from any thread."""
        session = (view or self.view).session
        if session is not None:
            session.keeper.save()

    def tell_of_annotations(self) -> None:
        """What could not be read or kept."""
        told = self.view.session.keeper.told if self.view.session is not None else []
        while told:
            text = escape(told.pop(0), 400)
            self.notify(text, title="Annotations", severity="warning", markup=False, timeout=15)

    def _refresh_pages(self) -> None:
        screen = self._page_screen()
        if screen is not None and screen.is_mounted:
            screen.annotations_changed()

    # Findings -----------------------------------------------------------------------------------

    def hide_ignored(self) -> None:
        """Let findings that are ignored go from the lists: many of them in a thread."""
        view = self.view
        if view.session is None:
            return
        # Once all is read, findings about UEs that were named late are looked at again.
        again = view.session.closed and self._hidden_for is not view and view.annotations.waivers
        left = len(view.session.findings) if again else view.hidden.left(view.annotations.waivers)
        if not left or self._hiding:
            return
        if (wait := self._hide_next - monotonic()) > 0:
            self._hiding = True
            self.set_timer(wait, self._hidden)
            return
        if again:
            self._hidden_for = view
        if len(view.session.findings) <= _AT_ONCE:
            view.hidden.take_in(view.annotations.waivers, bool(again))
            return
        self._hiding = True

        def work() -> None:
            begun = monotonic()
            changed = view.hidden.take_in(view.annotations.waivers, bool(again))
            self._hide_next = monotonic() + _SHARE * (monotonic() - begun)
            self.call_from_thread(self._hidden, changed)

        self.run_worker(work, thread=True, group="hiding", exit_on_error=False)

    def _hidden(self, changed: bool = False) -> None:
        """Show what was found out, and look at what came meanwhile."""
        self._hiding = False
        if changed:
            self._refresh_pages()
        self.hide_ignored()

    def action_ignore(self) -> None:
        screen = self._page_screen()
        finding = screen.finding if screen is not None else None
        if finding is None:
            self.notify("No finding is under the cursor")
            return
        waivers = self.view.waivers_of(finding)
        if waivers:
            self.view.annotations.heed(waivers)
            self.notify("The finding counts again")
            self.noted()
            return

        def chosen(waiver: Waiver | None) -> None:
            if waiver is not None:
                self.view.annotations.waive(waiver)
                self.noted()

        self.push_screen(IgnoreScreen(finding.rule.id, extents(self.view, finding)), chosen)

    def action_show_ignored(self) -> None:
        self.view.shows_hidden = not self.view.shows_hidden
        self._refresh_pages()

    # Packets ------------------------------------------------------------------------------------

    def _frame(self) -> int:
        screen = self._page_screen()
        frame = screen.frame if screen is not None else 0
        if not frame:
            self.notify("No packet is under the cursor")
        return frame

    def action_comment(self) -> None:
        frame = self._frame()
        if not frame:
            return
        annotations = self.view.annotations

        def written(text: str | None) -> None:
            if text is not None:
                annotations.comment(frame, text)
                self.noted()

        self.push_screen(CommentScreen(frame, annotations.comments.get(frame, "")), written)

    def action_time_reference(self) -> None:
        if frame := self._frame():
            self.view.annotations.refer(frame)
            self.noted()

    def action_marked(self, step: int) -> None:
        screen = self._page_screen()
        marks = sorted(self.view.annotations.marks)
        here = screen.frame if screen is not None else 0
        at = bisect_right(marks, here) if step > 0 else bisect_left(marks, here) - 1
        if screen is None or not 0 <= at < len(marks):
            none = "No packet is marked; m marks one"
            self.notify("No further mark" if marks else none)
        else:
            screen.post_message(Visit(Place(Page.PACKETS, marks[at])))

    def action_mark_shown(self, marked: bool) -> None:
        view = self.view
        if view.session is None:
            return
        messages, rows = view.session.messages, view.visible_rows()

        def work() -> None:
            done = view.annotations.mark(messages.take("frame", rows), marked)
            self.call_from_thread(self.noted if done else self._refuse_marks)

        self.run_worker(work, thread=True, group="marking", exit_on_error=False)

    def _refuse_marks(self) -> None:
        self.notify(f"{MOST_MARKS:,} packets can be marked; filter first", severity="warning")

    def action_unmark_all(self) -> None:
        self.view.annotations.mark(self.view.annotations.marks, False)
        self.noted()

    # Names --------------------------------------------------------------------------------------

    def action_names(self) -> None:
        self.view.named = not self.view.named
        if not (self.view.annotations.names or self.view.given):
            self.notify("There are no names: the command “Name …” gives one, -H FILE many")
        self._refresh_pages()

    def action_name(self) -> None:
        screen = self._page_screen()
        whats = nameable(self.view, screen.frame, screen.ue) if screen is not None else []
        if not whats:
            self.notify("Nothing here can be named")
            return

        def named(names: dict[str, str] | None) -> None:
            for what, name in (names or {}).items():
                self.view.annotations.name(what, name)
            if names:
                self.noted()

        known = {what: self.view.annotations.names.get(what, "") for what in whats}
        self.push_screen(NameScreen(known), named)

    def annotation_commands(self) -> Iterator[SystemCommand]:
        """What the command palette has of all this."""
        commands: tuple[tuple[str, str, Callable[[], None]], ...] = (
            ("Comment", "Comment on the packet, or change the comment", self.action_comment),
            ("Time reference", "Times count from this packet", self.action_time_reference),
            ("Name …", "Name the addresses and the UE under the cursor", self.action_name),
            ("Names", "Show names, or addresses and UEs themselves", self.action_names),
            (
                "Mark all shown",
                "Mark every packet that is listed",
                partial(self.action_mark_shown, True),
            ),
            (
                "Unmark all shown",
                "Take the marks of listed packets away",
                partial(self.action_mark_shown, False),
            ),
            ("Unmark all", "Take every mark away", self.action_unmark_all),
            ("Next marked", "Go to the next marked packet", partial(self.action_marked, 1)),
            ("Previous marked", "Go to the one before", partial(self.action_marked, -1)),
            ("Ignored findings", "List ignored findings, or not", self.action_show_ignored),
        )
        yield from (SystemCommand(*command) for command in commands)
