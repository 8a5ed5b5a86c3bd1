# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

from analyzer.capture import blocks
from analyzer.capture_statistics import file_statistics
from analyzer.session import Session

CAPTURES = Path(__file__).parents[2] / "captures"


def test_each_file_has_its_interfaces_with_messages_and_drops(tmp_path: Path) -> None:
    first, second = tmp_path / "a.pcapng", tmp_path / "b.pcapng"
    first.write_bytes((CAPTURES / "registration.pcapng").read_bytes())
    with first.open("ab") as file:
        file.write(blocks.statistics(0, 1, 40, 3))
    second.write_bytes((CAPTURES / "pairing.pcapng").read_bytes())
    session = Session()
    session.open([first, second])
    session.read_all()
    told = file_statistics(session)
    assert [file.path for file in told] == [str(first), str(second)]
    assert [file.octets for file in told] == [first.stat().st_size, second.stat().st_size]
    assert {file.format for file in told} == {"pcapng"}
    interfaces = [interface for file in told for interface in file.interfaces]
    assert [(each.messages, each.dropped, each.link) for each in interfaces] == [
        (38, 3, "Ethernet"),
        (38, None, "Ethernet"),
    ]


def test_a_file_has_its_comments(tmp_path: Path) -> None:
    path = tmp_path / "noted.pcapng"
    packets = (CAPTURES / "registration.pcapng").read_bytes()
    path.write_bytes(blocks.section("test", ["One", "Two\nlines"]) + packets)
    session = Session()
    session.open([path])
    session.read_all()
    assert file_statistics(session)[0].comments[:2] == ("One", "Two\nlines")
