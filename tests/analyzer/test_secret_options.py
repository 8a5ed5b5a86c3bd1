# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from test_cli import Run, complains, run

from analyzer.port_options import Ports, read_ports
from analyzer.secret_options import NO_SECRETS, SecretFiles

__all__ = ["run"]

HANDSHAKES = Path(__file__).parent / "decryption" / "handshakes"
CAPTURES = Path(__file__).parents[2] / "captures"
PSK = HANDSHAKES / "coap-ccm8.pcap"
LOGGED = HANDSHAKES / "coap-ecdhe-psk.pcap"
PORT = ("-d", "udp.port==15684,dtls")
KEY = b"secretPSK"


@pytest.fixture
def psk_file(tmp_path: Path) -> Path:
    path = tmp_path / "ues.psk"
    path.write_text(f"ue-1:{KEY.hex()}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def key_log(tmp_path: Path) -> Path:
    path = tmp_path / "server.keys"
    shutil.copy(LOGGED.with_suffix(".keys"), path)
    path.chmod(0o600)
    return path


def test_a_file_of_keys_opens_dtls(run: Run, psk_file: Path) -> None:
    assert run("messages", *PORT, PSK).out == ""
    read = run("messages", *PORT, "--psk-file", psk_file, PSK)
    assert "GET" in read.out
    assert read.err == ""


def test_a_key_log_opens_dtls(run: Run, key_log: Path) -> None:
    for option in (("--keylog-file", str(key_log)), ("-o", f"tls.keylog_file:{key_log}")):
        assert "GET" in run("messages", *PORT, *option, LOGGED).out


def test_a_key_for_all(run: Run) -> None:
    read = run("messages", *PORT, "-o", f"dtls.psk:{KEY.hex()}", PSK)
    assert "GET" in read.out
    assert read.err == ""


def test_contexts_open_oscore(run: Run) -> None:
    capture = CAPTURES / "oscore.pcapng"
    closed = run("messages", capture).out
    contexts = CAPTURES / "oscore-context.toml"
    assert run("messages", "--oscore-file", contexts, capture).out != closed


def test_the_environment_names_files(
    run: Run, psk_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = psk_file.with_name("more.psk")
    other.write_text("nobody:00\n")
    other.chmod(0o600)
    monkeypatch.setenv("MSGSHARK_PSK_FILE", f"{other}{os.pathsep}{psk_file}")
    assert "GET" in run("messages", *PORT, PSK).out


def test_what_others_may_read_is_told_once(run: Run, psk_file: Path) -> None:
    psk_file.chmod(0o644)
    told = run("check", *PORT, "--psk-file", psk_file, PSK)
    assert told.err.count("others may read these secrets; chmod 600") == 1
    assert "others may read" not in told.out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--psk-file", "nowhere"), "nowhere: No such file"),
        (("--keylog-file", "nowhere"), "nowhere: No such file"),
        (("--oscore-file", "nowhere"), "nowhere: No such file"),
        (("-o", "tls.debug_file:x"), "tls.debug_file is not known here; write dtls.psk:HEX"),
        (("-o", "dtls.psk:"), "dtls.psk is not known here"),
        (("-o", "dtls.psk:0a", "-o", "dtls.psk:0b"), "gives two keys"),
    ],
)
def test_what_cannot_be_used(run: Run, words: tuple[str, ...], reason: str) -> None:
    complains(run("check", *words, PSK), reason)


@pytest.mark.parametrize(
    "words",
    [
        ("--psk-file", "c0ffee00c0ffee00c0ffee00"),
        ("--psk-file", "ue-1:c0ffee00c0ffee00c0ffee00"),
        ("--keylog-file", "0xc0ffee00c0ffee00c0ffee00"),
        ("-o", "c0ffee00c0ffee00c0ffee00"),
        ("-o", "c0ffee00c0ffee00c0ffee00:1"),
        ("-o", "dtls.psk:c0ffee00c0ffee00c0ffee0x"),
        ("-o", "dtls.psk=c0ffee00c0ffee00c0ffee00"),
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(run: Run, words: tuple[str, ...]) -> None:
    refused = run("check", *words, PSK)
    complains(refused)
    assert "c0ffee" not in refused.err


def test_reprs_have_no_key() -> None:
    assert KEY.hex() not in repr(SecretFiles(("a",), key=KEY))
    assert repr(KEY) not in repr(SecretFiles(("a",), key=KEY))


def test_preferred_files_that_cannot_be_used_are_passed_over(psk_file: Path) -> None:
    both = NO_SECRETS.beside(SecretFiles((str(psk_file), "nowhere")))
    assert both.psk == (str(psk_file),)
    secrets = both.read()
    assert secrets is not None
    assert secrets.psk(b"ue-1") == KEY
    assert list(secrets.warnings) == [
        "preferences: psk_files: nowhere: No such file or directory; give a file of pre-shared keys"
    ]


def test_ports() -> None:
    words = ["udp.port==1,coap", "udp.port==2,dtls", "udp.port==3,coaps", "tcp.port == 4, coap"]
    words += ["tcp.port==5,coap+tcp", "tcp.port==6,coap+ws", "tcp.port==7,tls"]
    words += ["tcp.port==8,coaps", "tcp.port==9,coaps+tcp"]
    assert read_ports(words) == Ports((1,), (2, 3), (4, 5, 6), (7, 8, 9))
