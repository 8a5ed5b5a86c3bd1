# SPDX-License-Identifier: GPL-2.0-only
"""MSGin5G layers: elements as fields, classified by content, the same bytes after build."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scapy.packet import Packet, Raw

from dissectors import (
    NULL,
    CoAP,
    DeliveryStatusReport,
    Deregistration,
    MSGin5G,
    MSGin5GMessage,
    MSGin5GMessageResponse,
    RegistrationRequest,
    RegistrationResponse,
    SegmentRecovery,
    SegmentsReceived,
)
from dissectors.msgin5g.elements import elements, speaking, vocabulary
from dissectors.msgin5g.layer import field_name, layer_of
from dissectors.msgin5g.payload import read_elements, read_json

SEED = {
    "Message Type": "REG",
    "UE Service ID": "ue-1@example.org",
    "UE Credential Information": {"Authentication type": "AKMA", "key": "s3cret"},
    "MSGin5G UE ID": "msisdn-491701234567",
    "MSGin5G Client Ports": [5000, 5001],
    "MSGin5G Client Communication Availability": {
        "Scheduled communication time": "08:00",
        "Communication duration time": 3600,
        "Periodic communication indicator": True,
        "Periodic communication interval": 86400,
        "Data size indication": 1024,
        "Store and forward option": False,
    },
}
"""A request with every element of clause 6.3.1.1.1 d)."""

FIELDS: dict[str, Any] = {
    "message_type": "REG",
    "ue_service_id": "ue-1@example.org",
    "ue_credential_information": {"Authentication type": "AKMA", "key": "s3cret"},
    "msgin5g_ue_id": "msisdn-491701234567",
    "msgin5g_client_ports": [5000, 5001],
    "scheduled_communication_time": "08:00",
    "communication_duration_time": 3600,
    "periodic_communication_indicator": True,
    "periodic_communication_interval": 86400,
    "data_size_indication": 1024,
    "store_and_forward_option": False,
}


def text(members: Any, indent: int | None = None) -> bytes:
    return json.dumps(members, indent=indent, ensure_ascii=False).encode()


def set_fields(layer: Packet) -> dict[str, Any]:
    return {name: value for name, value in layer.fields.items() if name != "defects"}


def compact(members: Any) -> bytes:
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


# Reading and building a registration.


def test_dissected_elements_are_fields() -> None:
    assert set_fields(RegistrationRequest(text(SEED))) == FIELDS


def test_built_from_fields() -> None:
    assert json.loads(bytes(RegistrationRequest(**FIELDS))) == SEED
    assert bytes(RegistrationRequest()) == b'{"Message Type":"REG"}'
    assert bytes(RegistrationResponse()) == b"{}"


@pytest.mark.parametrize("indent", [None, 0, 3])
def test_unchanged_bytes_stay(indent: int | None) -> None:
    data = b" " + text(SEED, indent) + b"\n"
    assert bytes(RegistrationRequest(data)) == data
    assert bytes(RegistrationRequest(data).copy()) == data
    assert bytes(pickle.loads(pickle.dumps(RegistrationRequest(data)))) == data


def test_a_change_leaves_everything_else_as_it_was() -> None:
    data = (
        b'{"x": 1e3, "uesvcid": "a", "Client Profile": {"PORTS": [1], "y": null}, "MsgType": "reg"}'
    )
    layer = RegistrationRequest(data)
    layer.ue_service_id = "b"
    assert bytes(layer) == (
        b'{"x":1e3,"uesvcid":"b","Client Profile":{"PORTS":[1],"y":null},"MsgType":"reg"}'
    )
    assert bytes(layer.copy()) == bytes(layer)


def test_members_come_and_go() -> None:
    layer = RegistrationRequest(text(SEED))
    del layer.ue_credential_information
    layer.msgin5g_client_ports = None
    layer.data_size_indication = None
    layer.wait_time = 5
    expected = {
        k: v
        for k, v in SEED.items()
        if k not in ("UE Credential Information", "MSGin5G Client Ports")
    }
    availability = dict(SEED["MSGin5G Client Communication Availability"])
    del availability["Data size indication"]
    expected["MSGin5G Client Communication Availability"] = availability
    assert json.loads(bytes(layer)) == expected | {"Wait time": 5}


def test_a_list_changed_in_place() -> None:
    layer = RegistrationRequest(text(SEED))
    layer.msgin5g_client_ports.append(5002)
    assert json.loads(bytes(layer))["MSGin5G Client Ports"] == [5000, 5001, 5002]
    layer = RegistrationRequest(text(SEED))
    layer.ue_credential_information["key"] = "other"
    assert json.loads(bytes(layer))["UE Credential Information"]["key"] == "other"


def test_a_copy_is_its_own() -> None:
    layer = RegistrationRequest(text(SEED))
    layer.copy().msgin5g_client_ports.append(5002)
    assert layer.msgin5g_client_ports == [5000, 5001]


def test_a_new_element_goes_where_the_seed_puts_it() -> None:
    layer = RegistrationRequest(b'{"Message Type":"REG"}')
    layer.scheduled_communication_time = "08:00"
    expected = {
        "MSGin5G Client Communication Availability": {"Scheduled communication time": "08:00"}
    }
    assert json.loads(bytes(layer)) == {"Message Type": "REG"} | expected
    layer = RegistrationRequest(text(SEED))
    layer.msgin5g_client_communication_availability = "never"
    assert json.loads(bytes(layer))["MSGin5G Client Communication Availability"] == "never"
    layer.msgin5g_client_communication_availability = {}
    assert RegistrationRequest(bytes(layer)).data_size_indication == 1024


def test_null_is_not_absence() -> None:
    layer = RegistrationResponse(b'{"UE Service ID":null}')
    assert layer.ue_service_id is NULL
    layer.registration_result = "success"
    assert bytes(layer) == b'{"UE Service ID":null,"Registration result":"success"}'
    assert bytes(RegistrationRequest(message_type=NULL)) == b'{"Message Type":null}'
    assert "ue_service_id= null" in RegistrationResponse(ue_service_id=NULL).show(dump=True).lower()


def test_wrong_types_can_be_sent() -> None:
    layer = RegistrationRequest(
        ue_service_id=7, msgin5g_client_ports=(1, 2), other_members={"x": [1]}
    )
    assert json.loads(bytes(layer)) == {
        "Message Type": "REG",
        "UE Service ID": 7,
        "MSGin5G Client Ports": [1, 2],
        "x": [1],
    }


def spellings() -> list[tuple[str, str]]:
    found = []
    for element in elements().values():
        if not element.container and element.inside != "ue_credential_information":
            plain = [element.title, element.title.upper(), element.title.replace(" ", "_")]
            found += [(element.name, spelling) for spelling in [*plain, *element.aliases]]
    return found


@pytest.mark.parametrize(("name", "spelling"), spellings())
def test_every_spelling_is_read_and_kept(name: str, spelling: str) -> None:
    """Spellings are assumptions (msgin5g.md clause 2.5): all of the table are understood."""
    element = elements()[name]
    holder = elements().get(element.inside)
    within = holder.title if holder is not None and not holder.container else None
    data = compact({within: {spelling: "x"}} if within else {spelling: "x"})
    layer = MSGin5G(data)
    assert set_fields(layer) == {field_name(element): "x"}
    layer.setfieldval(field_name(element), "y")
    assert bytes(layer) == data.replace(b'"x"', b'"y"')


def test_profile_members_at_both_depths() -> None:
    """AMB-9: stage 2 wraps them in the client profile."""
    triggering = {"MSGin5G Client Triggering Information": {"MSGin5G UE ID": "u"}}
    data = compact({"Message Type": "REG", "MSGin5G Client Profile": triggering})
    layer = RegistrationRequest(data)
    assert layer.msgin5g_ue_id == "u"
    layer.msgin5g_ue_id = "v"
    assert bytes(layer) == data.replace(b'"u"', b'"v"')


# Which layer a payload is.

CLASSIFIED: list[tuple[Any, bool, type[Packet] | None]] = [
    (SEED, True, RegistrationRequest),
    ({"Message Type": "reg"}, True, RegistrationRequest),
    ({"msg-type": "Registration request"}, True, RegistrationRequest),
    ({"UE Credential Information": "k"}, True, RegistrationRequest),
    ({"Message Type": 7, "UE Credential Information": "k"}, True, RegistrationRequest),
    ({"UE Service ID": "u", "Registration result": "success"}, False, RegistrationResponse),
    ({"UE Service ID": "u"}, False, RegistrationResponse),
    ({" Registration result": "failure"}, False, RegistrationResponse),
    ({"Message Type": "REG", "UE Service ID": "u"}, False, RegistrationResponse),
    ({"Message Type": "MSGRESP", "result": "ok"}, False, RegistrationResponse),
    ({"Message Type": "DEREG"}, True, Deregistration),
    ({"Message Type": "MSG"}, True, MSGin5GMessage),
    ({"Message Type": "MSGRESP"}, False, MSGin5GMessageResponse),
    ({"Message Type": "IMDN"}, True, DeliveryStatusReport),
    ({"Message Type": "SEGREC"}, True, SegmentRecovery),
    ({"Message Type": "SEGCONFIR"}, True, SegmentsReceived),
    ({"Message Type": "NEW"}, True, MSGin5G),
    ({"Message Type": []}, True, MSGin5G),
    # Common words in JSON that is none of ours.
    ({"result": "ok"}, False, None),
    ({"ports": [1, 2]}, True, None),
    ({"UE Service ID": "u"}, True, None),
    ({"temperature": 21}, True, None),
    ({}, True, None),
    ([{"Message Type": "REG"}], True, None),
    ("REG", True, None),
]


@pytest.mark.parametrize(("members", "request_", "layer"), CLASSIFIED)
def test_classified_by_content(members: Any, request_: bool, layer: type[Packet] | None) -> None:
    assert layer_of(text(members), request_) is layer
    code = "POST" if request_ else "2.04"
    packet = CoAP(bytes(CoAP(code=code) / Raw(text(members))))
    assert type(packet.payload) is (layer or Raw)
    if layer is not None:
        assert MSGin5G in packet


def test_a_broken_text_counts_by_what_was_read() -> None:
    packet = CoAP(bytes(CoAP(code="POST") / Raw(text(SEED)[:-1])))
    layer = packet[RegistrationRequest]
    assert layer.ue_service_id == "ue-1@example.org"
    [defect] = layer.defects
    assert "ends too early, line 1" in defect
    assert bytes(packet.payload) == text(SEED)[:-1]
    assert defect in packet.show(dump=True)


def test_a_member_given_twice_is_told() -> None:
    layer = RegistrationRequest(b'{"UE Service ID":"a","UE Service ID":"b"}')
    assert layer.ue_service_id == "b"
    assert layer.defects == ("member 'UE Service ID' given twice, line 1, column 22 (byte 22)",)


def test_stacked_on_coap_it_is_a_post() -> None:
    packet = CoAP(
        bytes(CoAP(options=("Content-Format", 50)) / RegistrationRequest(ue_service_id="u"))
    )
    assert (packet.code, packet.content_format) == (2, 50)
    assert packet[RegistrationRequest].ue_service_id == "u"
    assert not packet.defects


# What people see.


def test_show_gives_values_with_their_meaning() -> None:
    shown = MSGin5G(text({"Message Type": "registration", "Registration result": "ok"})).show(
        dump=True
    )
    assert "'registration' (REG)" in shown
    assert "'ok' (success)" in shown
    assert "ue_service_id" not in shown


def test_summary_names_the_ue_and_the_request() -> None:
    packet = CoAP(code="POST", options="Uri-Path: register") / RegistrationRequest(
        ue_service_id="u"
    )
    assert (
        packet.summary() == "CoAP CON 0.02 POST /register MID 0 / MSGin5G Registration request 'u'"
    )


def test_spans_lead_to_the_bytes() -> None:
    data = text(SEED | {"strange": 1}, 2)
    layer = RegistrationRequest(data)
    spans = layer.spans
    for name in FIELDS:
        start, end = spans[name]
        key, value = next(iter(json.loads(b"{" + data[start:end] + b"}").items()))
        assert value == getattr(layer, name), key
    assert data[slice(*spans["other_members.strange"])] == b'"strange": 1'
    assert data[slice(*spans["ue_credential_information.key"])] == b'"key": "s3cret"'
    assert data[slice(*spans["msgin5g_client_communication_availability"])].endswith(b"}")
    built = RegistrationRequest(ue_service_id="u")
    assert bytes(built)[slice(*built.spans["ue_service_id"])] == b'"UE Service ID":"u"'


def test_scapys_own_ways() -> None:
    layer = RegistrationRequest(text(SEED))
    again = eval(layer.command())
    assert json.loads(bytes(again)) == SEED
    assert json.loads(layer.json())["ue_service_id"] == "ue-1@example.org"
    assert RegistrationRequest(text(SEED)) == RegistrationRequest(text(SEED, 2))
    with pytest.raises(AttributeError, match="found, not set"):
        RegistrationRequest(defects=[])


def test_the_element_called_payload() -> None:
    layer = MSGin5GMessage(b'{"Message Type":"MSG","Payload":"hello"}')
    assert layer.payload_element == "hello"
    assert bytes(MSGin5GMessage(payload_element="hello")) == bytes(layer)


# Any bytes.

KEYS = st.sampled_from([e.title for e in elements().values()]) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=6)


@given(OBJECTS, st.integers(0, 200))
def test_any_object_whole_or_cut(members: Any, missing: int) -> None:
    whole = json.dumps(members).encode()
    data = whole[: max(1, len(whole) - missing)]
    layer = MSGin5G(data)
    assert bytes(layer) == data
    assert all(line.isprintable() for line in layer.show(dump=True).splitlines())
    for start, end in layer.spans.values():
        assert 0 <= start < end <= len(data)
    layer.ue_service_id = "changed"
    again = MSGin5G(bytes(layer))
    assert again.ue_service_id == "changed"


@given(OBJECTS)
@example({"UE Credential Information": {"": None}})
@example(
    {
        "MSGin5G Client Communication Availability": {"Message Type": None},
        "MSGin5G Client Profile": {"MSGin5G Client Communication Availability": None},
    }
)
def test_a_change_and_back_means_the_same(members: dict[str, Any]) -> None:
    """Of a member under two spellings the last counts, so only the meaning can stay."""
    members.pop("UE Service ID", None)
    data = json.dumps(members).encode()
    before = read_elements(read_json(data)).values
    layer = MSGin5G(data)
    layer.ue_service_id = "x"
    layer.ue_service_id = None
    if "ue_service_id" not in before:
        after = read_elements(read_json(bytes(layer))).values
        assert json.dumps(after, sort_keys=True) == json.dumps(before, sort_keys=True)


@given(st.binary(max_size=60).map(lambda data: b"{" + data) | st.binary(min_size=1, max_size=60))
def test_any_bytes(data: bytes) -> None:
    layer_of(data, True)
    layer = MSGin5G(data)
    assert bytes(layer) == data
    layer.show(dump=True)
    layer.ue_service_id = "x"
    assert json.loads(bytes(layer))["UE Service ID"] == "x" or b"UE" in data


# Names of a user's own -----------------------------------------------------------------------


OWN = vocabulary().respelt({}, {"ue_service_id": ("Subscriber No.",), "segment_size": ("mtu",)})
OWN_BODY = b'{"Message Type":"REG","subscriberNo":"ue-7","mtu":9}'


def test_a_layer_speaks_the_vocabulary_in_force_when_it_was_dissected() -> None:
    with speaking(OWN):
        request = CoAP(bytes(CoAP(code="POST") / Raw(OWN_BODY))).payload
        assert layer_of(b'{"subscriber_no":"a"}', request=False) is RegistrationResponse
    assert (request.ue_service_id, request.segment_size) == ("ue-7", 9)
    assert request.other_members is None
    assert request.spans["ue_service_id"] == (22, 43)
    changed = request.copy()
    changed.ue_service_id = "ue-8"
    assert bytes(changed) == OWN_BODY.replace(b"ue-7", b"ue-8"), "under its own name, in place"
    assert bytes(request) == OWN_BODY
    other = RegistrationRequest(OWN_BODY)
    assert other.ue_service_id is None
    assert other.other_members == {"subscriberNo": "ue-7", "mtu": 9}


@given(st.dictionaries(KEYS | st.sampled_from(["subscriber_no", "MTU"]), st.text(max_size=3)))
def test_a_layer_holds_the_elements_that_the_reader_finds(members: dict[str, str]) -> None:
    data = json.dumps(members).encode()
    with speaking(OWN):
        layer = MSGin5G(data)
    found = read_elements(read_json(data), OWN)
    for name in ("ue_service_id", "segment_size"):
        assert (layer.getfieldval(name) is None) is (name not in found.values)
        if name in found.values and not any(e.name == name for e, _ in found.twice):
            assert layer.getfieldval(name) == found.values[name]
