# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.cli import msgshark
from analyzer.colour_rules import Written
from analyzer.views.preferences import PREFERENCES, Preferences, commented, load
from analyzer.views.times import TimeFormat

CAPTURE = str(Path(__file__).parents[3] / "captures" / "registration.pcapng")
WHOLE = """
theme = "nord"
time_format = "delta"
colour_rules = "/etc/colorfilters"
[keys]
"app.quit" = "f10"
page.ladder = "z"
[[colours]]
name = "Slow"
filter = "coap.response_time > 2"
background = "red"
"""


def written(tmp_path: Path, text: str | bytes) -> Preferences:
    path = tmp_path / "preferences.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(str(path))


def test_all_of_a_file_is_taken(tmp_path: Path) -> None:
    found = written(tmp_path, WHOLE)
    assert found.theme == "nord"
    assert found.time_format is TimeFormat.DELTA
    assert found.colour_rules == "/etc/colorfilters"
    assert dict(found.keys) == {"app.quit": "f10", "page.ladder": "z"}
    assert found.colours == (Written("Slow", "coap.response_time > 2", "", "red"),)
    assert not found.problems


def test_what_is_wrong_is_said_and_the_rest_is_taken(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        'them = 1\ntime_format = "absolut"\ntheme = "nord"\n[keys]\n"app.quit" = 3\n'
        '[[colours]]\nfilter = "udp"\nforgound = "red"\n',
    )
    assert found.theme == "nord"
    assert list(found.problems) == [
        "no preference them; did you mean theme?",
        "time_format: no absolut; did you mean absolute? There are relative, absolute, delta",
        "keys: app.quit: 3 is no key",
        "colours: rule 1: no forgound; did you mean foreground?",
        "colours: rule 1: name a filter, and a foreground or a background",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"theme =", "preferences.toml:1: not TOML"),
        (b"\xff", "preferences.toml:1: not UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deep"),
        (b"#" * 100_000, "larger than 64 KiB"),
        (b"theme = 1\n", "theme: 1 is no text"),
    ],
)
def test_a_broken_file_is_one_problem(tmp_path: Path, text: bytes, reason: str) -> None:
    found = written(tmp_path, text)
    assert len(found.problems) == 1
    assert reason in found.problems[0]
    assert found._replace(path="", problems=()) == Preferences()


def test_no_file_is_no_problem_unless_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load() == Preferences()
    assert load(str(tmp_path / "none")).problems


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
names = st.sampled_from([*(one.name for one in PREFERENCES), "colour"]) | st.text(max_size=8)


@given(st.dictionaries(names, values, max_size=6))
def test_any_document_is_taken(document: dict[str, Any]) -> None:
    from analyzer.views import preferences

    found = preferences._taken("p.toml", document)
    assert isinstance(found, Preferences)
    assert all(isinstance(keys, str) for keys in found.keys.values())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_any_file_is_read(tmp_path: Path, data: bytes) -> None:
    assert isinstance(written(tmp_path, data), Preferences)


def test_the_file_to_begin_with_has_every_preference(tmp_path: Path) -> None:
    assert tomllib.loads(commented()) == {}
    wanted = [line[2:] for line in commented().splitlines() if line.startswith("# ")]
    examples = "\n".join(example.example for example in PREFERENCES)
    assert set(examples.splitlines()) <= set(wanted)
    found = written(tmp_path, examples)
    assert not found.problems
    assert set(tomllib.loads(examples)) == {preference.name for preference in PREFERENCES}


def test_the_command_tells_what_they_are_now(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('theme = "nord"\ntime = 3\n')
    done = CliRunner().invoke(msgshark, ["preferences", "--preferences", str(path)])
    assert done.exit_code == 0
    assert "theme = nord\n" in done.stdout
    assert "time_format = relative\n" in done.stdout
    assert "no preference time" in done.stderr


def test_a_file_that_was_named_and_is_not_there_is_an_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(msgshark, ["preferences", "--preferences", str(tmp_path / "none")])
    assert done.exit_code
    assert "msgshark preferences --default prints one" in done.stderr


def test_commands_without_a_screen_do_not_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken file neither shows in what they print nor in how they end."""
    folder = tmp_path / "msgshark"
    folder.mkdir()
    (folder / "preferences.toml").write_text("theme =")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for arguments in (["check", CAPTURE], ["open", "--preferences", "/none", CAPTURE]):
        done = CliRunner().invoke(msgshark, arguments, standalone_mode=False)
        assert done.return_value == 0
        assert not done.stderr
