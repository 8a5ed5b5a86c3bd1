# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest
from click.testing import CliRunner
from textual.binding import Binding

from analyzer.cli import msgshark
from analyzer.views.preferences import Preferences
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.keymap import keymap, refusal
from analyzer.views.tui.preferring import places
from tui.conftest import REGISTRATION, text_of, until

PLACES = [
    ("Here", [Binding("q", "quit", id="app.quit"), Binding("b,f5", "back", id="app.back")]),
    ("There", [Binding("q", "close", id="help.close")]),
]


def test_a_key_goes_from_one_binding_to_another() -> None:
    found = keymap({"app.back": "q"}, PLACES)
    assert found.keys == {"app.back": "q"}
    assert found.problems == ["keys: q is app.back now, and app.quit no more (Here)"]


def test_keys_change_places() -> None:
    assert keymap({"app.back": "q", "app.quit": "b, F5".lower()}, PLACES).problems == []


def test_two_bindings_of_a_place_want_one_key() -> None:
    found = keymap({"app.back": "x", "app.quit": "x"}, PLACES)
    assert found.problems == ["keys: x is both app.quit and app.back (Here)"]


def test_what_cannot_be_is_said_and_the_rest_is_done() -> None:
    found = keymap({"app.quti": "x", "app.quit": "pgup,f10,ctrl+shift+x"}, PLACES)
    assert found.keys == {"app.quit": "f10"}
    assert found.problems == [
        "keys: no binding app.quti; did you mean app.quit?",
        "keys: app.quit: no key pgup; did you mean pageup?",
        "keys: app.quit: terminals send no ctrl+shift+x; take a letter with ctrl, or a key without"
        " it",
    ]


@pytest.mark.parametrize(
    "key", ["a", "A", "?", "question_mark", "f12", "ctrl+a", "alt+x", "ctrl+up", "shift+tab", "ß"]
)
def test_keys_that_can_be_pressed(key: str) -> None:
    assert not refusal(key)


@pytest.mark.parametrize("key", ["ctrl+.", "shift+a", "hyperspace", "ctrl+", "", "\x1b", "[red]"])
def test_keys_that_nobody_can_press(key: str) -> None:
    assert refusal(key)


def test_every_key_of_ours_can_be_given() -> None:
    """What the declarations have is what preferences may have."""
    everywhere = places(MsgsharkApp(()))
    declared = {binding.id or "": binding.key for _, keys in everywhere for binding in keys}
    assert "" not in declared
    assert keymap(declared, everywhere).problems == []


def test_keys_are_listed_as_they_are_now(tmp_path: object) -> None:
    done = CliRunner().invoke(msgshark, ["keys"])
    assert done.exit_code == 0
    assert "  app.quit-always " in done.stdout
    assert "ctrl+q,ctrl+c" in done.stdout


async def test_the_app_works_with_other_keys_and_says_what_is_wrong_once() -> None:
    preferences = Preferences(
        "p\x1b.toml",
        keys={"app.help": "f10", "app.ues": "U", "app.quti": "x"},
        theme="msgshark-lihgt",
    )
    app = MsgsharkApp([REGISTRATION], preferences=preferences)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: not app.view.reading)
        await until(pilot, lambda: bool(app._notifications))
        assert "f10 Help" in text_of(pilot)
        assert "U UEs" in text_of(pilot)
        [told] = app._notifications
        assert told.title == "Preferences: p\\x1b.toml"
        assert "did you mean app.quit?" in told.message
        assert "did you mean msgshark-light?" in told.message
        await pilot.press("question_mark")
        assert "All keys" not in text_of(pilot)
        await pilot.press("f10")
        await pilot.pause()
        assert "F10                All keys" in text_of(pilot)
