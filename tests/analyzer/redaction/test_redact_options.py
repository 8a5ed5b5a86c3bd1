# SPDX-License-Identifier: GPL-2.0-only
"""`msgshark export --redact` on the command line."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.capture import CaptureFile

REGISTRATION = Path(__file__).parents[3] / "captures" / "registration.pcapng"
PAIRING = REGISTRATION.with_name("pairing.pcapng")
COMMAND = [sys.executable, "-c", "from analyzer.cli import main; main()", "export"]


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MSGSHARK_REDACT_KEY", raising=False)


def export(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)


def test_the_map_is_for_the_owner_alone(tmp_path: Path) -> None:
    out, told = tmp_path / "out.pcapng", tmp_path / "map.json"
    done = export(REGISTRATION, "-w", out, "--redact", "--redact-map", told)
    assert (done.returncode, done.stderr) == (0, b"")
    assert stat.S_IMODE(told.stat().st_mode) == 0o600
    ues = json.loads(told.read_text())["ue_service_ids"]
    assert "meter-0001@iot.example" in ues.values()
    written = out.read_bytes()
    assert b"iot.example" not in written
    assert any(pseudonym.encode() in written for pseudonym in ues)


def test_a_key_from_the_environment_is_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert export(REGISTRATION, "-w", one, "--redact", "--redact-key", "k").returncode == 0
    monkeypatch.setenv("MSGSHARK_REDACT_KEY", "k")
    assert export(REGISTRATION, "-w", other, "--redact").returncode == 0
    assert one.read_bytes() == other.read_bytes()
    assert export(REGISTRATION, "-w", other).returncode == 0  # not asked to redact
    assert b"iot.example" in other.read_bytes()


def test_to_stdout_and_in_part(tmp_path: Path) -> None:
    done = export(REGISTRATION, "-w", "-", "--redact", "--frames", "1-4")
    assert done.returncode == 0
    assert b"findings were not compared" in done.stderr
    path = tmp_path / "part"
    path.write_bytes(done.stdout)
    with CaptureFile(path) as capture:
        assert sum(batch.count for batch in capture.batches()) == 4
        assert capture.file_comments == [
            "Redacted by msgshark: names, addresses and contents are pseudonyms"
        ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--redact-key", "k"], "add --redact"),
        (["--redact-map", "map"], "add --redact"),
        (["--redact", "--redact-key", ""], "it is empty"),
        (["--redact", "--redact-map", "out"], "give the map one of its own"),
        (["--redact", "--redact-map", "no/map"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = export(REGISTRATION, "-w", "out", *arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert os.listdir(tmp_path) == []


def test_stdin_is_read_once() -> None:
    done = export("-", "-w", "-", "--redact", stdin=REGISTRATION.read_bytes())
    assert done.returncode == 2
    assert b"save it to a file first" in done.stderr
    assert done.stdout == b""


def test_several_files_and_packed_ones(tmp_path: Path) -> None:
    packed, out = tmp_path / "packed.pcapng.gz", tmp_path / "out.pcapng"
    packed.write_bytes(gzip.compress(REGISTRATION.read_bytes()))
    done = export(packed, PAIRING, "-w", out, "--redact")
    assert (done.returncode, done.stderr) == (0, b"")
    with CaptureFile(out) as capture:
        assert sum(batch.count for batch in capture.batches()) == 76


@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
@pytest.mark.parametrize("name", ["coap-tour", "field-day"])
def test_tshark_finds_no_more_malformed_than_before(tmp_path: Path, name: str) -> None:
    before, after = REGISTRATION.with_name(f"{name}.pcapng"), tmp_path / "out.pcapng"
    assert export(before, "-w", after, "--redact").returncode == 0
    found = [
        subprocess.run(
            ["tshark", "-r", path, "-Y", "_ws.malformed && coap", "-T", "fields", "-e", "coap.mid"],
            capture_output=True,
            check=True,
        ).stdout
        for path in (before, after)
    ]
    assert found[0] == found[1]


def test_what_would_leak_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.capture.writing import WritingError
    from analyzer.redaction import export as exporting
    from analyzer.session import Session
    from analyzer.views.pcapng import shown_rows

    session = Session()
    session.open([REGISTRATION])
    session.read_all()
    monkeypatch.setattr(exporting, "leaked", lambda *_: "meter-0001")
    out, told = tmp_path / "out", tmp_path / "map"
    asked = exporting.Asked("k", str(told))
    with pytest.raises(WritingError, match="nothing was written: meter-0001"):
        list(exporting.redact(session, shown_rows(session), str(out), asked))
    assert os.listdir(tmp_path) == []
