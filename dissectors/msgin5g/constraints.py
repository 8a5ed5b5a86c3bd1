# SPDX-License-Identifier: GPL-2.0-only
"""Element constraints as JSON Schemas (draft 2020-12), and which of them a spec profile demands.

The files in `schemas/` hold what the change request demands, each constraint annotated with the
rule and clause it stands for; `demanded` is the same for a profile in which elements are required
that are not there, or the other way round. Nothing here validates: see `schema`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from dissectors.msgin5g.elements import elements

SCHEMAS: Final = ("registration_request", "registration_response")
"""The schemas there are, by file name without ending."""

CLAUSES: Final = {
    "registration_request": ("6.3.1.1.1", "TS 23.554 Table 8.2.1", "TS 23.554 Table 8.2.7-1"),
    "registration_response": ("6.3.1.2.1", "TS 23.554 Table 8.2.7-2"),
}
"""Where the elements of each are told."""

COMMON: Final = ("message_type", "ue_service_id")
"""Elements that any message may carry (clause 7.1; the UE it is about)."""

PROFILE_RULE: Final = "MSG-24538-PROFILE-ELEMENT"
"""The rule that a profile's own demands stand for, where no clause has one."""

_OWN_WORDS: Final = {
    "x-rule": PROFILE_RULE,
    "x-clause": "6.3.1",
    "x-expected": "what the spec profile requires",
}
_PERIODIC: Final = "periodic_communication_interval"
_ANNOTATIONS: Final = ("x-rule", "x-clause", "x-expected")
_DEMANDS: Final = 8


class Presence(StrEnum):
    """Whether an element has to be there; the condition of a conditional one is its clause's."""

    REQUIRED = "required"
    CONDITIONAL = "conditional"
    OPTIONAL = "optional"


class Demands(NamedTuple):
    """How a profile departs from a schema's file: presence of elements, and whether any indicator
    asks for an interval (the literal reading of clause 6.3.1.1.1 d)5)iv))."""

    presence: tuple[tuple[str, Presence], ...] = ()
    any_indicator: bool = False


NO_DEMANDS: Final = Demands()


@cache
def schema(name: str) -> dict[str, Any]:
    """A schema's file by its name without ending, e.g. `registration_request`."""
    file = Path(__file__).parent / "schemas" / f"{name}.json"
    loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded


@cache
def presence_in(name: str) -> dict[str, Presence]:
    """The presence of every element that a message carries, as the schema's file has it."""
    found = dict.fromkeys(_carried(name), Presence.OPTIONAL)
    for _, place in _places(schema(name)):
        for part in place["allOf"]:
            for element in _conditional(part):
                found[element] = Presence.CONDITIONAL
            for element in part.get("required", ()):
                found[element] = Presence.REQUIRED
    return found


def _carried(name: str) -> Iterator[str]:
    """Elements whose presence can be told: not containers that are opened, nor parts of an open
    element's value."""
    for element in elements().values():
        inside = elements().get(element.inside)
        if element.container or (inside is not None and inside.open):
            continue
        if element.name in COMMON or element.clause.startswith(CLAUSES[name]):
            yield element.name


def _places(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where the presence of elements is told: the message, and elements that hold others."""
    yield "", document
    for name, inner in document["properties"].items():
        if "allOf" in inner:
            yield name, inner


def _conditional(part: dict[str, Any]) -> list[str]:
    """Elements that a constraint demands on a condition."""
    names = [name for needed in part.get("dependentRequired", {}).values() for name in needed]
    return [*names, *part.get("then", {}).get("required", ())]


@lru_cache(_DEMANDS)
def demanded(name: str, demands: Demands = NO_DEMANDS) -> dict[str, Any]:
    """The schema under a profile's demands."""
    if demands == NO_DEMANDS:
        return schema(name)
    document = deepcopy(schema(name))
    before = presence_in(name)
    presence = before | dict(demands.presence)
    for holder, place in _places(document):
        wording = dict(_wordings(place["allOf"]))
        kept = (_kept(part, presence, demands.any_indicator) for part in place["allOf"])
        place["allOf"] = [part for part in kept if part.keys() - _ANNOTATIONS]
        added: dict[str, dict[str, Any]] = {}  # by rule: what is missing is told in one sentence
        for element, now in presence.items():
            new = now is Presence.REQUIRED and before[element] is not Presence.REQUIRED
            if new and _holder(element) == holder:
                words = wording.get(element, _OWN_WORDS)
                part = added.setdefault(words["x-rule"], {"required": [], **words})
                part["required"].append(element)
        place["allOf"] += added.values()
        if not place["allOf"]:  # which no schema may have
            del place["allOf"]
    return document


def _holder(name: str) -> str:
    """The element in whose value another one stands; containers are opened."""
    inside = elements().get(elements()[name].inside)
    return inside.name if inside is not None and not inside.container else ""


def _wordings(parts: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    """What the file says of the absence of elements."""
    for part in parts:
        for element in _conditional(part):
            yield element, {word: part.get("then", part)[word] for word in _ANNOTATIONS}


def _kept(
    part: dict[str, Any], presence: dict[str, Presence], any_indicator: bool
) -> dict[str, Any]:
    """A constraint without what the profile does not demand; `part` may be written to."""
    kept = dict(part)
    if any(presence[name] is not Presence.REQUIRED for name in part.get("required", ())):
        del kept["required"]
    if "dependentRequired" in part:
        needed = {
            name: [other for other in others if presence[other] is Presence.CONDITIONAL]
            for name, others in part["dependentRequired"].items()
        }
        kept["dependentRequired"] = {name: others for name, others in needed.items() if others}
        if not kept["dependentRequired"]:
            del kept["dependentRequired"]
    if "then" in part:
        if any(presence[name] is not Presence.CONDITIONAL for name in part["then"]["required"]):
            return {}
        if any_indicator and part["then"]["required"] == [_PERIODIC]:
            kept["if"] = {"required": part["if"]["required"]}
            expected = f"{elements()[_PERIODIC].title}, since the indicator is there"
            for told in (kept["then"], kept["then"]["properties"][_PERIODIC]):
                told["x-expected"] = expected
    return kept
