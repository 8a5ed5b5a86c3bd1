# SPDX-License-Identifier: GPL-2.0-only
"""Keys and values read to their meaning, whatever their spelling."""

from __future__ import annotations

import pytest

from dissectors.msgin5g.elements import (
    MESSAGE_TYPE_NAMES,
    MessageType,
    element_of,
    elements,
    holders,
    is_alias,
    normalise,
    registration_only,
)

JSON_TYPES = {"string", "integer", "number", "boolean", "object", "array"}


@pytest.mark.parametrize("name", elements())
def test_every_element_is_complete_and_found_by_all_its_names(name: str) -> None:
    element = elements()[name]
    assert element.name == name
    assert element.clause
    assert element.types
    assert set(element.types) <= JSON_TYPES
    assert not element.inside or element.inside in elements()
    assert element_of(element.title) is element
    for alias in element.aliases:
        assert alias == normalise(alias)
        assert element_of(alias) is element, "another element has this name"
        assert is_alias(element, alias)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("UE Service ID", "ue_service_id"),
        (" ue service id ", "ue_service_id"),
        ("ueServiceId", "ue_service_id"),
        ("UE-Service_ID", "ue_service_id"),
        ("ue.svc.id", "ue_service_id"),
        ("\N{KELVIN SIGN}", None),
        ("ue servce id", None),
        ("", None),
    ],
)
def test_keys_are_compared_by_letters_and_digits(key: str, name: str | None) -> None:
    element = element_of(key)
    assert (element.name if element else None) == name


@pytest.mark.parametrize(
    ("key", "alias"),
    [("UE Service ID", False), (" ue service id", False), ("ueServiceId", True), ("uesvcid", True)],
)
def test_what_counts_as_another_name(key: str, alias: bool) -> None:
    assert is_alias(elements()["ue_service_id"], key) is alias


@pytest.mark.parametrize(
    ("name", "value", "meaning"),
    [
        ("message_type", "reg", "REG"),
        ("message_type", "Registration Request", "REG"),
        ("message_type", "segconfir", "SEGCONFIR"),
        ("message_type", "bulk registration", "bulk registration"),
        ("message_type", "hello", "hello"),
        ("message_type", 7, 7),
        ("message_type", None, None),
        ("message_type", ["REG"], ["REG"]),
        ("registration_result", "Successful", "success"),
        ("registration_result", True, "success"),
        ("registration_result", "Denied.", "failure"),
        ("registration_result", False, "failure"),
        ("registration_result", 1, 1),
        ("periodic_communication_indicator", 1, "PERIODICALLY"),
        ("periodic_communication_indicator", "on-demand", "ON_DEMAND"),
        ("ue_service_id", "REG", "REG"),
    ],
)
def test_values_are_read_to_their_meaning(name: str, value: object, meaning: object) -> None:
    assert elements()[name].meaning(value) == meaning


def test_a_deregistration_is_no_registration() -> None:
    for text in ("DEREG", "deregistration", "De-Registration request", "unregister"):
        assert elements()["message_type"].meaning(text) != MessageType.REG


def test_message_types_have_names() -> None:
    assert set(MESSAGE_TYPE_NAMES) == set(MessageType)
    spellings = dict(elements()["message_type"].values)
    assert set(spellings) == {kind.value for kind in MessageType}


def test_what_only_a_registration_has() -> None:
    assert registration_only() == {
        "ue_credential_information",
        "msgin5g_client_ports",
        "msgin5g_client_communication_availability",
    }
    assert holders() == {"ue_credential_information", "msgin5g_client_communication_availability"}
    assert [e.name for e in elements().values() if e.secret] == ["ue_credential_information"]
