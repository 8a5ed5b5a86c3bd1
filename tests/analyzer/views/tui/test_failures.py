# SPDX-License-Identifier: GPL-2.0-only
"""Where the program itself fails, a part of the screen does, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.remembered import folder
from analyzer.views.escape import escape
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.failures import LOG, Failures
from analyzer.views.tui.rows.packets import PacketRows
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.widgets.hex_pane import HexPane

from .conftest import FIELD_DAY, opened, text_of, until

HOSTILE = "\x1b[2J[red]gone[/red]"


@pytest.fixture(autouse=True)
def as_users_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Failures, "fatal", False)


def fail(*_: Any, **__: Any) -> Any:
    raise LookupError(HOSTILE)


def notices(app: Any) -> list[str]:
    return [notice.message for notice in app._notifications]


async def test_a_pane_that_cannot_be_painted_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HexPane, "render_line", fail)
    async with opened(FIELD_DAY, size=(120, 40)) as pilot:
        shown = text_of(pilot)
        assert "This part of the screen failed:" in shown
        assert f"LookupError: {escape(HOSTILE)}" in shown
        assert "\x1b" not in shown
        assert "Info" in shown
        await pilot.press("down", "down")
        assert "Packet 3" in text_of(pilot)
        assert len([notice for notice in notices(pilot.app) if "LookupError" in notice]) == 1
    assert "LookupError" in (folder() / LOG).read_text()


@pytest.mark.parametrize(
    ("owner", "name", "keys"),
    [
        (MsgsharkApp, "action_help", "?"),
        (FindingsScreen, "_explain", "3"),
        (PacketsScreen, "action_mark", "m"),
        (PacketRows, "row_ink", "down"),
    ],
)
async def test_what_was_asked_for_fails_and_the_next_key_works(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, keys: str
) -> None:
    async with opened(FIELD_DAY) as pilot:
        monkeypatch.setattr(owner, name, fail)
        await pilot.press(*keys)
        await pilot.pause()
        monkeypatch.undo()
        monkeypatch.setattr(Failures, "fatal", False)
        await pilot.press("escape", "2")
        await pilot.press("1", "G")
        await pilot.pause()
        assert "✖ This part" not in text_of(pilot)
        assert pilot.app.screen.query_one("#packets").has_focus


async def test_a_screen_on_which_everything_fails_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    app = MsgsharkApp([str(FIELD_DAY)])
    async with app.run_test() as pilot:
        await until(pilot, lambda: not app.view.reading)
        monkeypatch.setattr(MsgsharkApp, "action_page", fail)
        for _ in range(100):
            await pilot.press("2")
            if app._exit:
                break
        await until(pilot, lambda: app._exit)
    assert app.return_code == 1
    assert app.control.parting == [f"too much of the screen failed. {details()}"]


def details() -> str:
    return f"Details for a bug report: {folder() / LOG}"


def test_the_log_does_not_grow_without_end() -> None:
    failures = Failures()
    for number in range(3):
        assert failures.take(raised(lambda number=number: fail(number))) is not None or number
    folder().mkdir(parents=True, exist_ok=True)
    (folder() / LOG).write_text("x" * 2_000_000)
    failures.known.clear()
    assert failures.take(raised(fail)) is not None
    assert (folder() / LOG).stat().st_size < 10_000


def raised(work: Callable[[], object]) -> Exception:
    try:
        work()
    except Exception as error:
        return error
    raise AssertionError
