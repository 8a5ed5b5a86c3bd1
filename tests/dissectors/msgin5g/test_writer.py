# SPDX-License-Identifier: GPL-2.0-only
"""Elements as JSON text along a template."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from dissectors.msgin5g.payload import read_json
from dissectors.msgin5g.writer import NULL, write

AVAILABILITY = "MSGin5G Client Communication Availability"


def written(given: dict[str, Any], template: bytes = b"", **others: Any) -> bytes:
    return write(given, others, read_json(template))


def test_nothing_is_an_empty_object() -> None:
    assert written({}) == b"{}"


def test_titles_in_catalogue_order() -> None:
    given = {"registration_result": "success", "ue_service_id": "u"}
    assert written(given) == b'{"UE Service ID":"u","Registration result":"success"}'


def test_order_and_spelling_of_the_template_stay() -> None:
    template = b'{ "z" : 1, "result": "ok", "UESvcId": "u" }'
    given = {"registration_result": "failure", "ue_service_id": "u", "wait_time": 3}
    assert written(given, template, z=1) == (
        b'{"z":1,"result":"failure","UESvcId":"u","Wait time":3}'
    )


def test_what_is_not_given_is_left_out() -> None:
    assert written({}, b'{"UE Service ID":"u","z":1}') == b"{}"


@pytest.mark.parametrize("number", [b"1e3", b"1.50", b"-0", b"1" * 40])
def test_unchanged_numbers_keep_their_spelling(number: bytes) -> None:
    template = b'{"Wait time":' + number + b"}"
    assert written({"wait_time": json.loads(number)}, template) == template


def test_availability_surrounds_its_members() -> None:
    given = {"scheduled_communication_time": "08:00", "ue_service_id": "u"}
    assert json.loads(written(given)) == {
        "UE Service ID": "u",
        AVAILABILITY: {"Scheduled communication time": "08:00"},
    }
    name = "msgin5g_client_communication_availability"
    assert json.loads(written({name: {}})) == {AVAILABILITY: {}}
    both = json.loads(written(given | {name: {"own": 1}}))
    assert both[AVAILABILITY] == {"Scheduled communication time": "08:00", "own": 1}
    assert json.loads(written(given | {name: [1]}))[AVAILABILITY] == [1]


def test_a_broken_template_is_mended() -> None:
    template = b'{"UE Service ID":"u","MSGin5G Client Profile":{"ports":[1'
    text = written({"ue_service_id": "v", "msgin5g_client_ports": [2]}, template)
    assert json.loads(text) == {
        "UE Service ID": "v",
        "MSGin5G Client Profile": {"ports": [2]},
    }


def test_values_that_json_has_no_type_for() -> None:
    assert written({"ue_service_id": NULL}) == b'{"UE Service ID":null}'
    assert written({"ue_service_id": b"u"}) == b'{"UE Service ID":"u"}'
    assert written({"ue_service_id": {1j}}) == b'{"UE Service ID":"{1j}"}'
    assert written({"ue_service_id": "\ud800"}) == b'{"UE Service ID":"\xed\xa0\x80"}'


def test_there_is_one_null() -> None:
    assert copy.deepcopy({"x": NULL})["x"] is NULL
    assert not NULL
