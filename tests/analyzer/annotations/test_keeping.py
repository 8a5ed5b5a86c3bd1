# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from analyzer.annotations import keeping
from analyzer.annotations.keeping import SUFFIX
from analyzer.recording.saving import Part, save
from analyzer.session import Session

CAPTURES = Path(__file__).parents[3] / "captures"


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "msgshark" / "annotations"


def copied(tmp_path: Path, name: str = "registration") -> Path:
    path = tmp_path / "run.pcapng"
    shutil.copy(CAPTURES / f"{name}.pcapng", path)
    return path


def opened(*paths: Path | str) -> Session:
    session = Session()
    session.open(paths)
    return session


def noted(*paths: Path | str, text: str = "Look here") -> Session:
    """A capture on whose third packet somebody commented."""
    session = opened(*paths)
    session.keeper.annotations.comment(3, text)
    session.keeper.save()
    return session


def test_what_was_written_is_there_again_and_the_capture_as_it_was(tmp_path: Path) -> None:
    path = copied(tmp_path)
    before = path.read_bytes()
    session = noted(path)
    assert session.keeper.told == []
    assert session.keeper.path == tmp_path / f"run.pcapng{SUFFIX}"
    assert opened(path).keeper.annotations.comments == {3: "Look here"}
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.pcapng", f"run.pcapng{SUFFIX}"]


def test_nothing_written_leaves_no_file(tmp_path: Path) -> None:
    path = copied(tmp_path)
    session = opened(path)
    session.keeper.save()
    session.keeper.annotations.mark({1}, True)
    session.keeper.annotations.mark({1}, False)
    session.keeper.save()
    assert os.listdir(tmp_path) == ["run.pcapng"]
    session = noted(path)
    session.keeper.annotations.comment(3, "")
    session.keeper.save()
    assert os.listdir(tmp_path) == ["run.pcapng"]


def test_it_is_not_applied_to_another_file_of_that_name_and_not_lost(tmp_path: Path) -> None:
    before = (noted(copied(tmp_path)).keeper.path or tmp_path).read_bytes()
    session = opened(copied(tmp_path, "coap-tour"))
    assert session.keeper.annotations.empty
    assert len(session.keeper.told) == 1
    assert "is about another capture that had this name" in session.keeper.told[0]
    session.keeper.annotations.comment(1, "Mine")
    session.keeper.save()
    assert (tmp_path / f"run.pcapng{SUFFIX}.bak").read_bytes() == before
    assert opened(tmp_path / "run.pcapng").keeper.annotations.comments == {1: "Mine"}


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe", b"version = 1\n[[", b"\0", b"hello", b"version = 1", b"#" * (17 << 20), None],
    ids=["not UTF-8", "not TOML", "null", "text", "no capture", "large", "folder"],
)
def test_a_hostile_file_is_told_of_once_and_kept(tmp_path: Path, data: bytes | None) -> None:
    path = copied(tmp_path)
    other = tmp_path / f"run.pcapng{SUFFIX}"
    other.mkdir() if data is None else other.write_bytes(data)
    session = opened(path)
    assert session.keeper.annotations.empty
    assert len(session.keeper.told) == 1
    session.keeper.save()
    assert other.is_dir() or other.read_bytes() == data
    session.keeper.annotations.mark({2}, True)
    session.keeper.save()
    kept = tmp_path / f"run.pcapng{SUFFIX}.bak"
    assert kept.is_dir() or kept.read_bytes() == data
    assert opened(path).keeper.annotations.marks == {2}


def test_a_pipe_of_that_name_is_not_waited_for(tmp_path: Path) -> None:
    path = copied(tmp_path)
    os.mkfifo(tmp_path / f"run.pcapng{SUFFIX}")
    assert "is no file" in opened(path).keeper.told[0]


def test_what_another_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    path = copied(tmp_path)
    one = noted(path, text="Mine")
    other = noted(path, text="Theirs")
    assert other.keeper.path is not None
    theirs = other.keeper.path.read_bytes()
    one.keeper.annotations.comment(4, "Mine, too")
    one.keeper.save()
    assert (tmp_path / f"run.pcapng{SUFFIX}.bak").read_bytes() == theirs


def test_where_the_folder_cannot_be_written_the_state_folder_is_used(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copied(tmp_path)
    real = keeping.new_file

    def refused(name: str, inputs: tuple[str, ...]) -> object:
        if name.endswith(SUFFIX):
            raise keeping.WritingError("no") from PermissionError(13, "Permission denied")
        return real(name, inputs)

    monkeypatch.setattr(keeping, "new_file", refused)
    session = noted(path)
    assert len(session.keeper.told) == 1
    assert "(Permission denied); they are in" in session.keeper.told[0]
    session.keeper.annotations.mark({1}, True)
    session.keeper.save()
    assert len(session.keeper.told) == 1
    assert session.keeper.path is not None
    assert session.keeper.path.parent == state
    again = opened(path).keeper.annotations
    assert (again.comments, again.marks) == ({3: "Look here"}, {1})


def test_nowhere_to_write_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copied(tmp_path)

    def refused(name: str, inputs: tuple[str, ...]) -> object:
        raise keeping.WritingError("no") from OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "new_file", refused)
    session = noted(path)
    assert len(session.keeper.told) == 1
    assert "annotations cannot be kept (No space left on device)" in session.keeper.told[0]


def test_several_files_are_one_capture(tmp_path: Path) -> None:
    one, two = tmp_path / "a.pcapng", tmp_path / "b.pcapng"
    shutil.copy(CAPTURES / "registration.pcapng", one)
    shutil.copy(CAPTURES / "pairing.pcapng", two)
    session = noted(one, two)
    assert session.keeper.path == tmp_path / f"a.pcapng+b.pcapng{SUFFIX}"
    assert opened(one, two).keeper.annotations.comments == {3: "Look here"}
    assert opened(one).keeper.annotations.empty
    assert opened(two, one).keeper.annotations.empty


def test_a_file_that_has_grown_is_the_same(tmp_path: Path) -> None:
    path = copied(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:2000])
    noted(path)
    path.write_bytes(whole)
    assert opened(path).keeper.annotations.comments == {3: "Look here"}


def test_a_capture_that_was_moved_takes_it_along(tmp_path: Path) -> None:
    """As a recording that is saved, or a file copied with what lies beside it."""
    path, saved = copied(tmp_path), tmp_path / "saved.pcapng"
    session = noted(path)
    save([Part(str(path))], str(saved))
    session.keeper.move(str(saved))
    session.keeper.annotations.mark({5}, True)
    session.keeper.save()
    again = opened(saved).keeper.annotations
    assert (again.comments, again.marks) == ({3: "Look here"}, {5})
    keeping.discard([str(path)])
    assert not os.path.exists(str(path) + SUFFIX)


def test_where_the_beginning_was_lost_it_stays(tmp_path: Path) -> None:
    session = noted(copied(tmp_path))
    other = tmp_path / "other.pcapng"
    shutil.copy(CAPTURES / "pairing.pcapng", other)
    session.keeper.move(str(other))
    assert "annotations stay where they are" in session.keeper.told[0]
    assert not os.path.exists(str(other) + SUFFIX)
