# SPDX-License-Identifier: GPL-2.0-only
"""The packets of a handshake in full: each step's part of the tree, and its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from decryption import recorded
from rules.handshakes import Handshakes

from analyzer.secrets.reading import read
from analyzer.session import Session
from analyzer.settings import Settings
from analyzer.views.detail.handshake import handshake_detail
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import Detail
from analyzer.views.detail.records import step_nodes

TLS = Path(__file__).with_name("carried") / "gnutls-tls.pcap"


def session_of(path: Path, **settings: object) -> Session:
    session = Session(Settings(**settings))  # type: ignore[arg-type]
    session.open([str(path)])
    session.read_all()
    return session


def texts(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        yield node.text.strip()
        yield from texts(node.children)


def parts(session: Session) -> Iterator[tuple[str, Node, Detail]]:
    """Each step by its name, its part of the tree of its packet, and that tree."""
    flow = session.carriers.secured[0]
    steps = list(flow.security.steps)
    for at, step in enumerate(steps):
        detail = handshake_detail(session, flow, step)
        nth = sum(other.frame == step.frame for other in steps[:at])
        yield step.name, list(step_nodes(detail.nodes))[nth], detail


def named(node: Node) -> str:
    """`Handshake Protocol: Server Hello` as steps are named."""
    return node.text.rpartition(": ")[2].replace(" ", "").replace("(fragment)", " (fragment)")


@pytest.mark.parametrize("name", ["coap-wrong-key", "ecdsa-keylog", "psk-cbc"])
def test_each_step_is_a_part_of_its_packet(name: str) -> None:
    session = session_of(recorded.path(name), dtls_ports=frozenset({recorded.PORT}))
    for step, node, detail in parts(session):
        assert node.span is not None
        first, after = node.span
        if "Handshake Protocol: " in node.text:
            assert named(node) == step
            assert detail.data[first:after]
        elif "encrypted handshake" in step:
            assert node.text == "DTLS 1.2 Record Layer: Handshake Protocol"
            assert detail.data[first] == 22
        else:
            assert named(node) in ("ChangeCipherSpecProtocol", "AlertProtocol")
        assert not any(text.startswith("[Cannot show") for text in texts(detail.nodes))


def test_the_messages_of_tls_that_are_in_clear() -> None:
    keys = read(keylog_files=[str(TLS.with_suffix(".keys"))]).secrets
    session = session_of(TLS, secrets=keys, tls_ports=frozenset({5694}))
    told = {step: node for step, node, _ in parts(session)}
    assert named(told["ClientHello"]) == "ClientHello"
    assert named(told["ServerHello"]) == "ServerHello"
    assert "Hint: CoAP" in texts(told["ServerKeyExchange"].children)
    assert "Identity: ue1" in texts(told["ClientKeyExchange"].children)
    assert told["Finished"].text.endswith("Protocol")
    assert any(text.startswith("Encrypted") for text in texts(told["Finished"].children))


def test_a_datagram_in_fragments_of_ip_is_put_together(tmp_path: Path) -> None:
    talk = Handshakes().hello()
    size = 8 + len(talk.frames[0].data)
    talk.in_fragments((0, 16), (16, 40), (40, size)).verify()
    path = tmp_path / "fragments.pcap"
    path.write_bytes(talk.pcap())
    (name, node, detail), *_ = parts(session_of(path))
    assert name == named(node) == "ClientHello"
    assert [source.name for source in detail.sources] == [
        "Frame",
        "Reassembled IP packet of 3 fragments",
    ]
    assert (node.source, detail.message) == (1, 1)
    assert node.span is not None
    assert detail.data[node.span[0]] == 1


def test_what_the_file_no_longer_holds(tmp_path: Path) -> None:
    path = tmp_path / "gone.pcap"
    path.write_bytes(Handshakes().hellos().pcap())
    session = session_of(path)
    path.write_bytes(path.read_bytes()[:24])
    (flow,) = session.carriers.secured
    detail = handshake_detail(session, flow, next(iter(flow.security.steps)))
    assert any("[The file no longer holds this packet]" in text for text in texts(detail.nodes))
