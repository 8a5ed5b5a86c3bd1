# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a recording: stopped, begun anew, saved, left."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from analyzer.capture import CaptureFile, Intake
from analyzer.recording.wish import RecordingError, Wish
from analyzer.views.tui.app import MsgsharkApp, finished
from analyzer.views.tui.screens.leave import LeaveScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.save import SaveScreen

from .conftest import REGISTRATION, opened, text_of, until
from .live_capture import FakeRecording, Starter, app_of, listed, recorded


@pytest.fixture
def recording(tmp_path: Path) -> FakeRecording:
    return FakeRecording(tmp_path / "spool.pcapng")


def packets(path: Path) -> int:
    with CaptureFile(path) as file:
        return sum(batch.count for batch in file.batches())


async def save_as(pilot: Pilot[None], path: Path) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = str(path)
    await pilot.press("enter")


async def gone(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: not pilot.app.is_running)


async def asked(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, LeaveScreen))
    await pilot.pause()


async def test_ctrl_e_stops_and_all_that_was_captured_is_shown(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        recording.come(100)
        await pilot.press("ctrl+e")
        await until(pilot, lambda: not app_of(pilot).view.reading)
        await listed(pilot, 100)
        assert recording.ended
        assert "■ stopped" in text_of(pilot)


async def test_ctrl_e_ends_the_reading_of_a_stream(recording: FakeRecording) -> None:
    recording.come(10)
    app = MsgsharkApp(Intake((str(recording.path),), follow=True))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.session is not None)
        await listed(pilot, 10)
        await pilot.press("ctrl+e")
        await until(pilot, lambda: not app.view.reading)
        await pilot.press("ctrl+r", "ctrl+w")
        assert isinstance(app.screen, PacketsScreen)


async def test_a_restart_records_anew_in_a_fresh_session(
    recording: FakeRecording, tmp_path: Path
) -> None:
    start = Starter(tmp_path)
    async with recorded(recording, start=start) as pilot:
        recording.come(100)
        await listed(pilot, 100)
        await pilot.press("m", "2", "ctrl+r")
        await asked(pilot)
        await pilot.press("d")
        await until(pilot, lambda: len(start.started) == 1)
        await until(pilot, lambda: isinstance(pilot.app.screen, PacketsScreen))
        again = start.started[0]
        assert again.wish == recording.wish
        assert not recording.path.exists()
        assert not app_of(pilot).view.marks
        again.come(7)
        await listed(pilot, 7)
        await pilot.press("2", "3", "1")
        assert "7 packets" in text_of(pilot)
        await pilot.press("ctrl+e")
        await until(pilot, lambda: not app_of(pilot).view.reading)
        await pilot.press("ctrl+e")  # starts again
        await asked(pilot)
        await pilot.press("k")
        await until(pilot, lambda: len(start.started) == 2)
        assert packets(again.path) == 7
        assert any(str(again.path) in text for text in app_of(pilot).control.parting)


async def test_a_restart_that_fails_leaves_what_is_on_screen(
    recording: FakeRecording, tmp_path: Path
) -> None:
    start = Starter(tmp_path)
    start.failure = RecordingError("there is no interface lo")
    async with recorded(recording, start=start) as pilot:
        recording.come(10)
        await listed(pilot, 10)
        await pilot.press("ctrl+r")
        await asked(pilot)
        await pilot.press("k")
        await until(pilot, lambda: bool(pilot.app._notifications))
        assert [toast.message for toast in pilot.app._notifications] == ["there is no interface lo"]
        await listed(pilot, 10)


async def test_a_restart_asks_before_it_overwrites_the_file_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "mine.pcapng"
    recording = FakeRecording(path, Wish(("lo",), path=str(path)))
    start = Starter(tmp_path)
    async with recorded(recording, start=start) as pilot:
        recording.come(10)
        await listed(pilot, 10)
        await pilot.press("ctrl+r")
        await asked(pilot)
        assert "Overwrite" in text_of(pilot)
        await pilot.press("k")  # is no choice here
        assert isinstance(pilot.app.screen, LeaveScreen)
        await pilot.press("s")
        await save_as(pilot, tmp_path / "saved.pcapng")
        await until(pilot, lambda: len(start.started) == 1)
        assert packets(tmp_path / "saved.pcapng") == 10
        start.started[0].stop()


async def test_saving_while_it_goes_on_writes_what_was_read(
    recording: FakeRecording, tmp_path: Path
) -> None:
    async with recorded(recording) as pilot:
        recording.come(10)
        await listed(pilot, 10)
        with recording.path.open("ab") as file:
            file.write(b"\6\0\0\0\xff\0")  # a block that is being written
        await pilot.press("ctrl+w")
        await save_as(pilot, tmp_path / "saved.pcapng")
        await until(pilot, lambda: isinstance(pilot.app.screen, PacketsScreen))
        assert packets(tmp_path / "saved.pcapng") == 10
        with CaptureFile(tmp_path / "saved.pcapng") as file:
            list(file.batches())
            assert not file.notices
        assert not recording.ended
        recording.stop()


async def test_saving_refuses_to_replace_unasked_and_says_what_fails(
    recording: FakeRecording, tmp_path: Path
) -> None:
    other = tmp_path / "other.pcapng"
    other.write_bytes(b"mine")
    async with recorded(recording) as pilot:
        recording.come(10)
        await listed(pilot, 10)
        await pilot.press("ctrl+w")
        await save_as(pilot, other)
        await until(pilot, lambda: "Enter again replaces it" in text_of(pilot))
        assert other.read_bytes() == b"mine"
        await save_as(pilot, tmp_path / "no" / "folder")
        await until(pilot, lambda: "cannot be written" in text_of(pilot))
        await save_as(pilot, recording.path)
        await pilot.press("enter")
        await until(pilot, lambda: "is being read" in text_of(pilot))
        assert packets(recording.path) == 10
        await pilot.press("escape")
        recording.stop()


async def test_quitting_asks_and_esc_goes_back(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        recording.come(3)
        await listed(pilot, 3)
        await pilot.press("q")
        await asked(pilot)
        assert "3 packets were recorded" in text_of(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert not recording.ended
        assert recording.path.exists()
        await pilot.press("q")
        await asked(pilot)
        await pilot.press("down", "down", "enter")
        await gone(pilot)
        assert recording.ended
        assert not recording.path.exists()
    assert not app_of(pilot).control.parting


@pytest.mark.parametrize("keys", [("q", "k"), ("ctrl+c", "ctrl+c"), ("q", "ctrl+c")])
async def test_a_recording_that_is_kept_is_told(
    recording: FakeRecording, keys: tuple[str, str]
) -> None:
    async with recorded(recording) as pilot:
        recording.come(3)
        await listed(pilot, 3)
        await pilot.press(keys[0])
        await asked(pilot)
        await pilot.press(keys[1])
        await gone(pilot)
    assert packets(recording.path) == 3
    assert recording.ended
    assert app_of(pilot).control.parting == [f"the recording is in {recording.path}"]


async def test_quitting_saves_what_came_until_the_end(
    recording: FakeRecording, tmp_path: Path
) -> None:
    async with recorded(recording) as pilot:
        recording.come(3)
        await listed(pilot, 3)
        await pilot.press("q")
        await asked(pilot)
        recording.come(4)
        await pilot.press("s")
        await save_as(pilot, tmp_path / "saved.pcapng")
        await gone(pilot)
    assert packets(tmp_path / "saved.pcapng") == 7
    assert not recording.path.exists()
    assert not app_of(pilot).control.parting


async def test_what_was_saved_while_it_went_on_is_not_all(
    recording: FakeRecording, tmp_path: Path
) -> None:
    async with recorded(recording) as pilot:
        recording.come(3)
        await listed(pilot, 3)
        await pilot.press("ctrl+w")
        await save_as(pilot, tmp_path / "saved.pcapng")
        await until(pilot, lambda: app_of(pilot).view.saved == 3)
        recording.come(4)
        await listed(pilot, 7)
        await pilot.press("q")
        await asked(pilot)
        await pilot.press("k")
        await gone(pilot)
    assert packets(recording.path) == 7


async def test_nothing_is_asked_without_packets(recording: FakeRecording) -> None:
    async with recorded(recording) as pilot:
        await pilot.press("q")
        await gone(pilot)
    assert not recording.path.exists()
    assert recording.ended


async def test_nothing_is_asked_of_a_file_that_the_user_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.pcapng"
    recording = FakeRecording(path, Wish(("lo",), path=str(path)))
    async with recorded(recording) as pilot:
        recording.come(5)
        await listed(pilot, 5)
        await pilot.press("q")
        await gone(pilot)
    assert packets(path) == 5
    assert app_of(pilot).control.parting == [f"the recording is in {path}"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_signals_keep_the_recording(recording: FakeRecording, number: int) -> None:
    async with recorded(recording) as pilot:
        recording.come(5)
        await listed(pilot, 5)
        os.kill(os.getpid(), number)
        await gone(pilot)
    assert packets(recording.path) == 5
    assert recording.ended
    assert app_of(pilot).return_code == 128 + number
    assert app_of(pilot).control.parting == [f"the recording is in {recording.path}"]


def test_a_screen_that_breaks_keeps_the_recording(
    recording: FakeRecording, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recording.come(5)
    app = MsgsharkApp(Intake((), recorder=recording))

    def broken() -> None:
        raise RuntimeError("the screen is broken")

    monkeypatch.setattr(app, "run", broken)
    with pytest.raises(RuntimeError):
        finished(app)
    assert recording.ended
    assert packets(recording.path) == 5
    assert capsys.readouterr().err == f"msgshark: the recording is in {recording.path}\n"


async def test_files_are_left_without_a_word() -> None:
    async with opened(REGISTRATION) as pilot:
        await pilot.press("ctrl+w", "ctrl+r", "q")
        await gone(pilot)
    assert REGISTRATION.exists()
    assert not app_of(pilot).control.parting
