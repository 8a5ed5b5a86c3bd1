# SPDX-License-Identifier: GPL-2.0-only
"""The sheet of the capture itself: how it is recorded, how much of it, and what was lost."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from analyzer.capture.spool import size_text
from analyzer.capture_statistics import FileStatistics, InterfaceStatistics, file_statistics
from analyzer.profiles.transmission import SECOND
from analyzer.recording.wish import Started
from analyzer.views.escape import escape
from analyzer.views.inks import line
from analyzer.views.times import seconds
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.guarded import Guarded
from analyzer.views.tui.widgets.sheet import Entry, Sheet

_NAMES: Final = 18
_MOST_LINES: Final = 20
_PERIOD: Final = 1.0
"""Seconds between two looks at a capture that grows."""


class CaptureStatisticsScreen(Guarded, ModalScreen[None], inherit_bindings=False):
    """Written anew every second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,q,I",
            "dismiss",
            "Close",
            id="capture-statistics.close",
            tooltip="Close the statistics of the capture",
        ),
        Binding(
            "up,k",
            "scroll(-1)",
            "Up",
            show=False,
            id="capture-statistics.up",
            tooltip="Scroll up",
        ),
        Binding(
            "down,j",
            "scroll(1)",
            "Down",
            show=False,
            id="capture-statistics.down",
            tooltip="Scroll down",
        ),
    ]

    def __init__(self, view: CaptureView) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as pane:
            pane.border_title = "Capture"
            pane.border_subtitle = "Esc closes"
            yield Sheet(_NAMES, list(entries(self.view)))

    def on_mount(self) -> None:
        self.set_interval(_PERIOD, self._look)

    def _look(self) -> None:
        self.query_one(Sheet).show(list(entries(self.view)))

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def entries(view: CaptureView) -> Iterator[Entry]:
    """The capture as a whole, its recording, then each file with its interfaces."""
    session, told = view.session, view.statistics
    if session is None:
        yield Entry(text=line("opening …", "dim"))
        return
    first, last = session.first_time, session.last_time
    duration = 0 if first is None or last is None else last - first
    yield _entry("Packets", f"{told.kept:,}")
    if duration > 0:
        yield _entry("Capture time", f"{seconds(duration)} s")
        yield _entry("Packets/s", f"{told.kept * SECOND / duration:,.1f} on average")
    if view.live:
        yield _entry("Packets/s now", f"{view.rate.per_second:,.0f}")
        yield _entry("To be read", f"{max(0, view.backlog):,}")
    if view.recording is not None:
        yield from _recording(view.recording)
    for file in file_statistics(session):
        yield Entry(text=line(" "))
        yield from _file(file)


def _recording(recording: Started) -> Iterator[Entry]:
    told, wish = recording.statistics, recording.wish
    yield _entry("Dropped", f"{told.dropped:,} by the kernel", "warning" if told.dropped else "")
    dropped = told.interface_dropped
    yield _entry("", f"{dropped:,} by interfaces", "warning" if dropped else "")
    yield _entry("Written", size_text(told.octets))
    yield _entry("Recorded by", recording.means or "nothing yet")
    yield _entry("Filter", escape(wish.filter, 400) or "none: every packet")
    if not recording.ended:
        yield _entry("State", "recording", "success")
    elif recording.reason:
        yield _entry("Ended", escape(recording.reason, 400), "error")
    else:
        yield _entry("State", "stopped")


def _file(file: FileStatistics) -> Iterator[Entry]:
    yield Entry(text=line(escape(shlex.quote(file.path), 400), "heading"))
    yield _entry("  Format", f"{file.format}, {size_text(file.octets)}")
    for comment in file.comments:
        for number, text in enumerate(comment.split("\n", _MOST_LINES)[:_MOST_LINES]):
            yield _entry("" if number else "  Comment", escape(text, 400), "note")
    for interface in file.interfaces:
        yield _entry(f"  {escape(interface.name, _NAMES - 2)}", _told(interface))
        if interface.dropped:
            yield _entry("", f"{interface.dropped:,} dropped while capturing", "warning")


def _told(interface: InterfaceStatistics) -> str:
    snapped = f", {interface.snap_length:,} bytes of each" if interface.snap_length else ""
    count = interface.messages
    messages = "1 CoAP message" if count == 1 else f"{count:,} CoAP messages"
    return f"{messages}, {escape(interface.link, 60)}{snapped}"


def _entry(name: str, text: str, ink: str = "") -> Entry:
    return Entry(line(name or " ", "bold"), line(text, ink))
