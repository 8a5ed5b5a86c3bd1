# SPDX-License-Identifier: GPL-2.0-only
"""Information elements and schemas: the bytes are one body."""

from __future__ import annotations

from functools import cache
from typing import Any

from dissectors.msgin5g.constraints import schema
from dissectors.msgin5g.elements import elements
from dissectors.msgin5g.payload import read_elements, read_json
from dissectors.msgin5g.schema import is_valid, violations
from dissectors.msgin5g.writer import write

SCHEMAS = ("registration_request", "registration_response")


@cache
def _reference(name: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(name))


def run(data: bytes) -> None:
    document = read_json(data)
    found = read_elements(document)
    assert found.keys.keys() <= found.spans.keys()
    for path, (start, end) in found.spans.items():
        assert 0 <= start <= end <= len(data)
        assert path.partition(".")[0] in elements()
    for name in elements():
        found.tells(name)
        found.text(name)
    for name in SCHEMAS:
        _judge(name, found.values)
    written = read_json(write({}, {}, document))
    assert written.is_object


def _judge(name: str, values: dict[str, Any]) -> None:
    """One verdict of both validators, and a reason for each no."""
    verdict = is_valid(name, values)
    assert verdict is _reference(name).is_valid(values)
    listed = list(violations(name, values))
    assert verdict is (not listed)
    for violation in listed:
        assert violation.rule
        assert violation.clause
        assert violation.expected
