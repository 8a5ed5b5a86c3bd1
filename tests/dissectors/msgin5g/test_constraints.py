# SPDX-License-Identifier: GPL-2.0-only
"""Which constraints a spec profile demands, and that both validators judge these alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from analyzer.rules.catalogue import load
from dissectors.msgin5g.constraints import (
    NO_DEMANDS,
    SCHEMAS,
    Demands,
    Presence,
    demanded,
    presence_in,
    schema,
)
from dissectors.msgin5g.elements import elements, holders
from dissectors.msgin5g.schema import is_valid, violations

from .test_schema import BODIES

REQUIRED, CONDITIONAL, OPTIONAL = Presence.REQUIRED, Presence.CONDITIONAL, Presence.OPTIONAL


def as_in_the_file(name: str, element: str) -> list[Presence]:
    """What may be demanded of an element: a condition only where the clause has one."""
    conditional = presence_in(name)[element] is CONDITIONAL
    return [REQUIRED, OPTIONAL, *([CONDITIONAL] if conditional else [])]


@st.composite
def demands(draw: st.DrawFn, name: str) -> Demands:
    named = draw(st.lists(st.sampled_from(list(presence_in(name))), unique=True, max_size=5))
    asked = ((n, draw(st.sampled_from(as_in_the_file(name, n)))) for n in named)
    return Demands(tuple(asked), draw(st.booleans()))


def test_presence_is_read_from_the_files() -> None:
    request = presence_in("registration_request")
    assert {name for name, presence in request.items() if presence is REQUIRED} == {
        "message_type",
        "ue_service_id",
        "ue_credential_information",
        "scheduled_communication_time",
        "communication_duration_time",
    }
    assert {name for name, presence in request.items() if presence is CONDITIONAL} == {
        "msgin5g_ue_id",
        "msgin5g_client_ports",
        "periodic_communication_indicator",
        "periodic_communication_interval",
    }
    assert presence_in("registration_response")["registration_result"] is REQUIRED


@pytest.mark.parametrize("name", SCHEMAS)
def test_to_demand_what_the_file_demands_changes_nothing(name: str) -> None:
    assert demanded(name, NO_DEMANDS) == schema(name)
    assert demanded(name, Demands(tuple(presence_in(name).items()))) == schema(name)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.data(), st.sampled_from(SCHEMAS), BODIES)
def test_validators_agree_and_presence_is_as_demanded(
    data: st.DataObject, name: str, body: dict[str, Any]
) -> None:
    wanted = data.draw(demands(name))
    before = schema(name)
    document = demanded(name, wanted)
    Draft202012Validator.check_schema(document)
    assert schema(name) == before, "the file's schema is not written to"
    reference = Draft202012Validator(document).is_valid(body)
    assert is_valid(name, body, wanted) is reference
    found = list(violations(name, body, wanted))
    assert (not found) is reference
    missing = {element for violation in found for element in violation.missing}
    for violation in found:
        assert violation.rule in load()
        assert violation.expected
    for element, presence in (presence_in(name) | dict(wanted.presence)).items():
        inside = elements()[element].inside
        place = body.get(inside) if inside in holders() else body
        absent = isinstance(place, dict) and element not in place
        if presence is REQUIRED:
            assert (element in missing) is absent
        elif presence is OPTIONAL:
            assert element not in missing
