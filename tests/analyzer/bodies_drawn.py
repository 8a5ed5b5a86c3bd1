# SPDX-License-Identifier: GPL-2.0-only
"""JSON bodies that hypothesis makes up: elements of any spelling, depth and kind, told twice."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from dissectors.msgin5g.elements import elements

Pairs = list[tuple[str, Any]]

SPELLINGS = sorted(
    {
        spelling
        for element in elements().values()
        for spelling in (element.title, element.title.lower(), element.name, *element.aliases)
    }
)
OTHER_KEYS = ["x", "", "tag", "a" * 200]
NON_ASCII_KEYS = ["UE\N{NO-BREAK SPACE}Service ID", "\N{GREEK SMALL LETTER ALPHA}"]
USUAL = ["Message Type", "UE Service ID", "UE Credential Information", "Registration result"]
USUAL += ["ports", "result", "MSGin5G Client Ports", "Originating UE Service ID"]
KEYS = st.sampled_from([*USUAL, *SPELLINGS, *OTHER_KEYS])
MEANINGS = sorted(
    {
        spelling
        for element in elements().values()
        for _, spellings in element.values
        for spelling in spellings
    }
)
WORDS = ["", "REG", "reg.", "Deregistration", "bulk reg", "ue-1", "s\xe4", "0", "-PT1S", "PT30M"]
NUMBERS = [0, 1, -1, 65535, 65536, 1.5, 5683.0, 1e300, 10**30]
SCALARS = st.sampled_from([*WORDS, *MEANINGS, *NUMBERS, None, True, False, "a\n1"])
USUAL_VALUES = st.sampled_from(["REG", "DEREG", "MSG", "ue-1", "success", "failure", "", 7, True])


def _objects(keys: st.SearchStrategy[str], inner: st.SearchStrategy[Any]) -> Any:
    return st.lists(st.tuples(keys, inner), max_size=5).map(tuple)


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | _objects(KEYS, inner),
    max_leaves=12,
)
OBJECTS = _objects(st.sampled_from(USUAL), USUAL_VALUES) | _objects(KEYS, USUAL_VALUES | VALUES)


def written(value: Any, escaped: bool = False) -> str:
    """JSON text; a tuple of pairs is an object, whose members may stand twice."""
    if isinstance(value, tuple):
        members = (f"{written(key, escaped)}: {written(item, escaped)}" for key, item in value)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(item, escaped) for item in value) + "]"
    return json.dumps(value, ensure_ascii=escaped)


BODIES = st.builds(written, OBJECTS, st.booleans()).map(str.encode)
"""Whole objects."""

_STRANGE = _objects(KEYS | st.sampled_from(NON_ASCII_KEYS), VALUES) | VALUES
_BROKEN = st.builds(lambda body, at: body[: at % (len(body) + 1)], BODIES, st.integers(0, 400))
_OTHER = st.one_of(
    st.builds(written, _STRANGE, st.booleans()).map(str.encode), _BROKEN, st.binary(max_size=30)
)
ANY = st.integers(0, 3).flatmap(lambda number: BODIES if number else _OTHER)


def registrations(draw: st.DrawFn) -> Pairs:
    """Members of a registration, most of them as they should be."""
    good: Pairs = [
        ("Message Type", "REG"),
        ("UE Service ID", draw(st.sampled_from(["ue-1", "meter-2@example"]))),
        ("UE Credential Information", (("authentication type", "AKMA"), ("a-kid", "x"))),
    ]
    more = draw(st.lists(st.tuples(KEYS, VALUES), max_size=3))
    left_out = draw(st.sets(st.integers(0, 3), max_size=1))
    return [pair for n, pair in enumerate(good) if n not in left_out] + more
