# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.remembered import folder, keep, keep_first, recall, texts


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_what_was_kept_is_recalled() -> None:
    assert recall("columns") is None
    keep("columns", {"packets": ["number", 5]})
    assert recall("columns") == {"packets": ["number", 5]}
    assert [path.name for path in folder().iterdir()] == ["columns.json"]


def test_the_last_text_stands_first_and_once() -> None:
    for text in ["a", "b", "a", "c", "d"]:
        kept = keep_first("filters", text, 3)
    assert kept == texts("filters") == ["d", "c", "a"]


@pytest.mark.parametrize("content", ["", "{", "[1, null]", '"a"', "[" * 100_000, "\x00"])
def test_a_damaged_file_is_as_none(content: str) -> None:
    folder().mkdir(parents=True)
    (folder() / "filters.json").write_text(content)
    assert texts("filters") == []
    assert keep_first("filters", "a", 3) == ["a"]


def test_where_nothing_can_be_written_nothing_is_remembered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    keep("filters", ["a"])
    assert recall("filters") is None
