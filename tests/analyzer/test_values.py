# SPDX-License-Identifier: GPL-2.0-only
"""Values of fields by name: Wireshark's names and forms, and what it does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rules.conversation import Conversation

from analyzer.report import visible_messages
from analyzer.session import Session
from analyzer.values import MASK, MessageValues
from dissectors.fields import fields

REGISTRATION = {
    "Message Type": "REG",
    "UE Service ID": "meter@iot.example",
    "UE Credential Information": {"authentication type": "AKMA", "key": "s3cret"},
    "MSGin5G Client Communication Availability": {
        "Scheduled Communication Time": "daily",
        "Communication Duration Time": 60,
    },
}


@pytest.fixture
def values(tmp_path: Path) -> Any:
    """Every field of every message of a conversation."""

    def values(talk: Conversation, secrets: bool = False) -> list[dict[str, Any]]:
        path = tmp_path / "capture.pcap"
        path.write_bytes(talk.pcap())
        session = Session()
        session.open([path])
        session.read_all()
        rows = visible_messages(session)
        return [MessageValues(session, row).all(secrets) for row in rows]

    return values


def test_a_message_is_told_by_wiresharks_names(values: Any) -> None:
    talk = Conversation().con("GET", path="/a/b", token=b"\xab\xcd", mid=77, uri_query="q=1")
    (message,) = values(talk)
    assert message == {
        "frame.number": 1,
        "frame.time_epoch": 1_700_000_000.0,
        "frame.time_relative": 0.0,
        "frame.len": 42 + 6 + 4 + 4,
        "frame.cap_len": 42 + 6 + 4 + 4,
        "frame.interface_id": 0,
        "ip.src": "192.0.2.1",
        "ip.dst": "192.0.2.2",
        "udp.srcport": 40000,
        "udp.dstport": 5683,
        "coap.version": 1,
        "coap.type": 0,
        "coap.token_len": 2,
        "coap.code": 1,
        "coap.mid": 77,
        "coap.token": "abcd",
        "coap.opt.uri_path": ["a", "b"],
        "coap.opt.uri_path_recon": "/a/b",
        "coap.opt.uri_query": "q=1",
        "exchange.id": 1,
        "exchange.role": "request",
    }


def test_ipv6_addresses(values: Any) -> None:
    talk = Conversation("[2001:db8::1]:40000", "[2001:db8::2]:5683").con("GET")
    (message,) = values(talk)
    assert (message["ipv6.src"], message["ipv6.dst"]) == ("2001:db8::1", "2001:db8::2")
    assert "ip.src" not in message


@pytest.mark.parametrize(
    ("option", "given", "field", "told"),
    [
        ("etag", b"\x0a\xff", "coap.opt.etag", "0aff"),
        ("if_match", [b"", b"\x01"], "coap.opt.if_match", ["", "01"]),
        ("if_none_match", None, "coap.opt.if_none_match", True),
        ("max_age", 60, "coap.opt.max_age", 60),
        ("content_format", 50, "coap.opt.ctype", "application/json"),
        ("content_format", 64_998, "coap.opt.ctype", "Unknown Type 64998"),
        ("accept", 0, "coap.opt.accept", "text/plain; charset=utf-8"),
        ("location_path", "é", "coap.opt.location_path", "é"),
    ],
)
def test_options_have_the_form_of_their_format(
    values: Any, option: str, given: Any, field: str, told: Any
) -> None:
    options = {option: b"" if given is None else given}
    (message,) = values(Conversation().non("POST", **options))
    assert message[field] == told


def test_a_uint_option_too_long_to_be_one_is_no_number(values: Any) -> None:
    talk = Conversation().con("GET", options=[(7, b"\xff" * 3000), (14, bytes(5))], path="/a")
    (message,) = values(talk)
    assert "coap.opt.uri_port" not in message
    assert "coap.opt.max_age" not in message
    assert message["coap.opt.uri_path_recon"] == "/a"


def test_a_uri_has_host_and_port_where_the_message_names_them(values: Any) -> None:
    talk = Conversation().con("GET", path="/a", uri_host="h", uri_port=61616).ack("2.05")
    request, response = values(talk)
    assert request["coap.opt.uri_path_recon"] == "coap://h:61616/a"
    assert response["coap.opt.uri_path_recon"] == "coap://h:61616/a"


def test_request_and_response_name_each_other(values: Any) -> None:
    talk = Conversation().con("GET", path="/a").ack("2.05", payload=b"xyz")
    request, response = values(talk)
    assert request["coap.response_in"] == 2
    assert response["coap.response_to"] == 1
    assert response["coap.response_time"] == pytest.approx(0.01)
    assert response["coap.payload_length"] == 3
    assert "coap.response_time" not in request


def test_copies_name_the_first_and_its_answer(values: Any) -> None:
    talk = Conversation().con("GET", path="/a").wait(2).again().ack("2.05").again(1).again(2)
    told = values(talk)
    assert [m.get("coap.request_first_in") for m in told] == [None, 1, None, 1, None]
    assert [m.get("coap.response_in") for m in told] == [3, 3, None, 3, None]
    assert [m.get("coap.response_first_in") for m in told] == [None, None, None, None, 3]


def test_a_copy_of_an_unanswered_request_names_no_answer(values: Any) -> None:
    told = values(Conversation().con("GET", path="/a").wait(2).again())
    assert all("coap.response_in" not in message for message in told)


def test_elements_of_msgin5g_at_any_depth(values: Any) -> None:
    body = json.dumps(REGISTRATION).encode()
    (message,) = values(Conversation().con("POST", content_format=50, payload=body))
    assert message["msgin5g.message_type"] == "REG"
    assert message["msgin5g.ue_service_id"] == "meter@iot.example"
    assert message["msgin5g.scheduled_communication_time"] == "daily"
    assert message["msgin5g.communication_duration_time"] == 60


def test_credentials_are_masked_unless_asked_for(values: Any) -> None:
    talk = Conversation().con("POST", content_format=50, payload=json.dumps(REGISTRATION).encode())
    (masked,), (open,) = values(talk), values(talk, secrets=True)
    assert masked["msgin5g.ue_credential_information"] == MASK
    assert "s3cret" not in json.dumps(masked)
    assert json.loads(open["msgin5g.ue_credential_information"])["key"] == "s3cret"


def test_numbers_past_any_range_stay_json(values: Any) -> None:
    body = b'{"Message Type":"REG","MSGin5G Client Ports":[1e999,-1e999]}'
    (message,) = values(Conversation().con("POST", content_format=50, payload=body))
    json.dumps(message, allow_nan=False)


def test_an_unreadable_message_has_what_could_be_read(values: Any) -> None:
    (message,) = values(Conversation().raw("4f010001"))
    assert (message["coap.code"], message["coap.mid"]) == (1, 1)
    assert message["exchange.role"] == "unreadable"


def test_every_field_can_be_asked_of_every_message(values: Any) -> None:
    for message in values(Conversation().con("GET").ack().raw("").raw("ff").con().rst()):
        assert message.keys() <= fields().keys()
