# SPDX-License-Identifier: GPL-2.0-only
"""The registries against the words of the RFCs."""

from __future__ import annotations

import pytest

from dissectors.coap import numbers
from dissectors.coap.media_types import content_format_name
from dissectors.coap.numbers import (
    CODES,
    NAMED_OPTIONS,
    OPTION_SETS,
    OPTIONS,
    OPTIONS_BY_NAME,
    Format,
    Repeat,
)


@pytest.mark.parametrize(
    ("code", "text"), [(0x00, "0.00"), (0x01, "0.01"), (0x45, "2.05"), (0x8F, "4.15")]
)
def test_dotted(code: int, text: str) -> None:
    assert numbers.dotted(code) == text


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "Empty"),
        (2, "POST"),
        (7, "iPATCH"),
        (0x45, "2.05 Content"),
        (0xA8, "5.08 Hop Limit Reached"),
        (0x5E, "2.30 Unknown"),
    ],
)
def test_code_names(code: int, name: str) -> None:
    assert numbers.code_name(code) == name


def test_every_code_is_filed_under_its_own_number() -> None:
    assert all(code == spec.code for code, spec in CODES.items())
    assert len(CODES) == 40


def test_requests_and_responses_share_no_code() -> None:
    requests = {code for code in range(256) if numbers.is_request(code)}
    responses = {code for code in range(256) if numbers.is_response(code)}
    assert requests == set(range(1, 32))
    assert {code >> 5 for code in responses} == {2, 4, 5}
    assert not requests & responses


def test_safe_methods_are_idempotent() -> None:
    """RFC 7252 clause 5.1, RFC 8132 clause 2: FETCH is safe, iPATCH idempotent."""
    methods = {spec.name: spec for code, spec in CODES.items() if numbers.is_request(code)}
    assert {name for name, spec in methods.items() if spec.safe} == {"GET", "FETCH"}
    assert {name for name, spec in methods.items() if spec.idempotent} == {
        "GET",
        "FETCH",
        "PUT",
        "DELETE",
        "iPATCH",
    }


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("If-Match", "C"), ("Uri-Host", "CU"), ("ETag", ""), ("Observe", "U"), ("Uri-Path", "CU"),
        ("Content-Format", ""), ("Max-Age", "U"), ("Accept", "C"), ("OSCORE", "C"), ("Size1", "N"),
        ("Size2", "N"), ("Block2", "CU"), ("Hop-Limit", ""), ("Echo", "N"), ("No-Response", "U"),
        ("Q-Block2", "CU"), ("Request-Tag", ""),
    ],
)  # fmt: skip
def test_class_bits_follow_from_the_number(name: str, bits: str) -> None:
    """Columns C, U, N of RFC 7252 table 4 and of the later RFCs."""
    spec = OPTIONS_BY_NAME[name]
    # An option that is unsafe has no cache key (clause 5.4.2).
    found = "C" * spec.critical + "U" * spec.unsafe + "N" * (spec.no_cache_key and not spec.unsafe)
    assert found == bits


@pytest.mark.parametrize(
    ("number", "name", "format_", "shortest", "longest", "repeat"),
    [
        (15, "Uri-Query", Format.STRING, 0, 255, Repeat.ALWAYS),
        (35, "Proxy-Uri", Format.STRING, 1, 1034, Repeat.NEVER),
        (4, "ETag", Format.OPAQUE, 1, 8, Repeat.REQUESTS),
        (5, "If-None-Match", Format.EMPTY, 0, 0, Repeat.NEVER),
        (14, "Max-Age", Format.UINT, 0, 4, Repeat.NEVER),
        (23, "Block2", Format.BLOCK, 0, 3, Repeat.NEVER),
        (252, "Echo", Format.OPAQUE, 1, 40, Repeat.NEVER),
        (292, "Request-Tag", Format.OPAQUE, 0, 8, Repeat.ALWAYS),
    ],
)
def test_options(
    number: int, name: str, format_: Format, shortest: int, longest: int, repeat: Repeat
) -> None:
    spec = OPTIONS[number]
    assert (spec.name, spec.format, spec.repeat) == (name, format_, repeat)
    assert (spec.min, spec.max) == (shortest, longest)


def test_options_of_onem2m() -> None:
    """Table 6.2.2.4.0-1 of TS-0008: all of them critical and unsafe, step 4; those of Release 1
    are numbered in a row."""
    specs = OPTION_SETS["oneM2M"]
    assert {spec.name.removeprefix("oneM2M-"): spec.number for spec in specs} == {
        "OT": 259, "RTURI": 263, "TY": 267, "RVI": 271, "ASRI": 275, "FR": 279, "RQI": 283,
        "RQET": 291, "RSET": 295, "OET": 299, "EC": 303, "RSC": 307, "GID": 311, "CTO": 319,
        "CTS": 323, "ATI": 327, "VSI": 331, "GTM": 335, "AUS": 339, "OMR": 343, "PRPI": 347,
        "MSU": 351, "R1-FR": 256, "R1-RQI": 257, "R1-RQET": 260, "R1-RSET": 261, "R1-OET": 262,
        "R1-EC": 264, "R1-RSC": 265, "R1-GID": 266,
    }  # fmt: skip
    assert all(s.critical and s.unsafe for s in specs if "-R1-" not in s.name)
    assert {s.name for s in specs if s.format == Format.UINT} == {
        f"oneM2M-{name}" for name in ("TY", "EC", "RSC", "CTO", "CTS", "R1-EC", "R1-RSC")
    }


def test_sets_of_options_add_to_the_registry() -> None:
    """No number and no name has two meanings."""
    added = [spec for specs in OPTION_SETS.values() for spec in specs]
    assert len(NAMED_OPTIONS) == len(OPTIONS) + len(added)
    assert len(OPTIONS_BY_NAME) == len(NAMED_OPTIONS)
    assert set(OPTIONS).isdisjoint(spec.number for spec in added)


def test_option_names() -> None:
    assert numbers.option_name(283) == "oneM2M-RQI"
    assert numbers.option_name(11) == "Uri-Path"
    assert numbers.option_name(65001) == "Unknown critical 65001"
    assert numbers.option_name(26) == "Unknown elective 26"
    assert numbers.option_name(128) == "Reserved 128"


def test_content_formats() -> None:
    assert content_format_name(numbers.JSON) == "application/json"
    assert content_format_name(64998) == "Unknown"
    assert content_format_name(1543) == "application/vnd.oma.lwm2m+json (old)"
