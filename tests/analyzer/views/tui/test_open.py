# SPDX-License-Identifier: GPL-2.0-only
"""Opening another file: those opened last, paths, and what cannot be opened."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from analyzer import remembered
from analyzer.views.escape import escape
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.picking import PickerApp
from analyzer.views.tui.recent import (
    Candidate,
    candidates,
    completed,
    meant,
    recent,
    remember,
    trouble,
)
from analyzer.views.tui.screens.leave import LeaveScreen
from analyzer.views.tui.screens.open import OpenScreen

from .conftest import FIELD_DAY, REGISTRATION, opened, text_of, until
from .live_capture import FakeRecording, Starter, recorded
from .test_picker import picking

HOSTILE = "ev\x1b[31mil[red]\u202e.pcap"


def test_files_opened_last_come_first(tmp_path: Path) -> None:
    for name in ("a", "b", "a"):
        (tmp_path / name).write_bytes(b"12")
        remember(str(tmp_path / name))
    remember("-")
    remember(str(tmp_path))
    assert [(one.path, one.size) for one in recent()] == [
        (str(tmp_path / "a"), 2),
        (str(tmp_path / "b"), 2),
    ]
    assert recent()[0].told.startswith("2 bytes, opened 20")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["path", "opened", "size"]) | st.text(), inner)
        ),
    )
)
def test_anything_may_be_remembered(value: remembered.Json) -> None:
    remembered.keep("recent", value)
    assert all(one.told for one in recent())


def test_paths_are_completed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("subway.pcap", "other", ".hidden", HOSTILE):
        (tmp_path / name).touch()
    base = f"{tmp_path}/"
    assert candidates(base + "su") == [Candidate(base + "sub/"), Candidate(base + "subway.pcap")]
    assert completed(base + "su") == base + "sub"
    assert completed(base + "o") == base + "other"
    assert completed(base + "none") == base + "none"
    assert [one.path for one in candidates(base + ".")] == [base + ".hidden"]
    written = completed(base + "ev")
    assert written == base + escape(HOSTILE)
    assert meant(written) == base + HOSTILE
    assert candidates("\0") == candidates("/none/x") == []


def test_a_large_folder_offers_some(tmp_path: Path) -> None:
    for number in range(2_000):
        (tmp_path / f"{number}.pcap").touch()
    assert len(candidates(f"{tmp_path}/1")) == 100


@pytest.mark.parametrize(
    ("path", "reason"),
    [("", "Name a file"), ("/none", "there is no such file"), ("/dev", "is no file")],
)
def test_what_cannot_be_opened_is_said(path: str, reason: str) -> None:
    assert reason in trouble(path)


def test_what_is_no_capture_is_said(tmp_path: Path) -> None:
    path = tmp_path / "text.pcap"
    path.write_text("no capture")
    assert "is text, no capture" in trouble(str(path))
    assert trouble(str(REGISTRATION)) == ""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)  # would be waited for
    assert "is no file" in trouble(str(fifo))


async def ask(pilot: Pilot[None], path: str) -> None:
    await pilot.press("O")
    await until(pilot, lambda: isinstance(pilot.app.screen, OpenScreen))
    field = pilot.app.screen.query_one(Input)
    await until(pilot, lambda: field.has_focus)
    field.value = path
    await pilot.pause()
    await pilot.press("enter")


async def test_another_file_is_opened_and_a_bad_one_leaves_the_old_one(tmp_path: Path) -> None:
    hostile = tmp_path / HOSTILE
    shutil.copy(FIELD_DAY, hostile)
    (tmp_path / "text").write_text("no capture")
    async with opened(REGISTRATION) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        before = app.view
        await ask(pilot, str(tmp_path / "text"))
        said = app.screen.query_one("#said", Static)  # on the screen a long path is wrapped
        await until(pilot, lambda: "is text, no capture" in str(said.content))
        await pilot.press("escape")
        assert app.view is before
        await ask(pilot, escape(str(hostile), 400))
        await until(pilot, lambda: app.view is not before and not app.view.reading)
        assert "il[red]\\u202e.pcap" in text_of(pilot)
        hostile.unlink()
        await pilot.press("O")
        await until(pilot, lambda: isinstance(app.screen, OpenScreen))
        options = app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 2)
        assert options.options[0].disabled
        assert "gone" in str(options.options[0].prompt)  # a long path leaves it no room
        second = app.view
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.view is not second and not app.view.reading)
        assert app.view.title == REGISTRATION.name


async def test_a_recording_is_not_left_unasked(tmp_path: Path) -> None:
    recording = FakeRecording(tmp_path / "spool.pcapng")
    async with recorded(recording) as pilot:
        app = pilot.app
        assert isinstance(app, MsgsharkApp)
        recording.come(3)
        await until(pilot, lambda: app.view.statistics.kept >= 3)
        before = app.view
        await ask(pilot, str(REGISTRATION))
        await until(pilot, lambda: isinstance(app.screen, LeaveScreen))
        await pilot.press("d")
        await until(pilot, lambda: app.view is not before and not app.view.reading)
        assert app.view.title == REGISTRATION.name
        assert not Path(recording.files[0]).exists()


async def test_the_picker_offers_files_too(tmp_path: Path) -> None:
    async with picking(Starter(tmp_path)) as pilot:
        assert isinstance(pilot.app, PickerApp)
        assert "O Open a file" in text_of(pilot)
        await ask(pilot, str(REGISTRATION))
        app = pilot.app
        await until(pilot, lambda: app.view.session is not None and not app.view.reading)
        await pilot.pause()
        assert "Packets" in text_of(pilot)
