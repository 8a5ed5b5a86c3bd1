# SPDX-License-Identifier: GPL-2.0-only
"""Key material is in nothing that a run leaves behind: not in what it prints, nor in its files."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from test_cli import ENTRY

from analyzer.formats import CHECK

HANDSHAKES = Path(__file__).parent / "decryption" / "handshakes"
CAPTURE = HANDSHAKES / "coap-ccm8.pcap"
LOGGED = HANDSHAKES / "coap-ecdhe-psk.pcap"
PSK = b"secretPSK"
MASTERS = [
    bytes.fromhex(line.split()[2])
    for line in LOGGED.with_suffix(".keys").read_text().splitlines()
    if line.startswith("CLIENT_RANDOM")
]
PORT = ("-d", "udp.port==15684,dtls")

COMMANDS = [
    *(("check", "--format", form) for form in CHECK),
    ("check", "--all", "--fail-on", "note"),
    *(("messages", "-T", form) for form in ("text", "json", "jsonl", "csv", "fields")),
    ("messages", "-V", "-x"),
    *(("exchanges", "-T", form) for form in ("text", "json", "ladder", "mermaid")),
    ("findings", "-T", "json"),
    ("statistics", "-T", "json"),
    ("statistics",),
    *(("handshakes", "-T", form) for form in ("text", "json", "ladder")),
    ("handshakes", "-V", "-x"),
    ("times",),
    ("watch", "--format", "jsonl"),
    ("export", "-w", "-"),
    ("export", "-w", "out.pcapng"),
    ("export", "-w", "redacted.pcapng", "--redact", "--redact-map", "map.json"),
    ("messages", "-d", "nonsense"),
    ("check", "--fail-on", "nonsense"),
    ("messages", "-Y", "nonsense =="),
]


def forms(secret: bytes) -> list[bytes]:
    """What a secret may look like."""
    shapes = [secret, secret.hex().encode(), secret.hex(" ").encode(), secret.hex(":").encode()]
    shapes += [repr(secret).encode()[2:-1], b64encode(secret).rstrip(b"=")]
    return [*shapes, *(shape.upper() for shape in shapes[1:4])]


def clean(data: bytes) -> bool:
    return not any(form in data for secret in (PSK, *MASTERS) for form in forms(secret))


def run(folder: Path, *words: str) -> bytes:
    """A command in a folder that is all the user has; what it printed."""
    for name in ("config", "state", "cache"):
        (folder / name).mkdir(exist_ok=True)
    places = {
        f"XDG_{name.upper()}_HOME": str(folder / name) for name in ("config", "state", "cache")
    }
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **places}
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return done.stdout + done.stderr


def test_no_command_shows_or_keeps_a_secret(tmp_path: Path) -> None:
    keys = tmp_path / "given"
    keys.mkdir()
    (keys / "ues.psk").write_text(f"ue-1:{PSK.hex()}\n")
    (keys / "server.keys").write_bytes(LOGGED.with_suffix(".keys").read_bytes())
    given = ("--psk-file", str(keys / "ues.psk"), "--keylog-file", str(keys / "server.keys"))
    folder = tmp_path / "user"
    folder.mkdir()
    read = b""
    for command in COMMANDS:
        said = run(folder, *command, *PORT, *given, str(CAPTURE), str(LOGGED))
        assert clean(said), command
        read += said
    said = run(folder, "check", *PORT, "-o", f"dtls.psk:{PSK.hex()}", str(CAPTURE))
    assert clean(said)
    assert b"GET" in read  # it was opened at all
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert {"out.pcapng", "map.json"} <= {path.name for path in kept}
    assert [path.name for path in kept if not clean(path.read_bytes())] == []


@pytest.mark.parametrize(
    "text",
    [
        f"ue-1:{PSK.hex()}:x\n",
        f"ue-1:{PSK.hex()}\nue-1:00{PSK.hex()}\n",
        f"{PSK.hex()}\n{PSK.hex()}00\n",
        f"ue-1={PSK.hex()}\n",
    ],
)
def test_a_broken_file_of_keys_is_refused_without_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.psk"
    path.write_text(text)
    said = run(tmp_path, "check", "--psk-file", str(path), str(CAPTURE))
    assert b"broken.psk: line" in said
    assert said.count(b"\n") == 1
    assert clean(said)


def test_preferences_with_a_key_for_a_file_do_not_show_it(tmp_path: Path) -> None:
    path = tmp_path / "preferences.toml"
    path.write_text(f'psk_files = ["ue-1:{PSK.hex()}"]\npsk = "{PSK.hex()}"\n')
    said = run(tmp_path, "preferences", "--preferences", str(path))
    assert b"one of these may be a key" in said
    assert clean(said)


def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    hidden = f"import sys; sys.modules['cryptography'] = None\n{ENTRY}"
    words = ("check", *PORT, "-o", f"dtls.psk:{PSK.hex()}", str(CAPTURE))
    done = subprocess.run([sys.executable, "-c", hidden, *words], capture_output=True, text=True)
    assert done.returncode == 0
    assert "2 messages in 1 flow were not evaluated: decrypting needs: pip install" in done.stdout
    assert done.stderr == ""
