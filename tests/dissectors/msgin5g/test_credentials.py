# SPDX-License-Identifier: GPL-2.0-only
"""Where credentials stand, also in what is no JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dissectors.msgin5g.credentials import secret_values, secrets_of
from dissectors.msgin5g.elements import vocabulary
from dissectors.msgin5g.payload import read_json

SECRET = b"s3cr3t"
BODY = (
    b'{"Message Type": "REG", "UE Credential Information": {"k": ["s3cr3t"]}, "UE Service ID": "a"}'
)


def left(data: bytes) -> bytes:
    """What is not hidden."""
    spans = secret_values(read_json(data), vocabulary())
    return bytes(byte for at, byte in enumerate(data) if not any(a <= at < b for a, b in spans))


def test_the_values_alone_are_hidden() -> None:
    assert left(BODY) == BODY.replace(b'"s3cr3t"', b"")


@given(st.integers(0, len(BODY)), st.integers(0, 3), st.binary(max_size=3))
def test_nothing_is_uncovered_where_json_breaks(at: int, gone: int, other: bytes) -> None:
    name, secret = b'"UE Credential Information": ', BODY.index(SECRET)
    hurt = BODY[:at] + other + BODY[at + gone :]
    whole = name in hurt and not secret - gone < at < secret + len(SECRET)
    assert not whole or SECRET not in left(hurt)


def test_what_ended_before_the_error_hides_no_more() -> None:
    data = b'{"UE Credential Information": "s3cr3t", "UE Service ID": "a" "b"}'
    assert left(data) == data.replace(b'"s3cr3t"', b"")


@given(st.binary(max_size=80))
def test_what_stands_before_uncovers_nothing(before: bytes) -> None:
    data = before + BODY
    spans = secrets_of(data, vocabulary())
    at = len(before) + BODY.index(SECRET)
    quoted = before.count(b'"') % 2 or b"\\" in before  # the name is none then
    assert quoted or any(first <= at < after for first, after in spans)
