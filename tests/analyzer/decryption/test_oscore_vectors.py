# SPDX-License-Identifier: GPL-2.0-only
"""The test vectors of RFC 8613 Appendix C."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from analyzer.decryption.oscore import Contexts, Unprotected, Unprotector
from analyzer.secrets.oscore_context import Context

SECRET = bytes.fromhex("0102030405060708090a0b0c0d0e0f10")
SALT = bytes.fromhex("9e7ca92223786340")
ONE = Context("C.1", SECRET, SALT, b"", b"\x01")
TWO = Context("C.2", SECRET, b"", b"\x00", b"\x01")
THREE = Context("C.3", SECRET, SALT, b"", b"\x01", bytes.fromhex("37cbf3210017a2d3"))


@pytest.mark.parametrize(
    ("context", "client", "server", "common_iv"),
    [
        (
            ONE,
            "f0910ed7295e6ad4b54fc793154302ff",
            "ffb14e093c94c9cac9471648b4f98710",
            "4622d4dd6d944168eefb54987c",
        ),
        (
            TWO,
            "321b26943253c7ffb6003b0b64d74041",
            "e57b5635815177cd679ab4bcec9d7dda",
            "be35ae297d2dace910c52e99f9",
        ),
        (
            THREE,
            "af2a1300a5e95788b356336eeecd2b92",
            "e39a0c7c77b43f03b4b39ab9a268699f",
            "2ca58fb85ff1b81c0b7181b85e",
        ),
    ],
    ids=("C.1", "C.2", "C.3"),
)
def test_keys(context: Context, client: str, server: str, common_iv: str) -> None:
    assert context.key(context.client_id).hex() == client
    assert context.key(context.server_id).hex() == server
    assert context.common_iv().hex() == common_iv


@pytest.mark.parametrize(
    ("context", "client", "server"),
    [
        (ONE, "4622d4dd6d944168eefb54987c", "4722d4dd6d944169eefb54987c"),
        (TWO, "bf35ae297d2dace910c52e99f9", "bf35ae297d2dace810c52e99f9"),
        (THREE, "2ca58fb85ff1b81c0b7181b85e", "2da58fb85ff1b81d0b7181b85e"),
    ],
    ids=("C.1", "C.2", "C.3"),
)
def test_nonces_of_sequence_number_zero(context: Context, client: str, server: str) -> None:
    contexts = Contexts([context])
    for id, nonce in ((context.client_id, client), (context.server_id, server)):
        (sender,) = contexts.senders(id, context.id_context)
        assert sender.nonce(b"\0").hex() == nonce


class Exchange(NamedTuple):
    clear: str
    protected: str


C4 = Exchange(
    "44015d1f00003974396c6f63616c686f737483747631",
    "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e",
)
C5 = Exchange(
    "440171c30000b932396c6f63616c686f737483747631",
    "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0",
)
C6 = Exchange(
    "44012f8eef9bbf7a396c6f63616c686f737483747631",
    "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff72cd7273fd331ac45cffbe55c3",
)
C7 = Exchange(
    "64455d1f00003974ff48656c6c6f20576f726c6421",
    "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106",
)
C8 = Exchange(
    "64455d1f00003974ff48656c6c6f20576f726c6421",
    "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6cf88e",
)


def took(unprotector: Unprotector, message: str, request: bool) -> Unprotected:
    ends = ("client", "server") if request else ("server", "client")
    result = unprotector.take(bytes.fromhex(message), *ends, 0, 1, False)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("context", "request_", "response", "piv"),
    [
        (ONE, C4, None, -1),
        (TWO, C5, None, -1),
        (THREE, C6, None, -1),
        (ONE, C4, C7, -1),
        (ONE, C4, C8, 0),
    ],
    ids=("C.4", "C.5", "C.6", "C.7", "C.8"),
)
def test_messages(
    context: Context, request_: Exchange, response: Exchange | None, piv: int
) -> None:
    unprotector = Unprotector(Contexts([ONE, TWO, THREE]))
    asked = took(unprotector, request_.protected, True)
    assert asked.message.hex() == request_.clear
    assert (asked.context, asked.kid, asked.piv) == (context.name, context.client_id, 20)
    if response is not None:
        answered = took(unprotector, response.protected, False)
        assert answered.message.hex() == response.clear
        assert (answered.context, answered.kid, answered.piv) == ("C.1", b"\x01", piv)
