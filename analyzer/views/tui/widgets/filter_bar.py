# SPDX-License-Identifier: GPL-2.0-only
"""The line of the display filter: green when its text is one, red with the reason when not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.worker import get_current_worker

from analyzer.remembered import texts
from analyzer.views.escape import escape
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.filter_search import HISTORY
from analyzer.views.tui.filter_text import MOST_OFFERED, History, Problem, problem
from analyzer.views.tui.widgets.filter_input import FilterInput, Offers

_SIGN: Final = 2
"""Columns before the text."""

_STEP: Final = 10

_HINT: Final = "Enter applies, Tab completes, ↑ has those of before, Esc leaves"


class FilterBar(Vertical):
    """Hidden as long as there is neither a filter nor one being written."""

    class Applied(Message):
        """Enter on a text that is a filter, or empty."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The user is done with the bar; `before` had the focus when it was opened."""

        def __init__(self, before: Widget | None) -> None:
            super().__init__()
            self.before = before

    _loaded: ClassVar[bool] = False

    def __init__(self, view: CaptureView) -> None:
        super().__init__()
        self.view = view
        self.input = FilterInput(id="filter-text", compact=True)
        self.offers = Offers(id="filter-offers")
        self._sign = Static("/", id="filter-sign")
        self._state = Static(id="filter-state")
        self._clear = Static(Content(" ✕ "), id="filter-clear")
        self._says = Static(Content(" " * _SIGN + _HINT), id="filter-says")
        self._applied = ""
        self._open = False
        self._comes_to = self._state_text = ""
        self._before: Widget | None = None
        self._history = History(())

    def compose(self) -> ComposeResult:
        with Horizontal(id="filter-line"):
            yield self._sign
            yield self.input
            yield self._state
            yield self._clear
        yield self._says
        yield self.offers

    def on_mount(self) -> None:
        self.display = False
        self._says.display = False
        self.show("")

    # What stands there --------------------------------------------------------------------------

    @property
    def editing(self) -> bool:
        """Whether what stands there is not applied, or may soon not be."""
        return self._open or self.input.value.strip() != self._applied

    def show(self, state: str) -> None:
        """Show the filter there is and, at the right, what it comes to."""
        text = self.view.filtering.text
        if text != self._applied:
            self._applied = text
            if not self._open:
                self._put(text)
        self._comes_to = state
        self._say_state()
        self.display = self.editing or bool(self._applied)

    def _say_state(self) -> None:
        written = self.input.value.strip() != self._applied
        state = "not applied" if written and not self._open else self._comes_to
        if state != self._state_text:
            self._state_text = state
            # In steps of a few columns: each change of the layout paints the whole page.
            self._state.styles.width = -(-len(state) // _STEP) * _STEP
            self._state.update(Content(state), layout=False)

    def open(self, text: str | None = None) -> None:
        """Let the user write: what stands there, or a text that is not applied yet."""
        if not self._open:
            self._before = self.screen.focused
            self._history = History(texts(HISTORY))
        self._set_open(True)
        self.input.can_focus = True
        if text is not None:
            self._put(text)
        self.input.focus()
        if text is None:
            self.input.select_all()
        if FilterBar._loaded:
            self._judge()
        else:
            self._load()

    def _set_open(self, wanted: bool) -> None:
        self._open = self._says.display = wanted
        self._say_state()
        self.display = self.editing or bool(self._applied)

    @work(thread=True)
    def _load(self) -> None:
        """The grammar takes a moment to load."""
        worker = get_current_worker()
        problem("coap")
        FilterBar._loaded = True
        if not worker.is_cancelled:
            self.app.call_from_thread(self._judge)

    def _put(self, text: str) -> None:
        with self.input.prevent(Input.Changed):
            self.input.value = text
            self.input.cursor_position = len(self.input.value)
        if FilterBar._loaded or text:
            self._judge()

    def _judge(self) -> None:
        """Say whether the text is a filter."""
        text = self.input.value
        found = problem(text) if text.strip() else None
        good = bool(text.strip()) and found is None
        self.set_class(good, "-good")
        self.set_class(found is not None, "-bad")
        self._sign.update(Content("✖" if found else "✔" if good else "/"), layout=False)
        self._says.set_class(found is not None, "-bad")
        self._says.update(self._pointed(found) if found else Content(" " * _SIGN + _HINT))

    def _pointed(self, found: Problem) -> Content:
        """A caret below the place, and the reason beside it where there is room, else below."""
        room = max(20, self.app.size.width)
        before = cell_len(self.input.value[: found.at]) - round(self.input.scroll_offset.x)
        at = max(0, min(_SIGN + before, room - 1))
        text = escape(found.text, 400)
        width = cell_len(text)
        if at + 2 + width <= room:
            return Content(f"{' ' * at}^ {text}")
        if width + 1 <= at:
            return Content(f"{' ' * (at - width - 1)}{text} ^")
        return Content(f"{' ' * at}^\n{text}")

    # Writing ------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._history.written()
        self._judge()
        self._offer(asked=False)

    def _offer(self, asked: bool) -> None:
        from analyzer.views.tui.filter_text import offers

        text, cursor = self.input.value, self.input.cursor_position
        found = offers(text, cursor, self.view.session, asked) if FilterBar._loaded else []
        column = cell_len(text[: found[0].start]) if found else 0
        shift = _SIGN + column - round(self.input.scroll_offset.x)
        self.offers.offer(found[:MOST_OFFERED], len(found), max(0, shift), chosen=asked)

    @on(FilterInput.Asked)
    def _asked(self, event: FilterInput.Asked) -> None:
        """Keys that are not letters."""
        event.stop()
        actions: dict[str, Callable[[], None]] = {
            "complete": self._complete,
            "apply": self._enter,
            "leave": self._escape,
            "older": partial(self._move, -1),
            "newer": partial(self._move, 1),
        }
        actions[event.what]()

    def _complete(self) -> None:
        if not self.offers.display:
            self._offer(asked=True)
            if len(self.offers.found) != 1:
                return
        self._take(self.offers.highlighted or 0)

    def _take(self, index: int) -> None:
        from analyzer.views.tui.filter_text import completed

        if not 0 <= index < len(self.offers.found):
            return
        text, cursor = completed(
            self.input.value, self.input.cursor_position, self.offers.found[index]
        )
        with self.input.prevent(Input.Changed):
            self.input.value = text
            self.input.cursor_position = cursor
        self._judge()
        self._offer(asked=False)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._take(event.option_index)
        self.input.focus()

    def _move(self, step: int) -> None:
        """Among what is offered once the user is there, else in the history."""
        if self.offers.display and (step > 0 or self.offers.highlighted is not None):
            self.offers.move(step)
            return
        text = self._history.older(self.input.value) if step < 0 else self._history.newer()
        if text is not None:
            self.offers.close()
            self._put(text)

    def _enter(self) -> None:
        if self.offers.display and self.offers.highlighted is not None:
            self._take(self.offers.highlighted)
            return
        self.offers.close()
        text = self.input.value.strip()
        if text and problem(text) is not None:
            self._judge()
            return
        self._applied = text
        self._put(text)
        self.post_message(self.Applied(text))
        self._leave()

    def _escape(self) -> None:
        if self.offers.display:
            self.offers.close()
            return
        self._put(self._applied)
        self._leave()

    def _leave(self) -> None:
        self._set_open(False)
        self.input.can_focus = False
        self.post_message(self.Left(self._before))

    def on_descendant_focus(self) -> None:
        self._set_open(True)

    def on_descendant_blur(self) -> None:
        """What was written stays, and can be gone on with."""
        self.offers.close()
        self._set_open(False)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self._clear:
            self.offers.close()
            self._put("")
            self._enter()
        elif not self._open:
            before = self.input.cursor_position
            self.open(self.input.value)
            self.input.cursor_position = before
