# SPDX-License-Identifier: GPL-2.0-only
"""The app as far as its pages go: which is on screen, jumps between them, and the way back."""

from __future__ import annotations

from functools import partial
from typing import Final

from textual import on

from analyzer.statistics.model import Part
from analyzer.views.places import Page, Place
from analyzer.views.tui.annotating import AnnotatingApp
from analyzer.views.tui.places import Visit
from analyzer.views.tui.screens.exchanges import ExchangesScreen
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.meeting import meeting_place
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.page import PageScreen
from analyzer.views.tui.screens.statistics import StatisticsScreen
from analyzer.views.tui.screens.ues import UesScreen
from analyzer.views.tui.widgets.tab_line import TabLine

_MOST_PLACES: Final = 200

PAGES: dict[Page, type[PageScreen]] = {
    Page.PACKETS: PacketsScreen,
    Page.EXCHANGES: ExchangesScreen,
    Page.FINDINGS: FindingsScreen,
    Page.UES: UesScreen,
    Page.STATISTICS: StatisticsScreen,
}
"""The screens, in the order of their keys."""


class PagingApp(AnnotatingApp, inherit_bindings=False):
    """Subclasses have a `view` and report what was read of it."""

    def __init__(self) -> None:
        self.visited: list[Place] = []
        self.shown = 0  # captures shown before this one
        super().__init__()
        self.add_pages()

    def report(self) -> None:
        """Show what was read since."""
        raise NotImplementedError

    def page_mode(self, page: Page) -> str:
        """The mode of the app that a page of this capture is."""
        return f"{page}-{self.shown}" if self.shown else page

    def add_pages(self) -> None:
        """Offer the pages of another capture."""
        for page, screen in PAGES.items():
            self.add_mode(self.page_mode(page), partial(screen, self.view))

    def _page_screen(self) -> PageScreen | None:
        """The page on top or below a dialogue."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, PageScreen):
                return screen
        return None

    async def action_page(self, name: str) -> None:
        left = self._page_screen()
        await self._show_page(Page(name))
        entered = self._page_screen()
        place = meeting_place(left, entered) if left and entered else None
        if left is not None and entered is not None and place is not None:
            self._leave(left)
            entered.go_to(place)

    async def _show_page(self, page: Page) -> None:
        await self.switch_mode(self.page_mode(page))
        self.report()

    def _leave(self, screen: PageScreen) -> None:
        """Keep where the cursor stands for the way back."""
        if screen.here is not None:
            self.visited.append(screen.here)
            del self.visited[:-_MOST_PLACES]

    @on(TabLine.Clicked)
    async def _tab_clicked(self, event: TabLine.Clicked) -> None:
        await self.action_page(event.name)

    @property
    def page(self) -> Page:
        """The one on screen."""
        screen = self._page_screen()
        return screen.page if screen is not None else Page.PACKETS

    @on(Visit)
    async def _visit(self, event: Visit) -> None:
        self._keep_place()
        await self._go_to(event.place)

    def _keep_place(self) -> None:
        screen = self._page_screen()
        if screen is not None:
            self._leave(screen)

    async def action_go_to_packet(self, number: str) -> None:
        """Of any page, as the command palette offers it."""
        self._keep_place()
        await self._show_page(Page.PACKETS)
        screen = self._page_screen()
        if screen is not None and self.view.session is not None:
            wrong = screen.go_to_number(number)
            if wrong:
                self.notify(wrong, severity="warning", markup=False)

    async def _go_to(self, place: Place) -> None:
        await self._show_page(place.page)
        screen = self._page_screen()
        if screen is not None:
            screen.go_to(place)

    async def action_back(self) -> None:
        if self.visited:
            await self._go_to(self.visited.pop())
        else:
            self.notify("No jump to go back from")

    async def action_response_times(self) -> None:
        await self._visit(Visit(Place(Page.STATISTICS, list(Part).index(Part.TIMES))))
