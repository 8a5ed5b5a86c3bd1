# SPDX-License-Identifier: GPL-2.0-only
"""JSON bodies that hypothesis makes up: elements of any spelling, depth and kind, told twice."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from dissectors.msgin5g.elements import elements, normalise

Pairs = list[tuple[str, Any]]

SPELLINGS = sorted(
    {
        spelling
        for element in elements().values()
        for spelling in (element.title, element.title.lower(), element.name, *element.aliases)
    }
)
OTHER_KEYS = [
    "x",
    "",
    "tag",
    "UE\N{NO-BREAK SPACE}Service ID",
    "a" * 200,
    "\N{GREEK SMALL LETTER ALPHA}",
]
USUAL = ["Message Type", "UE Service ID", "UE Credential Information", "Registration result"]
KEYS = st.sampled_from(USUAL) | st.sampled_from(SPELLINGS) | st.sampled_from(OTHER_KEYS)
MEANINGS = sorted(
    {
        spelling
        for element in elements().values()
        for _, spellings in element.values
        for spelling in spellings
    }
)
TEXTS = st.sampled_from(
    [
        "",
        "REG",
        "reg.",
        "Deregistration",
        "bulk reg",
        "ue-1",
        "s\xe4",
        "0",
        "-PT1S",
        "PT30M",
        "a\n1",
    ]
)
NUMBERS = st.sampled_from([0, 1, -1, 65535, 65536, 1.5, 5683.0, 1e300, 10**30])
SCALARS = TEXTS | st.sampled_from(MEANINGS) | NUMBERS | st.sampled_from([None, True, False])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(KEYS, inner), max_size=5).map(tuple)
    ),
    max_leaves=12,
)
OBJECTS = st.lists(st.tuples(KEYS, VALUES), max_size=8).map(tuple)


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

BROKEN = st.builds(lambda body, at: body[: at % (len(body) + 1)], BODIES, st.integers(0, 400))
"""Objects cut somewhere."""

ANY = BODIES | BROKEN | st.builds(written, VALUES).map(str.encode) | st.binary(max_size=30)


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


__all__ = ["ANY", "BODIES", "KEYS", "VALUES", "normalise", "registrations", "written"]
