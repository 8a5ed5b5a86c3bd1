# SPDX-License-Identifier: GPL-2.0-only
"""The catalogue of names a user can type."""

from __future__ import annotations

import re

import pytest

from dissectors.coap.numbers import OPTIONS
from dissectors.fields import fields
from dissectors.msgin5g.elements import elements

TYPES = {"uint", "time", "address", "bytes", "string", "frame", "boolean"}
JSON_TYPES = {"string", "integer", "number", "boolean", "object", "array"}


@pytest.mark.parametrize("name", fields())
def test_every_field_is_complete(name: str) -> None:
    field = fields()[name]
    assert field.name == name
    assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+|marked", name)
    assert field.help
    assert field.type in TYPES | JSON_TYPES
    assert field.source.partition(":")[0] in ("column", "option", "element", "value", "shown")


def test_every_option_and_element_is_a_field() -> None:
    sources = {field.source for field in fields().values()}
    assert {f"option:{number}" for number in OPTIONS} <= sources
    known = {e.name for e in elements().values() if not e.container} - {"message_type"}
    assert {f"element:{name}" for name in known} <= sources


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("coap.mid", "uint"),
        ("coap.token", "bytes"),
        ("coap.opt.uri_path", "string"),
        ("coap.opt.ctype", "string"),
        ("coap.opt.observe", "uint"),
        ("msgin5g.ue_service_id", "string"),
        ("msgin5g.message_type", "string"),
    ],
)
def test_names_are_wiresharks_where_it_has_them(name: str, type: str) -> None:
    assert fields()[name].type == type


def test_repeatable_options_are_repeated_fields() -> None:
    assert fields()["coap.opt.uri_path"].repeated
    assert not fields()["coap.opt.uri_host"].repeated
