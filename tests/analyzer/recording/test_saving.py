# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.capture import CaptureFile
from analyzer.capture.writing import WritingError
from analyzer.recording.saving import Part, discard, save

CAPTURES = Path(__file__).parents[3] / "captures"
REGISTRATION, PAIRING = CAPTURES / "registration.pcapng", CAPTURES / "pairing.pcapng"


def packets(path: Path) -> int:
    with CaptureFile(path) as file:
        count = sum(batch.count for batch in file.batches())
        assert not file.notices
        return count


def test_files_become_one_and_what_a_ring_removed_is_left_out(tmp_path: Path) -> None:
    saved = tmp_path / "saved.pcapng"
    parts = [Part(str(tmp_path / "removed")), Part(str(REGISTRATION)), Part(str(PAIRING))]
    save(parts, str(saved))
    assert packets(saved) == packets(REGISTRATION) + packets(PAIRING)


def test_of_a_file_that_is_written_the_first_bytes_are_saved(tmp_path: Path) -> None:
    growing, saved = tmp_path / "growing", tmp_path / "saved"
    whole = REGISTRATION.read_bytes()
    growing.write_bytes(whole + b"\6\0\0\0\xff")
    save([Part(str(growing), len(whole))], str(saved))
    assert saved.read_bytes() == whole


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(WritingError, match="cannot be written"):
        save([Part(str(REGISTRATION))], str(tmp_path / "no" / "folder"))
    recording = tmp_path / "recording"
    recording.write_bytes(REGISTRATION.read_bytes())
    with pytest.raises(WritingError, match="is being read"):
        save([Part(str(recording))], str(recording))
    assert packets(recording) == packets(REGISTRATION)
    assert list(tmp_path.iterdir()) == [recording]


def test_files_are_discarded_where_they_are_still_there(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    discard([str(tmp_path / "gone"), str(there)])
    assert not there.exists()
