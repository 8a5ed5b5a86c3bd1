# SPDX-License-Identifier: GPL-2.0-only
"""The schemas: every constraint names its rule and clause, and both validators judge alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from analyzer.rules.catalogue import load
from dissectors.msgin5g.constraints import schema
from dissectors.msgin5g.elements import elements
from dissectors.msgin5g.schema import is_valid, violations

NAMES = ("registration_request", "registration_response")
STRUCTURE = {"$schema", "$id", "$defs", "$ref", "title", "description", "type", "properties"}
STRUCTURE |= {"x-rule", "x-clause", "x-expected", "allOf", "anyOf", "not", "if", "then", "items"}
LIMITS = {"required", "dependentRequired", "const", "enum", "minLength", "minimum", "maximum"}
LIMITS |= {"exclusiveMinimum", "minItems", "minProperties", "pattern"}
ANNOTATIONS = ("x-rule", "x-clause", "x-expected")


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, itself included."""
    if not isinstance(value, dict):
        return
    yield value
    for keyword, inner in value.items():
        match keyword:
            case "properties" | "$defs":
                inside = list(inner.values())
            case "allOf" | "anyOf":
                inside = inner
            case "not" | "if" | "then" | "items":
                inside = [inner]
            case _:
                inside = []
        for item in inside:
            yield from parts(item)


PARTS = [(name, part) for name in NAMES for part in parts(schema(name))]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


def test_only_keywords_that_both_validators_judge_alike() -> None:
    for _, part in PARTS:
        assert set(part) <= STRUCTURE | LIMITS, part
        pattern = part.get("pattern", "")
        assert "\\" not in pattern
        assert "$" not in pattern


def test_each_annotation_names_a_rule_with_its_clause() -> None:
    rules = load()
    annotated = [part for _, part in PARTS if "x-rule" in part]
    assert annotated
    for part in annotated:
        assert part["x-clause"] == rules[part["x-rule"]].clause
        assert part["x-expected"]
        assert rules[part["x-rule"]].spec == "TS 24.538"
    for _, part in PARTS:
        assert sum(name in part for name in ANNOTATIONS) in (0, 3)


@pytest.mark.parametrize("name", NAMES)
def test_every_property_is_an_element(name: str) -> None:
    for part in parts(schema(name)):
        named = [*part.get("properties", ()), *part.get("required", ())]
        assert set(named) <= elements().keys()


NUMBERS = [0, 1, -1, 65535, 65536, 5683.0, 1.5, 10**30]
TEXTS = ["", "REG", "0", "-PT1S", "PT30M", "success", "failure", "PERIODICALLY", "ON_DEMAND"]
SCALARS = st.sampled_from([None, True, False, *NUMBERS, *TEXTS, "a\n1"])
VALUES = SCALARS | st.lists(SCALARS, max_size=3)
MEMBERS = st.dictionaries(st.sampled_from(sorted(elements())), VALUES, max_size=5)
BODIES = st.dictionaries(st.sampled_from(sorted(elements())), VALUES | MEMBERS, max_size=8)


@settings(derandomize=True, deadline=None, max_examples=600)
@given(BODIES, st.sampled_from(NAMES))
def test_both_validators_and_the_list_of_violations_agree(body: Any, name: str) -> None:
    reference = Draft202012Validator(schema(name)).is_valid(body)
    assert is_valid(name, body) is reference
    found = list(violations(name, body))
    assert (not found) is reference
    for violation in found:
        assert violation.rule in load(), "an error without an annotation"
        assert violation.expected
    assert len({(v.rule, v.path) for v in found}) == len(found)


def test_a_violation_names_what_is_missing_and_where() -> None:
    availability = "msgin5g_client_communication_availability"
    body = {"message_type": "REG", "ue_service_id": "a", "ue_credential_information": "x"}
    found = {v.rule: v for v in violations("registration_request", body | {availability: {}})}
    scheduled = found["MSG-24538-6.3.1.1.1.d5i-SCHEDULED-TIME"]
    assert scheduled.missing == ("scheduled_communication_time",)
    assert scheduled.path == availability
    (alone,) = violations("registration_request", body | {"msgin5g_ue_id": "b"})
    assert alone.missing == ("msgin5g_client_ports",)


@pytest.mark.parametrize("ports", [[0] * 30_000, [1] * 29_999 + [0], ["x", *range(30_000)]])
def test_a_long_list_is_explained_by_one_of_its_items(ports: list[Any]) -> None:
    """30,000 errors of the reference would take seconds, for a datagram."""
    body = {"message_type": "REG", "ue_service_id": "a", "ue_credential_information": "x"}
    begin = time.process_time()
    found = list(violations("registration_request", body | {"msgin5g_client_ports": ports}))
    assert time.process_time() - begin < 1.5
    assert {v.rule.rpartition("-")[2] for v in found} == {"PORTS", "PAIR"}
    short = violations("registration_request", body | {"msgin5g_client_ports": [0]})
    assert found == list(short)
