# SPDX-License-Identifier: GPL-2.0-only
"""Two messages of a ladder side by side."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from analyzer.views.detail.packet import packet_detail
from analyzer.views.difference import differences
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.rows.difference import DifferenceRows
from analyzer.views.tui.screens.page import position, titled
from analyzer.views.tui.widgets.virtual_list import VirtualList
from analyzer.views.wording import plural


class _Sides(VirtualList):
    """Both sides as wide as each other."""

    def __init__(self, rows: DifferenceRows) -> None:
        super().__init__(rows, id="difference", empty="No field differs")
        self._rows = rows

    def on_resize(self) -> None:
        self._rows.fit(self.scrollable_content_region.width)
        self.repaint()


class DifferenceScreen(Guarded, ModalScreen[None], inherit_bindings=False):
    """Field by field; signs say what differs: ≠ in both, < and > in one alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "n",
            "next(1)",
            "Next",
            id="difference.next",
            tooltip="Go to the next field that differs",
        ),
        Binding(
            "N",
            "next(-1)",
            "Previous",
            show=False,
            id="difference.previous",
            tooltip="Go to the field before that differs",
        ),
        Binding(
            "a",
            "all",
            "All fields",
            id="difference.all",
            tooltip="Show all fields, or only those that differ",
        ),
        Binding(
            "escape,d,equals_sign",
            "dismiss",
            "Close",
            id="difference.close",
            tooltip="Back to the ladder",
        ),
    ]

    def __init__(self, view: CaptureView, rows: tuple[int, int]) -> None:
        super().__init__()
        frames = tuple(view.opened.messages.cell("frame", row) for row in rows)
        left, right = (packet_detail(view, row).nodes for row in rows)
        self.rows = DifferenceRows(
            (f"Packet {frames[0]}", f"Packet {frames[1]}"), list(differences(left, right))
        )
        self.list = _Sides(self.rows)

    def compose(self) -> ComposeResult:
        with Vertical() as pane:
            pane.border_subtitle = "≠ differs, < and > only there; n next, a all fields, Esc closes"
            yield self.list

    def on_mount(self) -> None:
        self.list.take_in()
        self.list.focus()
        self._title()

    def _title(self) -> None:
        count = f"{plural(self.rows.different, 'field')} differ, {position(self.list)}"
        titled(self.query_one(Vertical), "Difference", count)

    def on_virtual_list_highlighted(self) -> None:
        self._title()

    def action_next(self, step: int) -> None:
        index = self.rows.next_different(self.list.cursor, step)
        if index is None:
            self.notify("No further field differs" if step > 0 else "None before this one")
        else:
            self.list.go_to(index)

    def action_all(self) -> None:
        self.rows.all = not self.rows.all
        self.list.take_in()
        self._title()
