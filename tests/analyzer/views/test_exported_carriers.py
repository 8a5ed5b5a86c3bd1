# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from test_cli import Run, complains, run

from analyzer.capture import Source
from analyzer.capture.pcapng import DECRYPTION_SECRETS

__all__ = ["run"]

ANALYZER = Path(__file__).parents[1]
HANDSHAKES = ANALYZER / "decryption" / "handshakes"
CAPTURES = ANALYZER.parents[1] / "captures"
STREAMS = CAPTURES / "streams.pcapng"
TLS = Path(__file__).with_name("carried") / "gnutls-tls.pcap"
PORT = ("-d", "udp.port==15684,dtls")
KEY = ("-o", f"dtls.psk:{b'secretPSK'.hex()}")
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")


def count(path: Path) -> int:
    with Source([str(path)]) as source:
        return sum(batch.count for batch in source.batches())


def has_secrets(path: Path) -> bool:
    return DECRYPTION_SECRETS.to_bytes(4, "little") in path.read_bytes()


def lines(text: str) -> list[str]:
    """Lines of messages without frame and time."""
    return [" ".join(line.split()[2:]) for line in text.splitlines()]


def test_packets_that_carried_messages_are_written_and_no_secrets(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    done = run("export", *PORT, *KEY, HANDSHAKES / "coap-ccm8.pcap", "-w", out)
    assert done.code == 0
    assert done.err == (
        "msgshark: 2 packets are written as captured, still encrypted: --with-secrets adds what "
        "opens them\n"
    )
    assert count(out) == 2
    assert not has_secrets(out)
    data = out.read_bytes()
    assert b"time" not in data.replace(b"timestamp", b"")
    assert b"secretPSK" not in data


@pytest.mark.parametrize("name", ["coap-ccm8", "coap-ecdhe-psk", "coap-gnutls"])
def test_with_secrets_it_is_opened_alone(run: Run, tmp_path: Path, name: str) -> None:
    capture, out = HANDSHAKES / f"{name}.pcap", tmp_path / "out.pcapng"
    log = capture.with_suffix(".keys")
    keys = ("--keylog-file", log) if log.exists() else KEY
    assert run("export", *PORT, *keys, capture, "-w", out, "--with-secrets").code == 0
    assert has_secrets(out)
    assert b"secretPSK" not in out.read_bytes()
    assert b"secretPSK".hex().encode() not in out.read_bytes()
    read = lines(run("messages", *PORT, out).out)
    assert read
    assert read == lines(run("messages", *PORT, *keys, capture).out)


@needs_tshark
def test_tshark_opens_it_alone(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    capture = HANDSHAKES / "coap-ccm8.pcap"
    assert run("export", *PORT, *KEY, capture, "-w", out, "--with-secrets").code == 0
    ports = ["-d", "udp.port==15684,dtls", "-d", "dtls.port==15684,coap"]
    command = ["tshark", "-r", str(out), *ports, "-Y", "coap"]
    shown = subprocess.run(
        [*command, "-T", "fields", "-e", "coap.mid"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["4660", "4660"]


def test_only_what_is_exported_is_opened(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    both = HANDSHAKES / "coap-ccm8.pcap", HANDSHAKES / "psk-cbc.pcap"
    first = ("-Y", "coap.opt.uri_path == time or coap.code == 2.05")
    assert run("export", *PORT, *KEY, *both, "-w", out, "--with-secrets", *first).code == 0
    assert out.read_bytes().count(b"CLIENT_RANDOM") == 1


def test_segments_of_streams_are_written_once(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    done = run("export", STREAMS, "-w", out, "--no-comments")
    assert (done.code, done.err) == (0, "")
    assert 0 < count(out) <= count(STREAMS)
    with Source([str(out)]) as source:
        times = [row for batch in source.batches() for row in batch.rows[3::5].tolist()]
    assert times == sorted(times)
    assert all(time > 1_500_000_000 * 10**9 for time in times)
    codes, again = (
        [line.split(", ")[0].split()[-1] for line in run("messages", path).out.splitlines()]
        for path in (STREAMS, out)
    )
    assert len(again) >= len(codes) * 9 // 10


def test_messages_under_oscore_are_exported_as_captured(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    contexts = ("--oscore-file", CAPTURES / "oscore-context.toml")
    capture = CAPTURES / "oscore.pcapng"
    done = run("export", *contexts, capture, "-w", out)
    assert "still encrypted" in done.err
    again = lines(run("messages", *contexts, out).out)
    assert again == lines(run("messages", *contexts, capture).out)


def test_what_cannot_be_redacted_is_left_out(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    capture = HANDSHAKES / "coap-ccm8.pcap"
    done = run("export", *PORT, *KEY, capture, "-w", out, "--redact")
    assert done.code == 0
    assert "2 packets were left out: in streams and in what is encrypted" in done.err
    assert count(out) == 0
    done = run("export", STREAMS, "-w", out, "--redact")
    assert done.code == 0
    assert "packets were left out: in streams" in done.err


def test_redacted_and_opened_is_a_contradiction(run: Run, tmp_path: Path) -> None:
    words = ("-w", tmp_path / "out", "--redact", "--with-secrets")
    complains(run("export", STREAMS, *words), "--redact hides what --with-secrets opens")


def test_of_tls_the_whole_connection_is_opened_alone(run: Run, tmp_path: Path) -> None:
    """Two connections of libcoap's gnutls client and server; one of them is exported."""
    capture, out = TLS, tmp_path / "out.pcapng"
    port = ("-d", "tcp.port==5694,tls")
    keys = ("--keylog-file", capture.with_suffix(".keys"))
    only = ("--frames", "51-53")
    assert run("export", *port, *keys, capture, "-w", out, "--with-secrets", *only).code == 0
    assert out.read_bytes().count(b"CLIENT_RANDOM") == 1
    read = lines(run("messages", *port, out).out)
    assert len(read) == 4
    assert read == lines(run("messages", *port, *keys, capture).out)[4:]
