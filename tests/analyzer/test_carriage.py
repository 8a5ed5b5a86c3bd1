# SPDX-License-Identifier: GPL-2.0-only
"""What users see of messages that rode in TCP, DTLS and OSCORE: fields, filters, detail, bytes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from decryption import recorded
from generated import read

from analyzer.api import Capture
from analyzer.columns import Columns
from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.secrets.model import Secrets
from analyzer.secrets.oscore_files import read_contexts
from analyzer.session import Session
from analyzer.settings import Settings
from analyzer.views.copies.coap_client import copied
from analyzer.views.copies.model import Subject
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import packet_detail
from analyzer.views.detail_text import write_packets
from analyzer.views.session_view import SessionView
from analyzer.views.text import message_line
from dissectors import CoAPTCP
from dissectors.fields import Table, fields

CAPTURES = Path(__file__).parents[2] / "captures"


def opened(path: Path, settings: Settings) -> Session:
    session = Session(settings)
    session.open([str(path)])
    session.read_all()
    return session


@pytest.fixture(scope="module")
def streams() -> Session:
    return read(CAPTURES / "streams.pcapng")


@pytest.fixture(scope="module")
def dtls() -> Session:
    ports = frozenset((recorded.PORT,))
    settings = Settings(dtls_ports=ports, secrets=recorded.secrets())
    return opened(recorded.path("coap-ccm8"), settings)


@pytest.fixture(scope="module")
def oscore() -> Session:
    contexts = read_contexts(str(CAPTURES / "oscore-context.toml"))
    return opened(CAPTURES / "oscore.pcapng", Settings(secrets=Secrets(oscore=contexts)))


def passing(session: Session, text: str) -> list[int]:
    return Matcher(session, compiled(text)).matches(0, len(session.messages)).nonzero()[0].tolist()


def values(session: Session, name: str) -> list[Any]:
    return Columns(session).of(fields()[name], Table.MESSAGES, range(len(session.messages)))


def nodes(of: tuple[Node, ...]) -> list[Node]:
    return [one for node in of for one in (node, *nodes(node.children))]


# Fields and filters -----------------------------------------------------------------------------


def test_what_tcp_has_not_no_filter_finds(streams: Session) -> None:
    everyone = range(len(streams.messages))
    assert passing(streams, "coap.mid") == passing(streams, "coap.type") == []
    assert passing(streams, "udp.port == 5683") == passing(streams, "udp") == []
    assert passing(streams, "tcp") == passing(streams, "tcp.port == 5683") == [*everyone]
    assert {*values(streams, "coap.mid"), *values(streams, "coap.type")} == {None}
    assert passing(streams, "tcp && coap.code == 2") == passing(streams, "coap.code == POST")


def test_a_message_has_the_length_of_the_packet_that_completed_it(streams: Session) -> None:
    lengths = dict(zip(values(streams, "frame.number"), values(streams, "frame.len"), strict=True))
    assert (lengths[8], lengths[22]) == (241, 90)
    rows = passing(streams, "frame.len == 90")
    assert rows == [row for row, length in enumerate(values(streams, "frame.len")) if length == 90]


def test_connections_are_told_apart(streams: Session) -> None:
    connections = values(streams, "connection.id")
    assert passing(streams, "connection.id == 2") == [
        row for row, number in enumerate(connections) if number == 2
    ]
    ends = set(zip(connections, map(frozenset, values(streams, "tcp.port")), strict=True))
    assert len(ends) == len(set(connections))


def test_websockets(streams: Session) -> None:
    found = passing(streams, "websocket")
    assert found
    assert all(streams.framing(row) == 2 for row in found)
    assert len(found) == sum(streams.framing(row) == 2 for row in range(len(streams.messages)))


def test_a_handshake_is_told_with_each_message_of_its_flow(dtls: Session) -> None:
    assert passing(dtls, "dtls") == [0, 1]
    assert passing(dtls, "tls") == passing(dtls, "tcp") == passing(dtls, "oscore") == []
    suite = "dtls.handshake.ciphersuite == TLS_PSK_WITH_AES_128_CCM_8"
    assert passing(dtls, suite) == passing(dtls, "dtls.handshake.ciphersuite == 0xc0a8") == [0, 1]
    assert passing(dtls, 'dtls.handshake.version == "DTLS 1.2" and coap.mid') == [0, 1]
    assert passing(dtls, "dtls.handshake.identity == 75:65:2d:31") == [0, 1]
    assert passing(dtls, "tls.handshake.ciphersuite") == passing(dtls, "dtls.resumed") == []
    security = dtls.carriers.secured[0].security
    security.server_name, security.resumed = b"coap.example", True
    try:
        assert values(dtls, "dtls.handshake.extensions_server_name") == ["coap.example"] * 2
        assert passing(dtls, "dtls.resumed") == [0, 1]
        assert values(dtls, "tls.handshake.extensions_server_name") == [None, None]
    finally:
        security.server_name, security.resumed = b"", False


def test_oscore_that_was_opened(oscore: Session) -> None:
    found = passing(oscore, "oscore")
    assert found
    assert passing(oscore, "oscore && udp && coap.mid") == found
    assert passing(oscore, "coap.opt.oscore && oscore") == []


# Lines ------------------------------------------------------------------------------------------


def test_a_line_has_neither_type_nor_message_id(streams: Session) -> None:
    from analyzer.candidates import Candidates

    near, rows = Candidates(streams), range(len(streams.messages))
    lines = [message_line(streams, row, near) for row in rows]
    assert lines[0].endswith(" 72 7.01 CSM, Max-Message-Size 8192, Block-Wise-Transfer")
    assert any(line.endswith("GET, TKN:01, /time") for line in lines)
    assert not any("MID:" in line or "TCP" in line for line in lines)


def test_scripts_are_told_null(streams: Session) -> None:
    from analyzer.views.json import write_exchanges

    out = io.StringIO()
    write_exchanges(streams, out)
    told = json.loads(out.getvalue())
    assert {entry["message_id"] for entry in told} == {None}
    capture = Capture(streams)
    assert capture.messages["type"].to_list() == [None] * len(streams.messages)
    assert capture.exchanges["message_id"].null_count() == len(streams.exchanges)
    assert isinstance(capture.coap(8), CoAPTCP)


def test_a_command_asks_over_what_the_request_came_over(streams: Session, dtls: Session) -> None:
    def command(session: Session, row: int) -> str:
        exchange = session.messages.cell("exchange", row)
        return copied(Subject(SessionView(session), Table.MESSAGES, row, exchange)).text

    (asked, *_) = passing(streams, "coap.code == GET and not websocket")
    assert "coap+tcp://127.0.0.7/a" in command(streams, asked)
    (asked, *_) = passing(streams, "coap.code == GET and websocket")
    assert "coap+ws://127.0.0.8:5683/notes" in command(streams, asked)
    assert f"coaps://127.0.0.1:{recorded.PORT}/time" in command(dtls, 0)


# Detail -----------------------------------------------------------------------------------------


def test_each_field_points_at_its_own_bytes(
    streams: Session, dtls: Session, oscore: Session
) -> None:
    for session in (streams, dtls, oscore):
        view = SessionView(session)
        for row in range(len(session.messages)):
            detail = packet_detail(view, row)
            everything = nodes(detail.nodes)
            assert not [node.text for node in everything if node.text.startswith("[Cannot")]
            for node in everything:
                assert node.span is None or node.span[1] <= len(detail.sources[node.source].data)
            (code,) = [n for n in everything if n.key == "code" and n.source == detail.message][-1:]
            assert code.span is not None
            data = detail.sources[code.source].data
            assert data[code.span[0]] == session.messages.cell("code", row)
            assert detail.data[detail.coap_at :].startswith(session.coap(row))


def test_several_messages_of_a_segment_stand_in_it(streams: Session) -> None:
    view, rows = SessionView(streams), passing(streams, "frame.number == 22")
    details = [packet_detail(view, row) for row in rows]
    assert [len(detail.sources) for detail in details] == [1] * len(rows)
    places = [detail.coap_at for detail in details]
    assert places == sorted(set(places))


def test_segments_that_were_put_together(streams: Session) -> None:
    row = passing(streams, "frame.number == 32")[0]
    detail = packet_detail(SessionView(streams), row)
    assert [source.title for source in detail.sources] == [
        "Frame (304 bytes)",
        "Reassembled TCP (332 bytes)",
    ]
    texts = [node.text for node in detail.nodes]
    assert "[3 Reassembled TCP Segments (332 bytes): #28, #30, #32]" in texts
    out = io.StringIO()
    write_packets(streams, [row], out, tree=False, octets=True)
    assert "\nFrame (304 bytes):\n0000  00" in out.getvalue()
    assert "\nReassembled TCP (332 bytes):\n0000  e2 00" in out.getvalue()


def test_a_record_and_what_the_handshake_agreed_on(dtls: Session) -> None:
    detail = packet_detail(SessionView(dtls), 0)
    texts = [node.text for node in nodes(detail.nodes)]
    assert "DTLS 1.2 Record Layer: Application Data Protocol" in texts
    assert "[DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8]" in texts
    assert "[PSK identity: ue-1]" in texts
    assert [source.name for source in detail.sources] == ["Frame", "Decrypted DTLS"]
    assert detail.data == bytes.fromhex("40011234b474696d65")


def test_the_message_as_oscore_sent_it(oscore: Session) -> None:
    row = passing(oscore, "oscore")[0]
    detail = packet_detail(SessionView(oscore), row)
    outer, inner = (node for node in detail.nodes if node.key == "coap")
    assert outer.text.startswith("Constrained Application Protocol, as sent, CON, 0.02 POST")
    assert (outer.source, inner.source) == (0, 1)
    assert any(node.text.startswith("Partial IV: ") for node in nodes((outer,)))
