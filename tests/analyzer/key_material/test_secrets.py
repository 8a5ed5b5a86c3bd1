# SPDX-License-Identifier: GPL-2.0-only
"""Files of secrets: looked up, read on while they grow, and kept to oneself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analyzer.secrets import model, reading
from analyzer.secrets.keylog import CLIENT_TRAFFIC
from analyzer.secrets.model import Secrets
from analyzer.secrets.reading import SecretsError, read

RANDOM = bytes(range(32))
OTHER = bytes(32)


def master(random: bytes = RANDOM, fill: str = "6d") -> str:
    return f"CLIENT_RANDOM {random.hex()} {fill * 48}\n"


def file(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_is_that_of_the_identity_else_that_of_all(tmp_path: Path) -> None:
    keys = file(tmp_path / "a.psk", "ue-1:0a\n")
    more = file(tmp_path / "b.psk", "ue-2:0b\n0c\n")
    secrets, warnings = read([keys, more])
    assert [secrets.psk(name) for name in (b"ue-1", b"ue-2", b"ue-3")] == [
        b"\x0a",
        b"\x0b",
        b"\x0c",
    ]
    assert read([keys]).secrets.psk(b"ue-3") is None
    assert not warnings


def test_a_key_log_and_one_of_a_capture_are_one(tmp_path: Path) -> None:
    secrets = read(keylog_files=[file(tmp_path / "keys", master())]).secrets
    secrets.add_keylog(f"{CLIENT_TRAFFIC} {OTHER.hex()} {'74' * 32}".encode())
    assert secrets.master_secret(RANDOM) == b"m" * 48
    assert secrets.traffic_secret(CLIENT_TRAFFIC, OTHER) == b"t" * 32
    assert secrets.master_secret(OTHER) is None


def test_captures_add_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    line = master().encode()
    monkeypatch.setattr(model, "MOST_ADDED", len(line) + 10)
    secrets = Secrets()
    secrets.add_keylog(line)
    secrets.add_keylog(master(OTHER).encode())
    secrets.add_keylog(master(OTHER).encode())
    assert secrets.master_secret(RANDOM)
    assert secrets.master_secret(OTHER) is None


def test_what_was_given_is_empty_or_not(tmp_path: Path) -> None:
    assert Secrets().empty
    assert read([file(tmp_path / "none", "")]).secrets.empty
    assert not read([file(tmp_path / "keys", "0a")]).secrets.empty
    assert not read(keylog_files=[tmp_path / "later"], growing=True).secrets.empty
    added = Secrets()
    added.add_keylog(master().encode())
    assert not added.empty


def test_a_growing_key_log_is_read_on_when_a_secret_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    secrets, warnings = read(keylog_files=[path], growing=True)
    assert warnings == [f"{path}: is not there yet; it is read when it is"]
    assert secrets.master_secret(RANDOM) is None

    whole = master()
    file(path, whole[:-10])
    assert secrets.master_secret(RANDOM) is None  # half a line is none
    file(path, whole)
    assert secrets.master_secret(RANDOM) == b"m" * 48
    file(path, whole + master(OTHER))
    assert secrets.master_secret(OTHER) == b"m" * 48
    assert secrets.growing


def test_a_key_log_that_began_anew_is_read_anew(tmp_path: Path) -> None:
    path = file(tmp_path / "keys", master() * 2)
    secrets = read(keylog_files=[path], growing=True).secrets
    file(path, master(OTHER))
    assert secrets.master_secret(OTHER)
    assert secrets.master_secret(RANDOM)  # what was known stays known


def test_a_key_log_that_has_not_grown_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path / "keys", master() + "half a line")
    secrets = read(keylog_files=[path], growing=True).secrets
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("opened"))
    assert secrets.master_secret(OTHER) is None


def test_a_file_that_does_not_grow_is_read_once_and_to_its_last_byte(tmp_path: Path) -> None:
    path = file(tmp_path / "keys", master().rstrip())
    secrets = read(keylog_files=[path]).secrets
    file(path, master() + master(OTHER))
    assert secrets.master_secret(RANDOM)
    assert secrets.master_secret(OTHER) is None
    assert not secrets.growing


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_what_others_may_read_is_told(tmp_path: Path, mode: int) -> None:
    keys = file(tmp_path / "keys of all", "0a\n", mode)
    log = file(tmp_path / "log", master(), mode)
    assert read([keys], [log]).warnings == [
        f"{keys}: others may read these secrets; chmod 600 '{keys}'",
        f"{log}: others may read these secrets; chmod 600 {log}",
    ]


def test_lines_that_mean_nothing_are_told_once(tmp_path: Path) -> None:
    log = file(tmp_path / "log", master() + "CLIENT_RANDOM 00\nwhat\n")
    assert read(keylog_files=[log]).warnings == [f"{log}: 2 lines are no key log's and passed over"]


@pytest.mark.parametrize("growing", [False, True])
def test_what_is_no_key_log_is_refused(tmp_path: Path, growing: bool) -> None:
    keys = file(tmp_path / "psk", "ue:5ec7e7\n")
    with pytest.raises(SecretsError, match="no key log; a line is LABEL") as caught:
        read(keylog_files=[keys], growing=growing)
    assert "5ec7e7" not in str(caught.value)


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path, told in (
        (tmp_path / "none", "No such file or directory; give a file of pre-shared keys"),
        (tmp_path, "Is a directory; give a file of pre-shared keys"),
        (Path("a\0b"), "embedded null byte; give a file of pre-shared keys"),
        (file(tmp_path / "bad\n", "ue"), "line 1 is no identity and key in hex"),
    ):
        with pytest.raises(SecretsError, match=told) as caught:
            read([path])
        assert "\n" not in str(caught.value)
    with pytest.raises(SecretsError, match="give a file of a key log"):
        read(keylog_files=[tmp_path / "none"])


def test_a_file_is_read_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", len(master()))
    log = file(tmp_path / "log", master() + master(OTHER))
    secrets, warnings = read(keylog_files=[log])
    assert secrets.master_secret(RANDOM)
    assert secrets.master_secret(OTHER) is None
    assert warnings == [f"{log}: only its first 64 MiB are read"]
    with pytest.raises(SecretsError, match="larger than 64 MiB: no file of keys"):
        read([file(tmp_path / "psk", "0a" * len(master()))])


def test_no_secret_is_shown(tmp_path: Path) -> None:
    keys, log = file(tmp_path / "psk", "ue:0a\n"), file(tmp_path / "log", master())
    shown = repr(read([keys], [log]).secrets)
    assert shown == "<Secrets: 1 identities, 1 secrets of key logs, 0 OSCORE contexts>"
    assert os.fspath(tmp_path) not in shown
