# SPDX-License-Identifier: GPL-2.0-only
"""JSON bodies: values with their bytes, and the information elements in them."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors.json_scan import Error
from dissectors.msgin5g.payload import Elements, members, read_elements, read_json

STEADY = settings(derandomize=True, deadline=None, max_examples=200)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=15,
)


def elements(data: bytes | dict[str, Any]) -> Elements:
    return read_elements(read_json(data if isinstance(data, bytes) else json.dumps(data).encode()))


@STEADY
@given(JSON)
def test_a_document_is_what_python_reads(value: Any) -> None:
    data = json.dumps(value).encode()
    if "Infinity" in data.decode():
        return
    document = read_json(data)
    assert document.error is Error.NONE
    assert document.root is not None
    assert document.root.python() == value
    assert document.is_object is isinstance(value, dict)


@STEADY
@given(st.binary(max_size=60) | st.text('{}[],:"\\u0aef12e.- ', max_size=40).map(str.encode))
def test_any_bytes_are_read(data: bytes) -> None:
    document = read_json(data)
    found = read_elements(document)
    for offset in range(len(data) + 1):
        assert document.place(offset).endswith(f"(byte {offset + 1})")
    if document.root is not None:
        for value in members(document.root):
            assert 0 <= value.span[0] <= value.span[1] <= len(data)
            value.python()
    for start, end in found.spans.values():
        assert 0 <= start <= end <= len(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (rb'"\u00e9\n"', "é\n"),
        (rb'"\ud83d\ude00"', "\N{GRINNING FACE}"),
        (rb'"\ud800"', "\N{REPLACEMENT CHARACTER}"),
        (rb'"\ude00\ud83d"', "\N{REPLACEMENT CHARACTER}" * 2),
        (b"1e400", sys.float_info.max),
        (b"9" * 300, int("9" * 300)),
        (b"-0", 0),
        (b"[" + b"9" * 5000 + b"]", [sys.float_info.max]),
    ],
    ids=range(8),
)
def test_values_that_readers_differ_on(data: bytes, value: Any) -> None:
    document = read_json(data)
    assert document.root is not None
    assert document.root.python() == value


@pytest.mark.parametrize(
    ("data", "offset", "place"),
    [
        (b"ab", 1, "line 1, column 2 (byte 2)"),
        (b"a\nbc", 3, "line 2, column 2 (byte 4)"),
        ("é:".encode(), 2, "line 1, column 2 (byte 3)"),
        (b"a\r\n", 3, "line 2, column 1 (byte 4)"),
    ],
)
def test_places_count_characters_and_bytes(data: bytes, offset: int, place: str) -> None:
    assert read_json(data).place(offset) == place


def test_members_given_twice_are_found_at_any_depth_and_spelling() -> None:
    document = read_json(rb'{"a":1,"b":{"c":1,"\u0063":2},"a":3,"x":{"a":1}}')
    assert [value.key for value in document.duplicates] == ["c", "a"]
    assert document.root is not None
    assert document.root.python()["a"] == 3, "the last counts"


def test_a_broken_document_keeps_what_was_read() -> None:
    found = elements(b'{"Message Type": "REG", "UE Service ID": "ue-1", "Client Ports": [1, 2')
    assert found.values["message_type"] == "REG"
    assert found.values["ue_service_id"] == "ue-1"
    assert found.values["msgin5g_client_ports"] == [1, 2]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b'{"a":"b', "a"),
        (b'{"a":1,"c":tru', "c"),
        (b'{"a":"\xff"}', "a"),
        (b'{"x":{"y":"', "y"),
        (b'{"a":[1,"', None),
        (b'{"a":', None),
        (b'{"a":1}', None),
    ],
)
def test_the_member_in_which_it_breaks_is_named(data: bytes, key: str | None) -> None:
    assert read_json(data).broken_key == key


# Elements -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"MSGin5G Client Ports": [1]},
        {"MSGin5G Client Profile": {"MSGin5G Client Ports": [1]}},
        {"clientProfile": {"MSGin5G Client Triggering Information": {"ports": [1]}}},
    ],
)
def test_containers_are_opened(body: dict[str, Any]) -> None:
    assert elements(body).values == {"msgin5g_client_ports": [1]}


def test_availability_holds_its_members() -> None:
    inside = {"Scheduled communication time": "02:00", "stranger": 1}
    found = elements({"Communication Availability": inside})
    name = "msgin5g_client_communication_availability"
    assert found.values == {name: {"scheduled_communication_time": "02:00"}}
    assert [value.key for value in found.unknown] == ["stranger"]
    assert set(found.spans) == {name, f"{name}.scheduled_communication_time"}


def test_a_credential_may_hold_anything() -> None:
    found = elements({"UE Cred": {"method": "AKMA", "whatever": 1}})
    assert found.values["ue_credential_information"] == {
        "authentication_type": "AKMA",
        "whatever": 1,
    }
    assert found.unknown == []


def test_an_element_out_of_its_place_is_unknown() -> None:
    found = elements({"Scheduled communication time": "x", "UE Cred": {"UE Service ID": "y"}})
    assert [value.key for value in found.unknown] == ["Scheduled communication time"]
    assert "ue_service_id" not in found.values


def test_an_element_under_two_names_is_noted() -> None:
    found = elements({"UE Service ID": "a", "ueSvcId": "b"})
    assert [(element.name, value.key) for element, value in found.twice] == [
        ("ue_service_id", "ueSvcId")
    ]


def test_spans_cover_the_member_with_its_name() -> None:
    data = b'{ "UE Service ID" : "ue-1" }'
    start, end = elements(data).spans["ue_service_id"]
    assert data[start:end] == b'"UE Service ID" : "ue-1"'


@pytest.mark.parametrize("value", [None, "", 7, ["a"]])
def test_text_is_a_string_that_is_not_empty(value: Any) -> None:
    assert elements({"UE Service ID": value}).text("ue_service_id") is None
    assert elements({"UE Service ID": "a"}).text("ue_service_id") == "a"
