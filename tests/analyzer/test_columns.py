# SPDX-License-Identifier: GPL-2.0-only
"""Columns of every field of the catalogue, for rows of every table."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from capture.writing import Pcapng
from rules.conversation import Conversation

from analyzer.columns import Columns
from analyzer.report import visible_messages
from analyzer.session import Session
from analyzer.values import MASK, MessageValues, plain
from dissectors.coap.numbers import NAMED_OPTIONS, Format
from dissectors.fields import Field, Table, commands, fields, fields_of, is_repeated
from dissectors.msgin5g.elements import elements

CAPTURES = Path(__file__).parents[2] / "captures"
SHIPPED = ("registration", "field-day", "coap-tour", "pairing", "streams")
UNSHIPPED = frozenset(name for name in fields() if name.startswith(("dtls.", "tls.")))
"""See test_carriage."""

IS: dict[str, Callable[[Any], bool]] = {
    "uint": lambda value: type(value) is int and value >= 0,
    "frame": lambda value: type(value) is int and value > 0,
    "time": lambda value: type(value) is int,
    "bytes": lambda value: bytes.fromhex(value).hex() == value,
    "address": lambda value: bool(ipaddress.ip_address(value)),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "object": lambda value: value == MASK or isinstance(json.loads(value), dict),
    "array": lambda value: type(value) is list,
}
JSON_VALUES = {
    "string": "x",
    "integer": 5,
    "number": 0.5,
    "boolean": True,
    "object": {"a": 1},
    "array": [1],
}


def read(path: Path) -> Session:
    session = Session()
    session.open([path])
    session.read_all()
    return session


def every_element() -> dict[str, Any]:
    """A body with each information element where it belongs."""
    body: dict[str, Any] = {}
    places = {"": body}
    for name, element in elements().items():
        holds = element.container or any(e.inside == name for e in elements().values())
        value = {} if holds else JSON_VALUES[element.types[0]]
        places[name] = value if holds else {}
        places[element.inside][element.title] = "REG" if name == "message_type" else value
    return body


def every_option() -> list[tuple[int, bytes]]:
    """Each option that has a name, with a value as long as the shortest, but for what needs one."""
    values = {Format.UINT: b"\x01", Format.BLOCK: b"\x01", Format.STRING: b"a", Format.EMPTY: b""}
    return [
        (number, values.get(spec.format, b"\xab").ljust(spec.min, b"\xcd"))
        for number, spec in sorted(NAMED_OPTIONS.items())
    ]


def on_an_interface(path: Path) -> Session:
    """A message captured on `eth0`, over IPv6."""
    talk = Conversation("[2001:db8::1]:40000", "[2001:db8::2]:5683").con("GET")
    packet = talk.pcap()[40:]
    writer = Pcapng()
    name = writer.interface(writer.option(2, b"eth0"), link_type=1)
    path.write_bytes(writer.section() + name + writer.enhanced(1, packet))
    return read(path)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> list[Session]:
    body = json.dumps(every_element()).encode()
    odd = Conversation().con("POST", content_format=50, payload=body).ack("2.04")
    odd.con("GET", options=every_option()).rst()
    odd.con("GET", mid=7).ack(mid=8).wait(3).again(-2)
    named = on_an_interface(tmp_path_factory.mktemp("named") / "named.pcapng")
    named.keeper.annotations.mark({1}, True)
    named.keeper.annotations.comment(1, "Look here")
    return [odd.session(), named, *(read(CAPTURES / f"{name}.pcapng") for name in SHIPPED)]


def rows(session: Session, table: Table) -> range:
    found = {"messages": session.messages, "exchanges": session.exchanges}
    return range(len(found.get(table, session.findings)))


def values(session: Session, field: Field, table: Table) -> list[Any]:
    return Columns(session).of(field, table, rows(session, table))


@pytest.mark.parametrize(
    "name", [n for n, f in fields().items() if "shown:" not in f.source and n not in UNSHIPPED]
)
def test_every_field_has_values_of_its_type_somewhere(sessions: list[Session], name: str) -> None:
    field = fields()[name]
    is_one = IS[field.type]
    found = [v for session in sessions for v in values(session, field, field.of) if v is not None]
    typed = [value for value in found if field.type == "array" or not isinstance(value, list)]
    listed = [one for value in found if isinstance(value, list) for one in value]
    if field.source.startswith("element:"):  # JSON of a peer may be of any type
        assert any(map(is_one, typed))
    else:
        assert typed + listed
        assert is_repeated(field, field.of) or not listed or "option:" in field.source
        assert all(map(is_one, typed + listed))


@pytest.mark.parametrize("table", Table)
def test_a_column_is_what_each_row_has_alone(sessions: list[Session], table: Table) -> None:
    for session in sessions[:3]:
        columns, all_rows = Columns(session), rows(session, table)
        for field in fields_of(table).values():
            column = columns.of(field, table, all_rows)
            assert column == [columns.of(field, table, [row])[0] for row in all_rows], field.name
            assert column[::-1] == columns.of(field, table, all_rows[::-1])


def test_rows_lead_to_what_belongs_to_them(sessions: list[Session]) -> None:
    session = next(s for s in sessions if len(s.messages) > 300)
    rule, exchange, mid = (fields()[n] for n in ("finding.rule", "exchange.id", "coap.mid"))
    by_row = values(session, rule, Table.MESSAGES)
    for finding in session.findings:
        assert finding.row < 0 or finding.rule.id in by_row[finding.row]
    ids = session.messages["exchange"].tolist()
    assert values(session, exchange, Table.MESSAGES) == [id or None for id in ids]
    for finding, told in zip(session.findings, values(session, mid, Table.FINDINGS), strict=True):
        cell = session.messages.cell("message_id", finding.row) if finding.row >= 0 else None
        assert told == cell


def test_what_a_row_does_not_lead_to_is_refused(sessions: list[Session]) -> None:
    with pytest.raises(ValueError, match="exchanges do not lead to"):
        values(sessions[0], fields()["coap.mid"], Table.EXCHANGES)
    assert commands(fields()["coap.mid"]) == (Table.MESSAGES, Table.FINDINGS)


def test_exchanges_tell_what_their_report_tells(sessions: list[Session]) -> None:
    from analyzer.report import exchange_entries

    same = {
        "request_in": "request_frame",
        "ack_in": "ack_frame",
        "reset_in": "reset_frame",
        "retransmitted_in": "retransmission_frames",
    } | {
        name: name
        for name in (
            *("id", "state", "method", "uri", "client", "server", "ue_service_id", "operation"),
            *("response_code", "response_time", "matched_by", "confidence", "reason", "token"),
        )
    }
    for session in sessions:
        entries = list(exchange_entries(session))
        for name, key in same.items():
            field = fields()[f"exchange.{name}"]
            told = [plain(field, value) for value in values(session, field, Table.EXCHANGES)]
            assert told == [entry[key] or None for entry in entries], name
        nearest = values(session, fields()["exchange.nearest"], Table.EXCHANGES)
        assert nearest == [e["nearest"] and e["nearest"]["sentence"] for e in entries]
        acked = values(session, fields()["exchange.ack_time"], Table.EXCHANGES)
        field = fields()["exchange.ack_time"]
        assert [plain(field, time) for time in acked] == [e["times"]["ack"] for e in entries]


def test_a_credential_in_the_wrong_place_is_masked(sessions: list[Session]) -> None:
    body = {
        "Message Type": "REG",
        "UE Service ID": [{"UE Credential Information": "s3cret"}],
        "MSGin5G UE ID": {"a": {"UE Credential Information": {"key": "s3cret"}}},
        "UE Credential Information": {"authentication type": "s3cret"},
    }
    talk = Conversation().con("POST", content_format=50, payload=json.dumps(body).encode())
    session = talk.session()
    told = MessageValues(session, next(iter(visible_messages(session)))).all()
    assert "s3cret" not in json.dumps(told)
    assert told["msgin5g.authentication_type"] == MASK
