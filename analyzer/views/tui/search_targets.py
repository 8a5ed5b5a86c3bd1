# SPDX-License-Identifier: GPL-2.0-only
"""What can be searched on a screen, and how a hit is shown: packets, the rows of any other list,
the entries of a sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from textual.widget import Widget

from analyzer.views.inks import plain
from analyzer.views.searching.needle import Kind, Needle, SearchError, Where
from analyzer.views.searching.order import Progress, stretches
from analyzer.views.tui.widgets.sheet import Sheet
from analyzer.views.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from analyzer.views.tui.screens.packets import PacketsScreen

_TEXTS: Final = (Kind.TEXT, Kind.REGEX)
_AT_ONCE: Final = 64
"""Rows of which lines are made between two looks at the clock."""


class Target(Protocol):
    """`in_thread`: steps look at the session alone, and go on while the screen does."""

    @property
    def in_thread(self) -> bool: ...

    @property
    def kinds(self) -> Sequence[Kind]: ...

    @property
    def wheres(self) -> Sequence[Where]: ...

    @property
    def where(self) -> Where: ...

    def steps(self, needle: Needle, step: int) -> Iterator[Progress]:
        """Look for the next or previous hit. Raises SearchError, here or at the first step."""

    def show(self, place: int, needle: Needle) -> None:
        """Go to a hit."""


class ListTarget:
    """The rows of a list as they are shown, columns that found no room included."""

    in_thread = False
    kinds = _TEXTS
    wheres: Sequence[Where] = ()
    where = Where.LIST

    def __init__(self, rows: VirtualList) -> None:
        self._list = rows

    def steps(self, needle: Needle, step: int) -> Iterator[Progress]:
        _refuse_others(needle)
        return texts_steps(needle, self._list.count, self._list.cursor, step, self._text)

    def _text(self, index: int) -> str:
        return " ".join(plain(cell) for cell in self._list.source.cells(index))

    def show(self, place: int, needle: Needle) -> None:
        self._list.go_to(place)


class SheetTarget:
    """The entries of a sheet that scrolls."""

    in_thread = False
    kinds = _TEXTS
    wheres: Sequence[Where] = ()
    where = Where.LIST

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def steps(self, needle: Needle, step: int) -> Iterator[Progress]:
        _refuse_others(needle)
        texts = self._sheet.texts()
        return texts_steps(needle, len(texts), self._sheet.lit, step, texts.__getitem__)

    def show(self, place: int, needle: Needle) -> None:
        self._sheet.light(place)


class PacketsTarget:
    """The packets listed on their page."""

    in_thread = True
    kinds = tuple(Kind)
    wheres = tuple(Where)

    def __init__(self, screen: PacketsScreen) -> None:
        self._screen = screen
        self._listed: Sequence[int] = ()
        panes: dict[Widget, Where] = {screen.fields: Where.DETAIL, screen.hex: Where.BYTES}
        attended = screen.attended
        self.where = next((panes[pane] for pane in panes if pane is attended), Where.LIST)

    def steps(self, needle: Needle, step: int) -> Iterator[Progress]:
        """The libraries of a search are loaded in its thread, too: errors come with the first
        step."""
        from analyzer.views.searching.search import Search

        screen = self._screen
        view, before = screen.view, screen.search
        if before is None or (before.needle, before.unmasked) != (needle, view.unmasked):
            screen.search = before = Search(view.opened, needle, view.unmasked)
        self._listed = screen.rows.rows
        yield from before.next(self._listed, screen.list.cursor, step)

    def show(self, place: int, needle: Needle) -> None:
        """Where the packet is listed by now: more may have come, or the order be another."""
        index = self._screen.rows.find(int(self._listed[place]))
        if index is not None:
            self._screen.show_hit(index, needle)


def texts_steps(
    needle: Needle, count: int, index: int, step: int, text_of: Callable[[int], str]
) -> Iterator[Progress]:
    """The next or previous text, as many as there still are when their turn comes."""
    done = 0
    for first, after, wrapped in stretches(count, index, step):
        for at in range(first, after, _AT_ONCE * step):
            places = range(at, after, step)[:_AT_ONCE]
            found = needle.in_texts([text_of(place) for place in places])
            done += len(places)
            hit = next((p for p, has in zip(places, found, strict=True) if has), None)
            yield Progress(done / count, hit, wrapped)
            if hit is not None:
                return
    yield Progress(1.0)


def _refuse_others(needle: Needle) -> None:
    if needle.kind not in _TEXTS:
        raise SearchError("Packets alone have bytes and fields: 1 goes to their page")
    needle.check()
