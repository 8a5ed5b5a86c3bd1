# SPDX-License-Identifier: GPL-2.0-only
"""Whole session over what protects CoAP: the first byte chooses a recording of DTLS, TLS, TCP or
OSCORE, the rest changes its packets (edits). With keys and without."""

from __future__ import annotations

import json
import struct
from functools import cache
from pathlib import Path

from decryption import recorded

from analyzer.capture import ROW, CaptureFile
from analyzer.messages import CARRIED
from analyzer.protected import entry, lines, messages_not_read, sentence
from analyzer.secrets.model import Secrets
from analyzer.secrets.reading import read
from analyzer.session import Session
from analyzer.settings import Settings
from fuzz.corpus import CAPTURES
from fuzz.targets.edits import Sent, edited
from fuzz.targets.records import path
from fuzz.targets.session import check_tables

MOST = 32
TLS = Path(recorded.__file__).parents[1] / "views" / "carried" / "gnutls-tls.pcap"
FILES = (
    *(recorded.path(name) for name in recorded.NAMES),
    *(CAPTURES / "oscore.pcapng", CAPTURES / "streams.pcapng", TLS),
)


def run(data: bytes) -> None:
    file = FILES[data[0] % len(FILES)] if data else FILES[0]
    link_type, sent = _packets(file)
    path().write_bytes(_pcap(link_type, edited(sent, data[1:])))
    for secrets in (_secrets(file), None):
        settings = Settings(secrets=secrets, dtls_ports=frozenset({recorded.PORT}))
        session = Session(settings)
        session.open([path()])
        session.read_all()
        check_tables(session)
        assert json.dumps(entry(session), allow_nan=False)
        assert all(len(line) < 1000 for line in lines(session, 9))
        assert bool(sentence(session)) == bool(messages_not_read(session))
        for row in range(len(session.messages)):
            cells = session.messages.row(row)
            if cells["flags"] & CARRIED:
                pieces = session.carriers.store.pieces(cells["offset"])
                assert pieces
                assert all(1 <= piece.frame <= session.counts.records for piece in pieces)
        session.release()


def _secrets(file: Path) -> Secrets:
    """Made anew: sessions add to them."""
    keys = file.with_suffix(".keys")
    contexts = [CAPTURES / "oscore-context.toml"] if file.stem == "oscore" else []
    return read(
        [], [keys] if keys.exists() else [], oscore_files=contexts, key=recorded.KEY
    ).secrets


@cache
def _packets(file: Path) -> tuple[int, list[Sent]]:
    """The first packets of the first interface."""
    sent: list[Sent] = []
    with CaptureFile(file) as capture:
        for batch in capture.batches(None):
            for at in range(0, batch.count * ROW, ROW):
                start, size, _, _, interface = batch.rows[at : at + ROW]
                if interface == 0 and len(sent) < MOST:
                    sent.append(Sent(True, bytes(batch.data[start : start + size])))
        return capture.interfaces[0].link_type, sent


def _pcap(link_type: int, sent: list[Sent]) -> bytes:
    file = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link_type)
    for number, one in enumerate(sent):
        size = len(one.data)
        file += struct.pack("<IIII", 1_700_000_000, number * 1000, size, size) + one.data
    return file
