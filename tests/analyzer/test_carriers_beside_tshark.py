# SPDX-License-Identifier: GPL-2.0-only
"""Whole captures of protected CoAP: each message is what tshark shows with the same secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from decryption import recorded
from decryption.libcoap_tls import fetched, needs_libcoap
from decryption.test_tls_beside_tshark import capture
from tshark import MISSING, needs_tshark, tshark

from analyzer.messages import SECURED
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from analyzer.session import Session
from analyzer.settings import Settings
from dissectors.coap.numbers import URI_PATH

pytestmark = needs_tshark

Shown = tuple[int, int, bytes, int, str]
"""Frame, code, token, bytes of payload, first part of the path."""


def shown_by_tshark(path: Path, home: Path, *options: str) -> list[Shown]:
    fields = ("frame.number", "coap.code", "coap.token", "coap.payload_length")
    fields += ("coap.opt.uri_path",)
    wanted = [word for name in fields for word in ("-e", name)]
    output = tshark(
        *("-2", "-n", "-r", str(path), "-Y", "coap", "-T", "json", *options, *wanted), home=home
    )
    found = []
    for entry in json.loads(output):
        layers = entry["_source"]["layers"]
        frame, code, token, length, path_part = (layers.get(name, [""])[0] for name in fields)
        packed = b"" if token == MISSING else bytes.fromhex(token.replace(":", ""))
        found.append((int(frame), int(code), packed, int(length or 0), path_part))
    return found


def shown(path: Path, secrets: Secrets, ports: frozenset[int] = frozenset()) -> list[Shown]:
    session = Session(Settings(secrets=secrets, dtls_ports=ports))
    session.open([path])
    session.read_all()
    found = []
    for row, cells in enumerate(session.messages.rows()):
        assert cells["flags"] & SECURED
        message = session.dissected(row)
        part = next((one.value.decode() for one in message.options if one.number == URI_PATH), "")
        size = len(message.payload)
        found.append((cells["frame"], message.code, message.token, size, part))
    return found


@pytest.mark.parametrize("name", ["coap-ccm8", "coap-ecdhe-psk"])
def test_dtls_of_libcoap(name: str, tmp_path: Path) -> None:
    path, log = recorded.path(name), recorded.FOLDER / f"{name}.keys"
    options = [
        "-d",
        f"udp.port=={recorded.PORT},dtls",
        "-d",
        f"dtls.port=={recorded.PORT},coap",
        "-o",
        f"dtls.psk:{recorded.KEY.hex()}",
    ]
    if log.exists():
        options += ["-o", f"tls.keylog_file:{log}"]
    ours = shown(path, recorded.secrets(name), frozenset({recorded.PORT}))
    assert ours == shown_by_tshark(path, tmp_path, *options)
    assert len(ours) == 2


@needs_libcoap
def test_tls_of_libcoap(tmp_path: Path) -> None:
    """tshark reads the first message of a record, and that of the record alone."""
    wire = fetched(tmp_path / "keys.log")
    path = capture(tmp_path / "capture.pcapng", wire)
    log = KeyLog()
    log.add(wire.keylog)
    ours = shown(path, Secrets(keylog=log))
    theirs = shown_by_tshark(path, tmp_path)
    assert set(theirs) <= set(ours)
    assert [code for _, code, *_ in ours] == [225, 225, 1, 69]
    assert theirs
