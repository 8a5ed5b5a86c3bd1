# SPDX-License-Identifier: GPL-2.0-only
"""Messages as values."""

from __future__ import annotations

import pytest
from hypothesis import given

from dissectors.coap.message import Walker, dissect, in_force, knowing
from dissectors.coap.wire import Defect, option_table

from .samples import ANY_BYTES, SAMPLES, TOKEN_300


def test_request_of_rfc_7252() -> None:
    message = dissect(SAMPLES["get with token"])
    assert (message.version, message.type, message.tkl, message.code) == (1, 0, 1, 1)
    assert (message.message_id, message.token, message.token_offset) == (0x7D35, b"\x20", 4)
    [path] = message.options
    assert (path.number, path.name, path.value) == (11, "Uri-Path", b"temperature")
    assert (path.offset, path.value_offset) == (5, 6)
    assert (message.payload_offset, message.payload) == (-1, b"")
    assert message.readable
    assert not message.flaws


def test_response_of_rfc_7252() -> None:
    message = dissect(SAMPLES["piggybacked"])
    assert (message.type, message.code, message.payload) == (2, 0x45, b"22.3 C")
    assert message.payload_offset == 5


def test_payload_without_options() -> None:
    assert dissect(b"\x40\x02\x00\x01\xffhello").payload == b"hello"
    assert dissect(b"\x40\x02\x00\x01\xffhello").options == ()


def test_extended_tokens_of_rfc_8974() -> None:
    message = dissect(SAMPLES["token of 300 bytes"])
    assert (message.tkl, message.token, message.token_offset) == (14, TOKEN_300, 6)
    assert message.payload == b"22.3 C"
    assert dissect(SAMPLES["token of 14 bytes"]).token == bytes(range(14))


def test_uint_options() -> None:
    message = dissect(SAMPLES["observe accepted"])
    assert message.uint(6) == 9
    assert message.uint(14) == 15
    assert message.uint(12) is None
    assert dissect(b"\x40\x02\x00\x01\xc5\x01\x02\x03\x04\x05").uint(12) is None


def test_options_may_repeat() -> None:
    message = dissect(b"\x40\x01\x00\x01\xb1a\x01b")
    assert [option.value for option in message.all(11)] == [b"a", b"b"]
    first = message.first(11)
    assert first is not None
    assert first.value == b"a"
    assert first.spec is not None
    assert message.first(12) is None


def test_after_a_format_error_what_was_read_stays() -> None:
    message = dissect(b"\x40\x01\x00\x01\xb1a\xf0rest")
    assert [option.value for option in message.options] == [b"a"]
    assert [flaw.kind for flaw in message.flaws] == [Defect.DELTA_15]
    assert not message.readable
    assert message.payload == b""


@pytest.mark.parametrize("kept", range(5))
def test_a_cut_message_is_readable_from_its_whole_header_on(kept: int) -> None:
    message = dissect(b"\x40\x01\x00\x01"[:kept], cut=True)
    assert message.readable == (kept == 4)


@given(ANY_BYTES, ANY_BYTES)
def test_a_walker_remembers_nothing(before: bytes, data: bytes) -> None:
    walker = Walker(200)
    walker.message(before)
    assert walker.message(data) == dissect(data)


@given(ANY_BYTES)
def test_options_and_payload_account_for_every_byte(data: bytes) -> None:
    """A message without a format error has no byte that belongs to nothing."""
    message = dissect(data)
    if message.readable and message.code:
        at = message.token_offset + len(message.token)
        for option in message.options:
            assert option.offset == at
            at = option.value_offset + len(option.value)
        end = len(data) if message.payload_offset < 0 else message.payload_offset - 1
        assert at == end


def test_options_that_are_known_besides() -> None:
    """oneM2M-RSC of three bytes: unknown, or known and too long."""
    data = bytes.fromhex("40 45 00 01 e3 00 26 01 02 03")
    known = option_table("oneM2M")
    for message, kind in (
        (dissect(data), Defect.CRITICAL_UNKNOWN),
        (dissect(data, table=known), Defect.LENGTH_CRITICAL),
        (Walker(20, known).message(data), Defect.LENGTH_CRITICAL),
    ):
        assert [flaw.kind for flaw in message.flaws] == [kind]
        assert [option.name for option in message.options] == ["oneM2M-RSC"]


def test_options_in_force() -> None:
    known = option_table("oneM2M")
    with knowing(known):
        assert in_force() is known
    assert in_force() is option_table()
