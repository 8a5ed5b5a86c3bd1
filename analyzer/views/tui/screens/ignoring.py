# SPDX-License-Identifier: GPL-2.0-only
"""The dialogue that ignores a finding: why, and how much with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, RadioButton, RadioSet, Static

from analyzer.annotations.model import Waiver
from analyzer.identity import Identities
from analyzer.profiles.spec import Ignore
from analyzer.views.escape import escape
from analyzer.waiving import endpoints

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.views.tui.annotated import Annotated


class Extent(NamedTuple):
    """How much is ignored, in words."""

    words: str
    waiver: Waiver


class IgnoreScreen(ModalScreen[Waiver | None], inherit_bindings=False):
    """Asks for the reason and the extent; Enter in the reason ignores."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="ignore.close", tooltip="Ignore nothing"),
        Binding(
            "tab", "app.focus_next", "Next", id="ignore.next", tooltip="From the reason to how much"
        ),
        Binding(
            "shift+tab",
            "app.focus_previous",
            "Back",
            id="ignore.previous",
            tooltip="From how much to the reason",
        ),
    ]

    def __init__(self, rule: str, extents: Sequence[Extent]) -> None:
        super().__init__()
        self._rule = rule
        self._extents = extents

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_title = Content(f"Ignore {self._rule}")
            pane.border_subtitle = "Enter ignores, Tab chooses, Esc closes"
            yield Input(placeholder="Why: known, fixed in firmware 5, ...", compact=True)
            with RadioSet(compact=True):
                for number, extent in enumerate(self._extents):
                    yield RadioButton(Content(extent.words), number == 0)
            yield Static("", id="said")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        reason = event.value.strip()
        if not reason:
            self.query_one("#said", Static).update("Say why: whoever reads the record asks")
            return
        waiver = self._extents[max(0, self.query_one(RadioSet).pressed_index)].waiver
        self.dismiss(waiver._replace(of=waiver.of._replace(reason=reason)))


def extents(view: Annotated, finding: Finding) -> list[Extent]:
    """This finding, its rule for who broke it, its rule in the whole capture."""
    rule, session = finding.rule.id, view.opened
    fingerprint = Identities(session).of(finding)
    found = [Extent("This finding", Waiver(Ignore(rule), fingerprint))]
    found += _of_who(view, finding)
    return [*found, Extent("This rule, whoever breaks it", Waiver(Ignore(rule)))]


def _of_who(view: Annotated, finding: Finding) -> Iterator[Extent]:
    ue = view.opened.ue_of(finding)
    if ue:
        yield Extent(f"This rule for {escape(ue, 40)}", Waiver(Ignore(finding.rule.id, ue=ue)))
        return
    for address in dict.fromkeys(end.address for end in endpoints(view.opened, finding)):
        yield Extent(
            f"This rule from or to {address}", Waiver(Ignore(finding.rule.id, endpoint=address))
        )
