# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from analyzer.filters.kinds import PROTOCOLS
from analyzer.session import Session
from analyzer.values import MessageValues
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.packet import packet_detail
from analyzer.views.session_view import SessionView
from dissectors.fields import Table, fields_of

FIELD_DAY = Path(__file__).parents[3] / "captures" / "field-day.pcapng"


def below(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from below(node.children)


@pytest.fixture(scope="module")
def session() -> Session:
    session = Session()
    session.open([FIELD_DAY])
    session.read_all()
    return session


def test_fields_of_nodes_are_in_the_catalogue_and_have_a_value(session: Session) -> None:
    known, view = fields_of(Table.MESSAGES), SessionView(session)
    told: set[str] = set()
    for row in range(len(session.messages)):
        values = MessageValues(session, row)
        for node in below(packet_detail(view, row).nodes):
            if node.field and node.field not in PROTOCOLS:
                told.add(node.field)
                assert node.field == "coap.token" or values.get(known[node.field]) is not None
    assert {
        "frame.number",
        "ip.src",
        "udp.dstport",
        "coap.code",
        "coap.mid",
        "coap.opt.uri_path",
        "coap.response_in",
        "exchange.id",
        "finding.rule",
    } <= told
    assert any(name.startswith("msgin5g.") for name in told)
