# SPDX-License-Identifier: GPL-2.0-only
"""What a user writes about a capture on the screen, and that no end of the app loses it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, RadioSet, TextArea

from analyzer.annotations.keeping import SUFFIX
from analyzer.session import Session
from analyzer.views.tui import annotating
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.screens.comment import CommentScreen
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.ignoring import IgnoreScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.ues import UesScreen

from .conftest import FIELD_DAY, opened, text_of, until
from .live_capture import FakeRecording, app_of, listed, recorded
from .terminal import ENTRY, PATIENCE, at_terminal, read

HOSTILE = "\x1b[2J[red]\u202e \ud800"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "run.pcapng"
    shutil.copy(FIELD_DAY, path)
    return path


def kept(path: Path) -> Session:
    """What is beside a capture."""
    session = Session()
    session.open([path])
    return session


def packets(pilot: Pilot[None]) -> PacketsScreen:
    assert isinstance(pilot.app.screen, PacketsScreen)
    return pilot.app.screen


def info_of(pilot: Pilot[None], index: int = 0) -> str:
    return "".join(text for text, _ in packets(pilot).rows.cells(index)[-1])


async def test_marks_comments_and_references_are_shown_and_kept(capture: Path) -> None:
    async with opened(capture, size=(160, 44)) as pilot:
        app, screen = pilot.app, packets(pilot)
        assert isinstance(app, MsgsharkApp)
        await pilot.press("m", "j", "j", "m", "semicolon")
        await pilot.pause()
        assert isinstance(app.screen, CommentScreen)
        await pilot.press("a", "[", "b", "]", "ctrl+j", "c", "enter")
        await pilot.pause()
        assert app.view.annotations.comments == {3: "a[b]\nc"}
        assert next(node.text for node in screen.detail.nodes) == "Packet comments: 1"
        assert "◆✎" in text_of(pilot)
        assert info_of(pilot, 2).endswith("  ✎ a[b] c")
        await pilot.press("apostrophe")
        await pilot.press("quotation_mark")
        await pilot.pause()
        assert screen.list.cursor == 0
        await pilot.press("apostrophe")
        await pilot.pause()
        assert screen.list.cursor == 2
        before = screen.rows.cells(3)[2]
        await pilot.press("T")
        assert screen.rows.cells(2)[2][0][0] == "*REF*"
        assert float(screen.rows.cells(3)[2][0][0]) < float(before[0][0])
        await pilot.press("t")
        await pilot.press("t", "t", "T")
        assert screen.rows.cells(3)[2] == before
        side = capture.with_name(capture.name + SUFFIX)
        await until(pilot, side.exists)
        await pilot.press("semicolon")
        await pilot.pause()
        app.screen.query_one(TextArea).text = HOSTILE
        await pilot.press("enter")
        await pilot.pause()
        assert "\x1b" not in text_of(pilot)
        app.save_annotations()
    again = kept(capture).keeper.annotations
    assert again.marks == {1, 3}
    assert again.comments == {3: HOSTILE.replace("\ud800", "?")}
    assert again.references == []


@pytest.mark.parametrize("at_once", [0, 2000], ids=["in a thread", "at once"])
async def test_a_finding_is_ignored_with_a_reason_and_heeded_again(
    capture: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(annotating, "_AT_ONCE", at_once)
    async with opened(capture, size=(160, 44)) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        await pilot.press("3")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, FindingsScreen)
        first, count = screen.rows[0], len(screen.rows)
        rule = [f for f in app.view.opened.findings if f.rule is first.rule]
        await pilot.press("x")
        await pilot.pause()
        assert isinstance(app.screen, IgnoreScreen)
        await pilot.press("enter")
        assert "Say why" in text_of(pilot)
        app.screen.query_one(Input).value = "[Known]"
        await pilot.press("tab", "down", "down", "space", "shift+tab")
        assert app.screen.query_one(RadioSet).pressed_index == 2
        await pilot.press("enter")
        await until(pilot, lambda: len(screen.rows) == count - len(rule))
        await pilot.pause()
        assert all(finding.rule is not first.rule for finding in map(screen.rows.__getitem__, [0]))
        assert f"{len(rule)} ignored, not listed" in text_of(pilot)
        assert not app.view.findings_of_row(first.row) or all(
            finding.rule is not first.rule for finding in app.view.findings_of_row(first.row)
        )
        assert app.view.finding_counts()["error"] == (
            app.view.opened.findings.summary()["error"] - len(rule)
        )
        await pilot.press("4")
        await pilot.pause()
        ues = app.screen
        assert isinstance(ues, UesScreen)
        place = ues.rows.find(app.view.standings.of_finding(first.id - 1))
        assert place is not None
        errors = sum(1 for f in rule if app.view.opened.ue_of(f) == ues.rows[place].ue)
        left = ues.rows[place].findings[first.severity] - errors
        assert ues.rows.cells(place)[-1][0][0].startswith(f"✖ {left}" if left else ("▲", "·"))
        await pilot.press("3")
        await pilot.pause()
        app.action_show_ignored()
        await pilot.pause()
        place = screen.rows.find(first.id)
        assert place is not None
        screen.list.go_to(place)
        await pilot.pause()
        assert "Ignored   [Known]" in text_of(pilot)
        await pilot.press("x")
        await until(pilot, lambda: not app.view.hidden_ids)
        assert app.view.severity(first.row) == app.view.opened.messages.cell("severity", first.row)


async def test_names_stand_for_addresses_and_ues(capture: Path) -> None:
    async with opened(capture, size=(160, 44)) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        app.action_name()
        await pilot.pause()
        for field, name in zip(app.screen.query(Input), ("meter", HOSTILE, "eleven"), strict=True):
            field.value = name
        await pilot.press("enter")
        await pilot.pause()
        shown = text_of(pilot)
        assert "\x1b" not in shown
        assert r"\x1b[2J[red]\u202e" in shown
        assert "Registration eleven" in info_of(pilot)
        assert packets(pilot).rows.cells(0)[3][0][0] == "meter"
        await pilot.press("2")
        await pilot.pause()
        assert "eleven" in text_of(pilot)
        await pilot.press("4")
        await pilot.pause()
        ues = app.screen
        assert isinstance(ues, UesScreen)
        assert "eleven" in [ues.rows.cells(index)[1][0][0] for index in range(len(ues.rows))]
        await pilot.press("1", "a")
        await pilot.pause()
        assert packets(pilot).rows.cells(0)[3][0][0] == "127.0.1.11"
        assert "Registration meter-0011@iot.example" in info_of(pilot)


async def test_a_broken_record_is_told_once(capture: Path) -> None:
    capture.with_name(capture.name + SUFFIX).write_text("\x1b[2J")
    async with opened(capture) as pilot:
        told = [note.message for note in pilot.app._notifications]
        assert len([text for text in told if "is no file of annotations" in text]) == 1
        assert "\x1b" not in "".join(told)


async def test_a_recording_takes_it_along_where_it_is_saved(tmp_path: Path) -> None:
    recording, saved = FakeRecording(tmp_path / "spool.pcapng"), tmp_path / "mine.pcapng"
    async with recorded(recording) as pilot:
        recording.come(20)
        await listed(pilot, 20)
        await pilot.press("g", "m", "ctrl+w")
        await pilot.pause()
        pilot.app.screen.query_one(Input).value = str(saved)
        await pilot.press("enter")
        await until(pilot, Path(f"{saved}{SUFFIX}").exists)
        assert kept(saved).keeper.annotations.marks == {1}
        await pilot.press("q")
        await until(pilot, lambda: not pilot.app.is_running)
    app_of(pilot).control.close()
    assert sorted(os.listdir(tmp_path)) == ["mine.pcapng", f"mine.pcapng{SUFFIX}", "state"]


# Ends of the app --------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_no_end_loses_what_was_written(capture: Path, end: signal.Signals) -> None:
    with at_terminal(ENTRY, str(capture)) as (app, terminal):
        read(terminal, "✖".encode())
        os.write(terminal, b"m")
        read(terminal, "◆".encode())
        side, patience = capture.with_name(capture.name + SUFFIX), time.monotonic() + PATIENCE
        while end is signal.SIGKILL and not side.exists():
            assert time.monotonic() < patience
            time.sleep(0.05)
        app.send_signal(end)
        while app.poll() is None and time.monotonic() < patience:  # it may write until it ends
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    os.read(terminal, 1 << 16)
                except OSError:
                    break
        assert app.wait(PATIENCE) == (-end if end is signal.SIGKILL else 128 + end)
        os.close(terminal)
    assert kept(capture).keeper.annotations.marks == {1}
