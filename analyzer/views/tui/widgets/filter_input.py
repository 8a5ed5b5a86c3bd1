# SPDX-License-Identifier: GPL-2.0-only
"""Where a filter is written, and the list of what may stand at its cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from analyzer.views.escape import escape
from analyzer.views.tui.filter_text import MOST_TEXT, cleaned

if TYPE_CHECKING:
    from analyzer.filters.completion import Completion


_AROUND: Final = 10
"""Columns of a line of completions beside the texts: the gap, frame, padding, scroll bar."""


class FilterInput(Input):
    """A line of text that holds nothing a terminal would act on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "ask('apply')",
            "Apply",
            id="filter.apply",
            tooltip="Take what is chosen, else list what passes; an empty filter lists all",
        ),
        Binding(
            "tab",
            "ask('complete')",
            "Complete",
            id="filter.complete",
            tooltip="Offer fields, operators, or values of this capture, or take the first of them",
        ),
        Binding(
            "escape",
            "ask('leave')",
            "Leave",
            id="filter.leave",
            tooltip="Close what is offered, then leave: the filter stays as it was",
        ),
        Binding(
            "up",
            "ask('older')",
            "Before",
            show=False,
            id="filter.older",
            tooltip="The filter used before; among what is offered, up",
        ),
        Binding(
            "down",
            "ask('newer')",
            "After",
            show=False,
            id="filter.newer",
            tooltip="Down in what is offered; else the filter used after",
        ),
    ]

    class Asked(Message):
        """A key was pressed: `apply`, `complete`, `leave`, `older` or `newer`."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    def __init__(self, *, id: str, compact: bool) -> None:
        super().__init__(id=id, compact=compact, max_length=MOST_TEXT, select_on_focus=False)
        self.can_focus = False  # until the bar is opened: Tab goes through the panes

    def validate_value(self, value: str) -> str:
        return cleaned(value)

    def action_ask(self, what: str) -> None:
        self.post_message(self.Asked(what))

    def _on_paste(self, event: events.Paste) -> None:
        """All lines as one."""
        event.stop()
        event.prevent_default()
        text = cleaned(event.text.strip("\r\n"))
        room = MOST_TEXT - len(self.value) + len(self.selected_text)
        self.replace(text[:room], *self.selection)


class Offers(OptionList, can_focus=False):
    """What may stand at the cursor, over what is below."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self.found: Sequence[Completion] = ()

    def on_mount(self) -> None:
        self.display = False

    def offer(self, found: Sequence[Completion], of: int, column: int, *, chosen: bool) -> None:
        """Show completions below a column, the first of them chosen or none; `of` as many."""
        self.found = found
        self.clear_options()
        if not found:
            self.display = False
            return
        words = [escape(completion.replacement, 40) for completion in found]
        helps = [escape(completion.help, 60) for completion in found]
        width = max(map(cell_len, words))
        for word, help in zip(words, helps, strict=True):
            padded = word + " " * (width - cell_len(word))
            self.add_option(Option(Content(f"{padded}  ") + Content(help).stylize("dim")))
        self.styles.width = width + max(map(cell_len, helps)) + _AROUND
        self.border_subtitle = f"{len(found)} of {of}" if of > len(found) else ""
        self.styles.offset = (column, 0)
        self.highlighted = 0 if chosen else None
        self.display = True

    def move(self, step: int) -> None:
        """Choose the next one; none before the first."""
        at = -1 if self.highlighted is None else self.highlighted
        at = min(at + step, len(self.found) - 1)
        self.highlighted = at if at >= 0 else None

    def close(self) -> None:
        """Offer nothing."""
        self.display = False
        self.found = ()
