# SPDX-License-Identifier: GPL-2.0-only
"""The stage of carriers: what comes out depends on the packets and their order alone."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from carried_drawn import (
    DTLS_PORT,
    SETTINGS,
    everything,
    handshake,
    in_fragments,
    mixed,
    mixtures,
    secrets,
)
from decryption import recorded
from decryption.hellos import clear, client_hello, message, server_hello
from decryption.test_connection_id import known, with_cid
from generated import read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.conversation import MILLISECOND, START, Address, Conversation, coap

from analyzer import messages
from analyzer.capture import CaptureError, Interface, blocks
from analyzer.carriers import stage, weaving
from analyzer.carriers.store import Store, packed_pieces
from analyzer.decryption.security import Reason
from analyzer.session import Session
from analyzer.settings import Settings
from analyzer.streams.model import Piece
from analyzer.subjects import Message


def some(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def whole(path: Path, **more: Any) -> dict[str, Any]:
    """What a session knows that read the capture with the keys given."""
    return everything(read(path, **more, secrets=secrets(), **SETTINGS))


@some(25)
@given(mixtures(), st.integers(1, 40), st.sampled_from([200, 1 << 12, 1 << 20]))
def test_batches_make_no_difference(
    tmp_path: Path, talk: Conversation, limit: int, window: int
) -> None:
    path = tmp_path / "mixture.pcap"
    path.write_bytes(talk.pcap())
    assert whole(path, limit=limit, window=window) == whole(path)
    assert whole(path, limit=1) == whole(path)


@some(15)
@given(mixtures(), st.integers(1, 40))
def test_nor_do_they_without_keys(tmp_path: Path, talk: Conversation, limit: int) -> None:
    path = tmp_path / "mixture.pcap"
    path.write_bytes(talk.pcap())
    opaque = everything(read(path, limit, **SETTINGS))
    assert opaque == everything(read(path, **SETTINGS))
    assert opaque == everything(read(path, 1, **SETTINGS))


@pytest.mark.parametrize("seed", range(4))
def test_a_capture_may_end_anywhere(tmp_path: Path, seed: int) -> None:
    content = mixed([], seed).pcap()
    path = tmp_path / "cut.pcap"
    for end in range(24, len(content), 997):
        path.write_bytes(content[:end])
        session = read(path, secrets=secrets(), **SETTINGS)
        assert session.closed


def test_mixtures_hold_what_they_are_made_for() -> None:
    """Else the properties above say nothing."""
    found = set()
    for seed in range(12):
        session = mixed([], seed).session(secrets=secrets(), **SETTINGS)
        found |= set(session.messages["flags"] & (messages.SECURED | messages.CARRIED))
        found |= {flow.security.reason for flow in session.carriers.secured}
        found |= {"fragments" for _ in range(session.counts.fragments)}
    assert {messages.CARRIED, messages.CARRIED | messages.SECURED, None, "fragments"} <= found
    assert Reason.NO_SECRET in found


# Several files, secrets in them -----------------------------------------------------------------


def test_files_are_merged_before_anything_is_taken_out(tmp_path: Path) -> None:
    talk = mixed([], 10)
    whole_path, *parts = (tmp_path / name for name in ("whole.pcap", "a.pcap", "b.pcap"))
    whole_path.write_bytes(talk.pcap())
    frames = talk.frames
    for number, path in enumerate(parts):
        talk.frames = frames[number::2]
        path.write_bytes(talk.pcap())
    sessions = []
    for paths in ([whole_path], parts):
        session = Session(Settings(secrets=secrets(), **SETTINGS))
        session.open(paths)
        session.read_all()
        sessions.append(
            [
                (row["frame"], row["time"], session.coap(number))
                for number, row in enumerate(session.messages.rows())
            ]
        )
    assert sessions[0] == sessions[1] != []


def test_secrets_in_a_capture_open_what_stands_behind_them(tmp_path: Path) -> None:
    written = [blocks.section("msgshark")]
    written.append(blocks.secrets(recorded.path("ecdsa-keylog").with_suffix(".keys").read_bytes()))
    written.append(blocks.description(Interface(0, 101, 0, 10**9)))
    frames = handshake("ecdsa-keylog", Address("192.0.2.7", 40000))
    packets = [frame.packet() for frame in frames]
    written += [blocks.packet(0, at, data, len(data)) for at, data in enumerate(packets)]
    path = tmp_path / "secrets.pcapng"
    path.write_bytes(b"".join(written))
    (flow,) = read(path, **SETTINGS).carriers.secured
    assert (flow.security.reason, flow.opaque) == (None, 0)
    assert flow.opened


# Fragments of IP --------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_records_in_fragments_are_read(turned: bool) -> None:
    talk, frames = Conversation(), handshake("coap-ccm8", Address("192.0.2.7", 40000))
    for number, frame in enumerate(frames):
        sent = in_fragments(replace(frame, time=START + number * MILLISECOND))
        for part in reversed(sent) if turned else sent:
            talk.add(part)
    session = talk.session(secrets=secrets(), **SETTINGS)
    (flow,) = session.carriers.secured
    assert (flow.security.reason, flow.opened, flow.opaque) == (None, 2, 0)
    assert len(session.messages) == 2
    for row in range(2):
        pieces = session.carriers.store.pieces(session.messages.row(row)["offset"])
        frame = session.messages.row(row)["frame"]
        assert [piece.frame for piece in pieces] == [frame - 1, frame]
    assert not session.findings.summary()["error"]


# Clients that move ------------------------------------------------------------------------------


def moving(*sources: str) -> Conversation:
    """Hellos that agree on a Connection ID, and a request from each of these addresses."""
    talk = Conversation("10.0.0.2:49152", f"10.0.0.1:{DTLS_PORT}")
    talk.raw(clear(client_hello((0xC0A8,), {54: b"\0"}), 1))
    talk.raw(clear(server_hello(0xC0A8, {54: b"\5cid-1"}), 2), by="server")
    for number, source in enumerate(sources):
        asked = coap(1, "GET", mid=number, token=b"a", path="/a")
        talk.raw(with_cid(number + 7, asked), source=source)
    return talk


def test_a_client_is_known_by_its_connection_id() -> None:
    session = moving("10.0.0.2:49152", "10.0.0.2:50000", "10.0.9.9:1").session(
        secrets=known(), **SETTINGS
    )
    (flow,) = session.carriers.secured
    assert (flow.opened, flow.opaque) == (3, 0)
    assert {Message(session, row).source.port for row in range(3)} == {49152}
    moved = [found.text for found in session.findings if found.rule.id == "COAP-CAP-CLIENT-MOVED"]
    assert len(moved) == 2
    assert moved[1].endswith("from 10.0.0.2:50000 to 10.0.9.9:1")


def test_who_does_not_have_the_keys_has_not_moved() -> None:
    talk = moving("10.0.0.2:49152")
    talk.raw(with_cid(9, b"coap")[:-1] + b"!", source="10.0.0.6:6")
    assert "COAP-CAP-CLIENT-MOVED" not in talk.rules(secrets=known(), **SETTINGS)


# Bounds -----------------------------------------------------------------------------------------


def test_what_carriers_hold_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client sends a piece of a long message, and never the rest."""
    monkeypatch.setattr(stage, "MOST_HELD", 100_000)
    monkeypatch.setattr(stage, "_RECOUNT", 20_000)
    talk = Conversation("10.0.0.2:1", f"10.0.0.1:{DTLS_PORT}")
    for number in range(200):
        hello = message(1, bytes(60_000), 0, at=1, size=1000)
        talk.raw(clear(hello, number), source=f"10.0.0.2:{number + 1}")
    carriers = talk.session(secrets=secrets(), **SETTINGS).carriers
    held = sum(one.held for one in carriers._carriers.values())
    assert 0 < held < 130_000
    assert len(carriers.secured) == 200


def test_a_store_of_what_is_live_forgets_the_oldest(tmp_path: Path) -> None:
    store = Store(tmp_path, most=300, part=100)
    places = []
    for number in range(60):
        pieces = packed_pieces((Piece(number, 0, 5, 9),))
        places.append(store.size + len(pieces))
        store.append(pieces + b"%08d" % number)
    assert store.read(places[0], 8) == b""
    assert store.pieces(places[0]) == ()
    for number in range(56, 60):
        assert store.read(places[number], 8) == b"%08d" % number
        assert store.pieces(places[number]) == (Piece(number, 0, 5, 9),)
    store.close()
    assert store.read(places[59], 8) == b""


def test_a_full_disk_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(CaptureError, match=r"No space left on device.*; make room"):
        Store(tmp_path).append(b"x")


# Weaving ----------------------------------------------------------------------------------------


@some(20)
@given(mixtures(), st.integers(1, 40))
def test_many_rows_are_woven_as_few_are(tmp_path: Path, talk: Conversation, limit: int) -> None:
    path = tmp_path / "mixture.pcap"
    path.write_bytes(talk.pcap())
    known, by_columns = whole(path, limit=limit), weaving._by_columns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weaving, "_by_columns", weaving._by_rows)
        assert whole(path, limit=limit) == known
        patch.setattr(weaving, "_by_columns", by_columns)
        patch.setattr(weaving, "_by_rows", by_columns)
        assert whole(path, limit=limit) == known
