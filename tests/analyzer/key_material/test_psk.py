# SPDX-License-Identifier: GPL-2.0-only
"""Pre-shared keys as people write them down."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.secrets.psk import Identities, PskError


def read(text: bytes) -> Identities:
    identities = Identities()
    identities.add(text)
    return identities


@pytest.mark.parametrize(
    ("line", "identity", "key"),
    [
        (b"ue-17@example.org:0a1B2c", b"ue-17@example.org", "0a1b2c"),
        (b"  ue 17 : 0a1b ", b"ue 17", "0a1b"),
        (b"urn:dev:mac:17:0a1b", b"urn:dev:mac:17", "0a1b"),
        (b"ue-17,0a1b", b"ue-17", "0a1b"),
        (b"urn:dev,0a1b", b"urn:dev", "0a1b"),
        (b"ue-17:0x0a1b", b"ue-17", "0a1b"),
        (b"#7565:0a1b", b"ue", "0a1b"),
        (b"0x7565:0a1b", b"ue", "0a1b"),
        (b"0x7565:0a1b", b"0x7565", "0a1b"),
        (b"0xnone:0a1b", b"0xnone", "0a1b"),
        ("Zähler:0a1b".encode(), "Zähler".encode(), "0a1b"),
        (b":0a1b", b"", "0a1b"),
        (b"\xef\xbb\xbfue:0a1b", b"ue", "0a1b"),
    ],
)
def test_a_line_gives_a_key_to_an_identity(line: bytes, identity: bytes, key: str) -> None:
    identities = read(line)
    assert identities.keys[identity] == bytes.fromhex(key)
    assert identities.for_all is None


def test_a_key_alone_is_for_all() -> None:
    assert read(b"0a1b\n").for_all == read(b"0x0A1B").for_all == b"\x0a\x1b"


def test_comments_and_blank_lines_say_nothing() -> None:
    identities = read(b"# keys of the lab\r\n\r\n#ue:not hex\n# 75:0a\nue:0a\n")
    assert identities.keys == {b"ue": b"\x0a"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"ue:0a\nue-18:secret\n", "line 2 is no identity and key in hex"),
        (b"ue-17", "line 1 is no identity"),
        (b"ue:", "line 1 is no identity"),
        (b"ue:0a 0b", "line 1 is no identity"),
        (b"ue:0a1", "line 1 is no identity"),
        (b"ue:0a\nue:0b\n", "line 2 gives another key for an identity"),
        (b"0a\n0b\n", "line 2 gives another key for every identity"),
        (b"a" * 65_536 + b":0a", "line 1 has an identity of more than 65535 bytes"),
        (b"a:" + b"0a" * 65_536, "line 1 has a key of more than 65535 bytes"),
    ],
)
def test_what_is_no_key_is_told_by_its_line_alone(text: bytes, told: str) -> None:
    with pytest.raises(PskError, match=told) as caught:
        read(text)
    assert "secret" not in str(caught.value)


def test_a_line_may_stand_twice() -> None:
    assert read(b"ue:0a\nue:0A\n0b\n0b\n").keys == {b"ue": b"\x0a"}


def test_no_key_is_shown() -> None:
    assert repr(read(b"ue:0a1b\n0a1b")) == "<Identities: 1>"


@given(st.binary())
def test_noise_is_refused_or_taken(text: bytes) -> None:
    with suppress(PskError):
        assert all(read(text).keys.values())
