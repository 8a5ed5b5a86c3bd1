# SPDX-License-Identifier: GPL-2.0-only
"""Messages in full as text: the tree of the screen, and bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from rules.conversation import Conversation

from analyzer.profiles.spec_reading import shipped, switched
from analyzer.report import visible_messages
from analyzer.session import Session
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import packet_detail
from analyzer.views.detail_text import hex_lines, tree_lines, write_packets
from analyzer.views.session_view import SessionView

CAPTURES = Path(__file__).parents[3] / "captures"


def texts(nodes: Iterable[Node], depth: int = 0) -> Iterator[str]:
    for node in nodes:
        yield "    " * depth + node.text
        yield from texts(node.children, depth + 1)


@pytest.mark.parametrize("name", ["registration", "coap-tour"])
def test_the_text_is_the_tree_of_the_screen(name: str) -> None:
    session = Session()
    session.open([CAPTURES / f"{name}.pcapng"])
    session.read_all()
    view = SessionView(session)
    for row in visible_messages(session):
        detail = packet_detail(view, row)
        marked = list(tree_lines(detail, view.findings_of_row(row)))
        assert list(tree_lines(detail)) == list(texts(detail.nodes))
        assert [line for line in marked if not line.lstrip().startswith(("[▲", "[✖", "[·"))] == [
            line for line in texts(detail.nodes) if not line.lstrip().startswith("[▲")
        ]
    session.release()


def test_a_finding_stands_below_the_bytes_it_is_about(tmp_path: Path) -> None:
    path = tmp_path / "empty.pcap"
    path.write_bytes(Conversation().con("GET", path="/a", options=[(9, b"x"), (60, b"")]).pcap())
    session = Session()
    session.open([path])
    session.read_all()
    found = {f.rule.id: f for f in session.findings if f.span}
    out = io.StringIO()
    write_packets(session, [0], out, tree=True, octets=False)
    session.release()
    lines = out.getvalue().splitlines()
    above, node = {}, ""
    for line in lines:
        if line.lstrip().startswith(("[▲", "[✖", "[·")):
            above[line.split()[1].rstrip(":")] = node
        else:
            node = line
    assert above.keys() == found.keys()
    assert above["COAP-8613-6.1-TRUNC"].startswith("    ")
    assert "OSCORE" in above["COAP-8613-6.1-TRUNC"] or "Value" in above["COAP-8613-6.1-TRUNC"]


def test_bytes_are_written_as_tshark_writes_them_and_masked() -> None:
    data = bytes(range(0x20, 0x34))
    assert list(hex_lines(data, [(1, 3)])) == [
        "0000  20 ** ** 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f    **#$%&'()*+,-./",
        "0010  30 31 32 33                                       0123",
    ]


def test_flaws_are_those_of_the_profile() -> None:
    """An option of oneM2M has a name and a value; it is a flaw where it is not switched on."""
    talk = Conversation().con("GET", options=[(283, b"r1"), (307, b"\x07\xd0")])
    for names, flaws in (((), 2), (("onem2m",), 0)):
        session = talk.session(profile=switched(shipped("seed"), names))
        found = list(texts(packet_detail(SessionView(session), 0).nodes))
        for text in ("oneM2M-RQI: r1", "oneM2M-RSC: 2000", "Option: 283 (oneM2M-RQI, critical, "):
            assert any(line.strip().startswith(text) for line in found)
        assert sum("[Flaw: critical unknown" in line for line in found) == flaws


@pytest.mark.parametrize("content_format", [{}, {"content_format": 0}, {"content_format": 50}])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"# ", b"\0"])
@pytest.mark.parametrize("after", [b"}", b"", b", }"])
def test_credentials_are_masked_also_in_what_is_no_json(
    tmp_path: Path, before: bytes, after: bytes, content_format: dict[str, int]
) -> None:
    body = before + b'{"UE Credential Information": "s3cr3t"' + after
    path = tmp_path / "secret.pcap"
    path.write_bytes(Conversation().con("POST", payload=body, **content_format).pcap())
    session = Session()
    session.open([path])
    session.read_all()
    out = io.StringIO()
    write_packets(session, [0], out, tree=True, octets=True)
    session.release()
    assert "**" in out.getvalue()
    assert "3cr3" not in out.getvalue()
    assert b"3cr3".hex(" ") not in out.getvalue()
