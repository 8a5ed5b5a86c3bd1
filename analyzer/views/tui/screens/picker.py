# SPDX-License-Identifier: GPL-2.0-only
"""The screen that asks what to record: interfaces with their traffic, and the capture filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, TypeAlias

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from analyzer.views.escape import escape
from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.rows.interfaces import InterfaceRows, NetworkInterface, Traffic
from analyzer.views.tui.screens.page import titled
from analyzer.views.tui.widgets.tab_line import TabLine
from analyzer.views.tui.widgets.virtual_list import VirtualList

_PERIOD: Final = 1.0
"""Seconds between two looks at the counters."""

_LOOKS: Final = 5
"""Of so many, one is at the interfaces themselves: they come and go."""

Choices: TypeAlias = "Callable[[], Sequence[NetworkInterface]]"
DefaultFilter: TypeAlias = "Callable[[Sequence[str]], str]"
"""The capture filter for interfaces with these names."""

Begin: TypeAlias = "Callable[[tuple[str, ...], str, Callable[[str], None]], None]"
"""Record from interfaces with a filter; what is called when that fails hears why."""


class PickerScreen(Guarded, Screen[None], inherit_bindings=False):
    """Enter begins to record, on what is marked or on what is under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space",
            "mark",
            "Mark",
            id="picker.mark",
            tooltip="Mark the interface, or not any more: all that are marked are recorded",
        ),
        Binding(
            "tab,shift+tab,f",
            "filter",
            "Filter",
            id="picker.filter",
            tooltip="From the interfaces to the capture filter, or back",
        ),
        Binding(
            "O",
            "app.open",
            "Open a file",
            id="picker.open",
            tooltip="Open a file instead: one of those opened last, or any",
        ),
        Binding(
            "escape",
            "interfaces",
            "Interfaces",
            show=False,
            id="picker.interfaces",
            tooltip="Back to the interfaces",
        ),
        Binding(
            "y",
            "copy",
            "Copy",
            show=False,
            id="picker.copy",
            tooltip="Copy why recording did not begin, with the command that helps",
        ),
    ]

    def __init__(
        self, choices: Choices, traffic: Traffic, default_filter: DefaultFilter, begin: Begin
    ) -> None:
        super().__init__()
        self.rows = InterfaceRows()
        self.list = VirtualList(self.rows, id="interfaces", empty="Looking for interfaces …")
        self._choices, self._traffic = choices, traffic
        self._default_filter, self._begin = default_filter, begin
        self._offered: str | None = None  # the filter that the user did not write
        self._looked = 0
        self._said = ""

    def compose(self) -> ComposeResult:
        yield TabLine("msgshark", [], None, "")
        yield self.list
        yield Input(placeholder="every packet", id="filter")
        yield Static(id="said")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self.query_one("#filter", Input).border_title = "Capture filter"
        titled(self.list, "Record from", "Enter begins, Space marks several")
        self.list.focus()
        self._look()
        self.set_interval(_PERIOD, self._count)

    # Interfaces ---------------------------------------------------------------------------------

    @work(thread=True, exclusive=True)
    def _look(self) -> None:
        found = self._choices()
        self.app.call_from_thread(self._found, found)

    def _found(self, found: Sequence[NetworkInterface]) -> None:
        first = not self.list.count
        self.rows.show(found)
        self.list.empty = "There is no interface to record from"
        self.list.take_in()
        if first and found:
            busy = (n for n, one in enumerate(found) if one.running and not one.loopback)
            self.list.go_to(next(busy, 0))
            self.rows.count(self._traffic)
            self._offer()

    def _count(self) -> None:
        self._looked += 1
        if self._looked % _LOOKS == 0:
            self._look()
        self.rows.count(self._traffic)
        self.list.repaint()

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the interfaces to record, in the order of the list."""
        names = [interface.name for interface in self.rows.interfaces]
        marked = tuple(name for name in names if name in self.rows.marked)
        return marked or tuple(names[self.list.cursor : self.list.cursor + 1])

    # The filter ---------------------------------------------------------------------------------

    @on(VirtualList.Highlighted, "#interfaces")
    def _offer(self) -> None:
        """The default filter for what is chosen, unless the user wrote another one."""
        filter = self.query_one("#filter", Input)
        if self.list.count and (self._offered is None or filter.value == self._offered):
            self._offered = filter.value = self._default_filter(self.chosen)

    def action_filter(self) -> None:
        filter = self.query_one("#filter", Input)
        (self.list if filter.has_focus else filter).focus()

    def action_interfaces(self) -> None:
        self.list.focus()

    # Beginning ----------------------------------------------------------------------------------

    def action_mark(self) -> None:
        if self.list.count:
            self.rows.marked ^= {self.rows.interfaces[self.list.cursor].name}
            self.list.repaint()
            self._offer()

    @on(VirtualList.Chosen, "#interfaces")
    @on(Input.Submitted, "#filter")
    def _start(self) -> None:
        if self.chosen:
            self._say("Beginning …")
            text = self.query_one("#filter", Input).value.strip()
            self._begin(self.chosen, text, self._failed)

    def _failed(self, reason: str) -> None:
        self._said = reason
        self._say(f"{escape(reason, 2000)}\n\ny copies this")

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(Content(text))

    def action_copy(self) -> None:
        if self._said:
            self.app.copy_to_clipboard(self._said)
            self.notify("Copied")
