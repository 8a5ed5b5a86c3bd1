# SPDX-License-Identifier: GPL-2.0-only
"""The menu of what can be copied of the row under the cursor, and in which form."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from analyzer.views.copies.model import Subject
from analyzer.views.copies.registry import COPIES, Form, Offer, offer
from analyzer.views.escape import escape
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.copy_subject import title_of
from analyzer.views.tui.copying import copy
from analyzer.views.tui.widgets.options import Options

_TITLES: Final = max(len(form.title) for form in COPIES) + 2
_FIRST: Final = COPIES[0].name


class CopyScreen(ModalScreen[None], inherit_bindings=False):
    """A line a form, chosen by Enter or its letter. What each has to say is found in a thread: the
    first look at some loads a library."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                form.key,
                f"copy('{form.name}')",
                form.title,
                show=False,
                id=f"copy.{form.name.replace('_', '-')}",
                tooltip=f"Copy: {form.title}",
            )
            for form in COPIES
        ),
        Binding("escape,q,y", "dismiss", "Close", id="copy.close", tooltip="Copy nothing"),
    ]

    def __init__(self, view: CaptureView, subject: Subject, first: str = _FIRST) -> None:
        super().__init__()
        self.view = view
        self.subject = subject
        self._first = first
        self._offers: dict[str, Offer] = {}
        self._chosen = ""

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = Content(f"Copy of {title_of(self.subject)}")  # no markup
            pane.border_subtitle = "Enter or the letter copies, Esc closes"
            yield Options(*(Option(_prompt(form), form.name) for form in COPIES))

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = options.get_option_index(self._first)
        options.focus()
        self._look()

    @work(thread=True, exclusive=True)
    def _look(self) -> None:
        for form in COPIES:
            if not self.is_attached:
                return
            self.app.call_from_thread(self._looked, offer(form, self.subject))

    def _looked(self, found: Offer) -> None:
        self._offers[found.form.name] = found
        for options in self.query(OptionList):  # none any more while the screen goes away
            options.replace_option_prompt(found.form.name, _prompt(found.form, found))
            if found.copied is None:
                options.disable_option(found.form.name)
        if self._chosen == found.form.name:
            self.action_copy(self._chosen)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.action_copy(str(event.option.id))

    def action_copy(self, name: str) -> None:
        """Copy in a form, as soon as its text is there."""
        found = self._offers.get(name)
        self._chosen = name
        if found is None:
            return
        what, form = f"{found.form.title} of {title_of(self.subject)}", found.form
        if found.copied is None:
            self.notify(f"{form.title}: {found.reason}", severity="warning", markup=False)
            return
        name = f"{title_of(self.subject).split()[0]}-{self._number}-{form.name}.{form.extension}"
        try:
            said = copy(self.app, self.view, found.copied.text, what, name.replace("_", "-"))
        except OSError as error:
            text = f"{what}: cannot write it: {error.strerror or error}"
            self.app.notify(escape(text, 300), severity="error", markup=False)
            return
        said = "; ".join((said, *found.copied.remarks))
        self.app.notify(said, markup=False)
        self.dismiss()

    @property
    def _number(self) -> int:
        """Of what is copied, for the name of a file."""
        subject = self.subject
        if subject.row >= 0:
            return subject.view.opened.messages.cell("frame", subject.row)
        return subject.finding.id if subject.finding is not None else subject.exchange


def _prompt(form: Form, found: Offer | None = None) -> Text:
    """`s  Summary line        credentials are masked; X shows them`."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{form.key}  ", "bold").append(f"{form.title:<{_TITLES}}")
    if found is not None:
        said = found.reason or "; ".join(found.copied.remarks if found.copied else ())
        text.append(said, "dim")
    return text
