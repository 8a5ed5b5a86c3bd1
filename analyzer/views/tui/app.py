# SPDX-License-Identifier: GPL-2.0-only
"""The app: puts the pages together, starts reading, and carries messages between them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.timer import Timer
from textual.worker import get_current_worker

from analyzer.capture import Intake
from analyzer.views.escape import escape
from analyzer.views.places import Page
from analyzer.views.tui.annotated import NO_NAMES
from analyzer.views.tui.app_keys import APP_KEYS
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.control import Control
from analyzer.views.tui.ending import heed
from analyzer.views.tui.filter_search import FilterSearch
from analyzer.views.tui.filter_text import problem
from analyzer.views.tui.key_places import bindings_by_place
from analyzer.views.tui.live import SHORTEST, Start, start
from analyzer.views.tui.live_keys import LIVE_KEYS
from analyzer.views.tui.paging import PAGES, PagingApp
from analyzer.views.tui.palette import GoToPacket, Palette, page_commands
from analyzer.views.tui.places import FilterBy, Noted
from analyzer.views.tui.preferring import Preferring
from analyzer.views.tui.reading import read_capture
from analyzer.views.tui.recent import remember
from analyzer.views.tui.screens.capture_statistics import CaptureStatisticsScreen
from analyzer.views.tui.screens.export import Choice, ExportScreen
from analyzer.views.tui.screens.help import HelpScreen
from analyzer.views.tui.screens.open import OpenScreen
from analyzer.views.tui.screens.page import PageScreen
from analyzer.views.tui.screens.searching import Searching
from analyzer.views.tui.widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from analyzer.settings import Settings
    from analyzer.views.preferences import Preferences

_MOST_PLACES: Final = 200
_MOST_TOLD: Final = 3
_FAILED: Final = "A part of msgshark failed"
_LONGEST_PAINT: Final = 0.2  # seconds
_TURN: Final = 0.001
"""Seconds for which reading may keep the interpreter from the screen: a key takes several turns."""

_STYLES: list[str | PurePath] = ["inks.tcss", "msgshark.tcss"]


class MsgsharkApp(PagingApp, inherit_bindings=False):
    """One capture on screen."""

    TITLE = "msgshark"
    CSS_PATH = _STYLES
    DEFAULT_MODE: ClassVar[str] = Page.PACKETS
    BINDINGS: ClassVar[list[BindingType]] = [*APP_KEYS]
    COMMANDS = App.COMMANDS | {GoToPacket}

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]] | Intake,
        settings: Settings | None = None,
        *,
        start: Start = start,
        names: Mapping[str, str] = NO_NAMES,
        preferences: Preferences | None = None,
        filter: str = "",
    ) -> None:
        intake = (
            paths if isinstance(paths, Intake) else Intake(tuple(os.fspath(path) for path in paths))
        )
        self.view = CaptureView(intake, names)
        self.view.filtering.use(filter)
        self.filter_search = FilterSearch(self)
        self.settings = settings
        if settings is not None and settings.secrets is not None:
            self.view.told += settings.secrets.warnings
        self.control = Control(self, start)
        self._preferring = Preferring(self, preferences)
        self._preferring.show(self.view)
        self._ticker: Timer | None = None
        super().__init__()

    def on_mount(self) -> None:
        self._preferring.begin()
        heed(self.control.end, self.control.close, self.is_headless, self.is_web)
        self.call_after_refresh(self._begin)

    # Captures -----------------------------------------------------------------------------------

    async def show_capture(self, intake: Intake) -> None:
        """Leave what is on screen for another capture."""
        before = {self.current_mode, *(self.page_mode(page) for page in PAGES)}
        self.view.intake.stop.request()
        session, filter = self.view.session, self.view.filtering.text
        await asyncio.to_thread(self.save_annotations, self.view)
        self.view = CaptureView(intake, self.view.given)
        self.view.filtering.use(filter)
        self._preferring.show(self.view)
        self.visited.clear()
        self.shown += 1
        self.add_pages()
        await self.switch_mode(self.page_mode(Page.PACKETS))
        for mode in before:
            await self.remove_mode(mode)
        if session is not None:
            session.release()
        self._begin()

    def _begin(self) -> None:
        self._read(self.view)
        if self._ticker is not None:
            self._ticker.stop()
        if self.view.intake.waits:
            self._ticker = self.set_interval(SHORTEST, partial(self._report_live, self.view))

    # Reading ------------------------------------------------------------------------------------

    def on_unmount(self) -> None:
        self.view.intake.stop.request()  # the thread may wait for packets that never come

    @work(thread=True, group="reading")
    def _read(self, view: CaptureView) -> None:
        worker = get_current_worker()
        for path in view.intake.paths:
            remember(path)
        paint: Callable[[], Awaitable[None] | None] = self._paint

        def report() -> None:
            if not worker.is_cancelled:
                self.call_from_thread(paint)

        read_capture(
            view, self.settings, report, lambda: worker.is_cancelled or view is not self.view
        )
        problem("frame")  # the grammar of filters takes a moment to load, the first time

    async def _paint(self) -> None:
        """Report, and let the reading thread wait until that is painted: both want the interpreter,
        and whoever looks at the screen goes first."""
        self.report()
        painted = asyncio.Event()
        if self.screen_stack:
            self.screen.call_after_refresh(painted.set)
            with suppress(TimeoutError):
                await asyncio.wait_for(painted.wait(), _LONGEST_PAINT)

    def _report_live(self, view: CaptureView) -> None:
        """Show the last packets before a silence, too, and how the recording is."""
        if view is self.view and view.changed():
            self.report()
        self.filter_search.follow()

    def report(self) -> None:
        view, screen = self.view, self._page_screen()
        view.pace.painted()
        if screen is not None and screen.is_mounted:
            screen.tick()
        self.hide_ignored()
        self.tell_of_annotations()
        self.filter_search.follow()
        while view.told:
            self.notify(escape(view.told.pop(0), 300), markup=False, timeout=12)
        for alarm in view.alarms():
            self.control.alarm(alarm)
        if not view.reading and not view.notices_told:
            view.notices_told = True
            self._tell_notices()

    def repaint_lists(self) -> None:
        """Paint anew what is listed: rows look different now."""
        screen = self._page_screen()
        for rows in screen.lists() if screen is not None and screen.is_mounted else ():
            rows.repaint()

    def _tell_notices(self) -> None:
        """What was wrong with the capture, or passed over."""
        from analyzer.report import notices

        if self.view.session is not None:
            for notice in islice(notices(self.view.session), _MOST_TOLD):
                text = escape(notice, 300)
                self.notify(text, title="Capture", severity="warning", markup=False, timeout=12)

    # The filter ---------------------------------------------------------------------------------

    def show_passing(self) -> None:
        """List what passes the filter by now."""
        screen = self._page_screen()
        if screen is not None and screen.is_mounted:
            screen.tick()

    @on(FilterBar.Applied)
    def _filter_written(self, event: FilterBar.Applied) -> None:
        self.filter_search.apply(event.text)

    @on(FilterBy)
    def _filter_by(self, event: FilterBy) -> None:
        text = self.filter_search.filter_by(event)
        screen = self._page_screen()
        if text is not None and screen is not None:
            screen.bar.open(text)

    def action_stop_search(self) -> None:
        if isinstance(self.screen, Searching):
            self.screen.action_stop_search()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop_search":
            return isinstance(self.screen, Searching) and self.screen.searches
        if action == "open" and self.is_web:  # files of another machine than the user's
            return False
        return super().check_action(action, parameters)

    @on(Noted)
    def _noted(self) -> None:
        self.noted()

    def action_export(self) -> None:
        screen = self._page_screen()
        if screen is None or self.view.session is None or isinstance(self.screen, ExportScreen):
            return
        searching = self.view.filtering.progress(Page.PACKETS) is not None
        choices = [
            Choice("Shown so far" if searching else "Shown", self.view.visible_rows()),
            Choice("Marked", sorted(self.view.marks)),
            Choice("This exchange", self.view.rows_of_exchange(screen.exchange)),
        ]
        self.push_screen(ExportScreen(self.view, choices))

    def action_capture_statistics(self) -> None:
        if not isinstance(self.screen, CaptureStatisticsScreen):
            self.push_screen(CaptureStatisticsScreen(self.view))

    # The recording ------------------------------------------------------------------------------

    def action_stop_or_start(self) -> None:
        if self.view.live:
            self.control.stop()
        else:
            self.control.restart()

    def action_restart(self) -> None:
        self.control.restart()

    def action_save(self) -> None:
        self.control.save()

    def action_open(self) -> None:
        if not isinstance(self.screen, OpenScreen):
            self.push_screen(OpenScreen(), self.control.open)

    async def action_quit(self) -> None:
        self.control.quit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        yield from page_commands(screen)
        for binding in LIVE_KEYS:
            title, help = binding.tooltip.split(":")[0].split(";")[0], binding.tooltip
            yield SystemCommand(title, help, partial(self.run_action, binding.action))
        if isinstance(screen, PageScreen):
            yield from self.filter_search.commands(screen)
        if self.view.session is not None:
            yield from self.annotation_commands()

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        self.push_screen(Palette([ThemeProvider], placeholder="Search for themes…"))

    # Help ---------------------------------------------------------------------------------------

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.help_groups()))

    def help_groups(self) -> Iterator[tuple[str, list[Binding]]]:
        """Every key of the app by where it works."""
        return bindings_by_place(self)


def run(
    intake: Intake,
    settings: Settings | None = None,
    *,
    start: Start = start,
    names: Mapping[str, str] = NO_NAMES,
    preferences: Preferences | None = None,
    filter: str = "",
) -> int:
    """Show captures until the user quits; the exit code, 2 when they could not be read.

    `start` begins a recording anew that `intake` has; `names` are those of addresses and UEs;
    `filter` is the display filter to begin with.
    """
    app = MsgsharkApp(
        intake, settings, start=start, names=names, preferences=preferences, filter=filter
    )
    return finished(app)


def finished(app: MsgsharkApp) -> int:
    """Run an app to its end; the exit code. Where a recording is kept stands on stderr."""
    sys.setswitchinterval(_TURN)
    try:
        app.run()
    finally:
        app.control.close()
        keeper = app.view.session.keeper if app.view.session is not None else None
        with suppress(OSError):  # the terminal may be gone
            for text in keeper.told if keeper is not None else ():
                print(f"msgshark: {escape(text, 500)}", file=sys.stderr)
            for text in app.control.parting:
                print(f"msgshark: {text}", file=sys.stderr)
    if app.view.error:
        print(f"msgshark: {app.view.error}", file=sys.stderr)
        return 2
    return app.return_code or 0
