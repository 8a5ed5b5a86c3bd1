# SPDX-License-Identifier: GPL-2.0-only
"""The line in which one types what is to be found, and how and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from analyzer import remembered
from analyzer.views.searching.needle import Kind, Needle, Where
from analyzer.views.tui.moving_keys import FIND_KEYS

_HISTORY: Final = "finds"
_MOST: Final = 100
_LONGEST: Final = 1000
"""Characters of a text that is kept."""


class FindBar(Horizontal):
    """Shown when it is opened; Enter asks for the next hit."""

    BINDINGS: ClassVar[list[BindingType]] = [*FIND_KEYS]

    class Asked(Message):
        """Something is to be found."""

        def __init__(self, needle: Needle) -> None:
            super().__init__()
            self.needle = needle

    class Closed(Message):
        """The user has done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.close()
        self._kinds: Sequence[Kind] = (Kind.TEXT,)
        self._wheres: Sequence[Where] = ()
        self._kind = Kind.TEXT
        self._where = self._chosen = Where.LIST
        self._case = False
        self._place = -1  # in the history, -1 for what is being typed
        self._typed = ""

    def compose(self) -> ComposeResult:
        yield Static("Find", id="find-name")
        yield Input(compact=True, id="find-text")
        yield Static("", id="find-ways", markup=False)

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    def open(self, kinds: Sequence[Kind], wheres: Sequence[Where], where: Where) -> None:
        """Let the user type; `wheres` is empty where there is no choice. What was chosen last
        holds, unless the user comes from the detail or the bytes."""
        self._kinds, self._wheres = kinds, wheres
        self._where = self._chosen if where is Where.LIST else where
        if self._kind not in kinds:
            self._kind = kinds[0]
        self._place, self._typed = -1, ""
        self.display, self.disabled = True, False
        self.say("")
        self._input.focus()
        self._input.action_select_all()

    def close(self) -> None:
        """Hide it; nothing in it takes the focus."""
        self.display, self.disabled = False, True

    @property
    def room(self) -> int:
        """How much `say` can show."""
        return self.query_one("#find-ways").content_size.width

    def say(self, text: str) -> None:
        """What became of it, in the place of what can be chosen."""
        if self._input.placeholder != self._kind.hint:
            self._input.placeholder = self._kind.hint
        # Its room is fixed: a new layout would paint the whole page again.
        self.query_one("#find-ways", Static).update(text or self._ways(), layout=False)

    def _ways(self) -> str:
        """`F2 text  F3 in bytes  F4 any case`."""
        words = [f"F2 {self._kind}"]
        if self._wheres and self._kind in (Kind.TEXT, Kind.REGEX):
            words.append(f"F3 in {self._where}")
        if self._kind in (Kind.TEXT, Kind.REGEX):
            words.append("F4 exact case" if self._case else "F4 any case")
        return "  ".join(words)

    def action_kind(self) -> None:
        self._kind = _after(self._kinds, self._kind)
        self.say("")

    def action_where(self) -> None:
        if self._wheres:
            self._chosen = self._where = _after(self._wheres, self._where)
        self.say("")

    def action_case(self) -> None:
        self._case = not self._case
        self.say("")

    def action_older(self, step: int) -> None:
        kept = remembered.texts(_HISTORY)
        if self._place < 0:
            self._typed = self._input.value
        self._place = max(-1, min(self._place + step, len(kept) - 1))
        self._input.value = kept[self._place] if self._place >= 0 else self._typed
        self._input.action_end()

    def action_close(self) -> None:
        self.post_message(self.Closed())

    @on(Input.Changed)
    def _changed(self) -> None:
        self.say("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value
        if 0 < len(text) <= _LONGEST:
            remembered.keep_first(_HISTORY, text, _MOST)
        self.post_message(self.Asked(Needle(self._kind, self._where, text, self._case)))


_Choice = TypeVar("_Choice")


def _after(choices: Sequence[_Choice], chosen: _Choice) -> _Choice:
    return choices[(list(choices).index(chosen) + 1) % len(choices)]
