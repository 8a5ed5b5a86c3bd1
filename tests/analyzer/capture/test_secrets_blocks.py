# SPDX-License-Identifier: GPL-2.0-only
"""Decryption Secrets Blocks: key logs that come with a capture."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tshark import needs_tshark

from analyzer.capture import CaptureFile, KeyLogText, NoticeKind, Source, blocks, pcapng

from .writing import Pcapng, opened, pcap, records

WRITE = Pcapng()
HEAD = WRITE.section() + WRITE.interface()
ONE, TWO, THREE = b"CLIENT_RANDOM 1", b"CLIENT_RANDOM 22\n", b"CLIENT_RANDOM 333\n"


def packet(seconds: int) -> bytes:
    return WRITE.enhanced(seconds * 1_000_000)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def told(paths: list[Path], limit: int | None = None) -> list[tuple[int, bytes]]:
    """The key logs of captures; each is there before the packets behind it."""
    with Source(paths) as source:
        for batch in source.batches(limit):
            last = batch.first_frame + batch.count - 1
            there = [secret for secret in source.secrets if secret.frame <= last]
        assert [secret for secret in source.secrets if secret.frame <= last] == there
        return [tuple(secret) for secret in source.secrets]


@pytest.mark.parametrize("big", [False, True])
def test_key_logs_are_told_with_the_packet_behind_them(tmp_path: Path, big: bool) -> None:
    write = Pcapng(big)
    content = write.section() + write.interface() + write.secrets(ONE) + write.enhanced(1)
    content += write.enhanced(2) + write.secrets(TWO) + write.secrets(THREE) + write.enhanced(3)
    with opened(tmp_path, content) as capture:
        assert len(records(capture)) == 3
        assert capture.secrets == [(1, ONE), (3, TWO), (3, THREE)]
        assert not capture.notices


@pytest.mark.parametrize("window", [64, 1 << 20])
@pytest.mark.parametrize("limit", [1, 2, None])
def test_batches_make_no_difference(tmp_path: Path, limit: int | None, window: int) -> None:
    content = HEAD + packet(1) + WRITE.secrets(ONE) + packet(2) + packet(3) + WRITE.secrets(TWO)
    path = written(tmp_path / "capture", content + packet(4))
    with Source([path], window=window) as source:
        frames = 0
        for batch in source.batches(limit):
            frames += batch.count
            wanted = [(2, ONE)] * (frames >= 2) + [(4, TWO)] * (frames >= 4)
            assert [s for s in source.secrets if s.frame <= frames] == wanted
        assert frames == 4


def test_merged_captures_number_them_together(tmp_path: Path) -> None:
    one = written(
        tmp_path / "one", HEAD + packet(1) + WRITE.secrets(ONE) + packet(4) + WRITE.secrets(TWO)
    )
    two = written(tmp_path / "two", HEAD + WRITE.secrets(THREE) + packet(2) + packet(3))
    keys = written(tmp_path / "keys", HEAD + WRITE.secrets(TWO))
    clear = written(tmp_path / "clear", pcap([(3, 5, b"packet", 6)]))
    for limit in (1, None):
        assert told([one, two, keys, clear], limit) == [(1, TWO), (2, THREE), (5, ONE)]


@pytest.mark.parametrize(
    "block",
    [
        WRITE.block(10, bytes(4)),
        WRITE.secrets(ONE, length=17),
        WRITE.secrets(ONE, length=0xFFFFFFFF),
        WRITE.block(10, b""),
    ],
    ids=["no length", "past the end", "far past the end", "empty"],
)
def test_a_block_that_does_not_fit_is_told(tmp_path: Path, block: bytes) -> None:
    with opened(tmp_path, HEAD + block + WRITE.secrets(TWO) + packet(1)) as capture:
        assert len(records(capture)) == 1
        assert capture.secrets == [(1, TWO)]
        assert [notice.kind for notice in capture.notices] == [NoticeKind.BAD_BLOCK]


def test_secrets_of_others_are_passed_over(tmp_path: Path) -> None:
    others = [WRITE.secrets(ONE, kind) for kind in (0x57474B4C, 0x5A4E574B, 0x5353484B, 0)]
    with opened(tmp_path, HEAD + b"".join(others) + packet(1)) as capture:
        assert len(records(capture)) == 1
        assert not capture.secrets
        assert not capture.notices


def test_a_capture_brings_so_many_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pcapng, "MOST_SECRETS", len(TWO))
    content = HEAD + WRITE.secrets(TWO) + WRITE.secrets(ONE) + packet(1)
    with opened(tmp_path, content) as capture:
        assert len(records(capture)) == 1
        assert capture.secrets == [(1, TWO)]
        (notice,) = capture.notices
        assert notice.kind == NoticeKind.TOO_MANY_SECRETS


def test_a_pcap_has_none(tmp_path: Path) -> None:
    with opened(tmp_path, pcap([(3, 5, b"packet", 6)])) as capture:
        assert len(records(capture)) == 1
        assert not capture.secrets


def test_no_secret_is_shown() -> None:
    assert repr(KeyLogText(3, ONE)) == "<KeyLogText: 15 bytes before packet 3>"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "written"
    path.write_bytes(blocks.section("msgshark") + blocks.secrets(ONE) + blocks.secrets(TWO))
    with CaptureFile(path) as capture:
        assert not records(capture)
        assert capture.secrets == [(1, ONE), (1, TWO)]
        assert not capture.notices


@needs_tshark
def test_wireshark_reads_what_is_written(tmp_path: Path) -> None:
    text = f"CLIENT_RANDOM {'ab' * 32} {'cd' * 48}\n".encode()
    path = tmp_path / "written.pcapng"
    path.write_bytes(blocks.section("msgshark") + blocks.secrets(text) + HEAD[28:] + packet(1))
    done = subprocess.run(["capinfos", path], capture_output=True, text=True, check=True)
    assert "Number of decryption secrets in file: 1" in done.stdout
    assert "Number of packets:   1" in done.stdout


@needs_tshark
def test_what_wireshark_writes_is_read(tmp_path: Path) -> None:
    keys = written(tmp_path / "keys", b"CLIENT_RANDOM 0a0b 0c0d\n")
    clear = written(tmp_path / "clear", HEAD + packet(1) + packet(2))
    path = tmp_path / "injected"
    subprocess.run(["editcap", "--inject-secrets", f"tls,{keys}", clear, path], check=True)
    assert told([path]) == [(1, keys.read_bytes())]
