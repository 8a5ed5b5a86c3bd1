# SPDX-License-Identifier: GPL-2.0-only
"""Key schedules, by published vectors."""

from __future__ import annotations

from analyzer.decryption.records import inner
from analyzer.decryption.schedule import (
    expand_label,
    extended_master_secret,
    master_secret,
    premaster_of_psk,
    pseudo_random,
    traffic_opener,
)
from analyzer.decryption.suites import suite


def test_the_pseudo_random_function_is_that_of_tls_1_2() -> None:
    """The vector that was published on the TLS working group's list for P_SHA256."""
    secret = bytes.fromhex("9bbe436ba940f017b17652849a71db35")
    seed = bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
    assert pseudo_random(secret, b"test label", seed, 100, "sha256").hex() == (
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
        "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
        "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
        "87347b66"
    )


def test_a_premaster_secret_has_zeros_for_the_key_exchange_that_is_not() -> None:
    assert premaster_of_psk(b"\x0a\x0b").hex() == "0002000000020a0b"
    assert premaster_of_psk(b"\x0a\x0b", b"shared").hex() == ("0006" + b"shared".hex() + "00020a0b")


def test_master_secrets_differ_by_what_they_are_bound_to() -> None:
    plain = master_secret(b"p", b"c" * 32, b"s" * 32, "sha256")
    extended = extended_master_secret(b"p", b"h" * 32, "sha256")
    assert len(plain) == len(extended) == 48
    assert plain == pseudo_random(b"p", b"master secret", b"c" * 32 + b"s" * 32, 48, "sha256")
    assert extended == pseudo_random(b"p", b"extended master secret", b"h" * 32, 48, "sha256")


CLIENT_HANDSHAKE = bytes.fromhex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21")
FINISHED = bytes.fromhex(
    "170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd"
    "1caeacab6867d726c40546"
)


def test_a_traffic_secret_yields_key_and_iv() -> None:
    """RFC 8448 clause 3."""
    key = expand_label(CLIENT_HANDSHAKE, b"key", b"", 16, "sha256")
    iv = expand_label(CLIENT_HANDSHAKE, b"iv", b"", 12, "sha256")
    assert key.hex() == "dbfaa693d1762c5b666af5d950258d01"
    assert iv.hex() == "5bd3c71b836e0b76bb73265f"


def test_a_record_of_tls_1_3_opens() -> None:
    """The client's Finished of RFC 8448 clause 3."""
    found = suite(0x1301)
    assert found is not None
    opener = traffic_opener(CLIENT_HANDSHAKE, found, dtls=False)
    kind, content = inner(opener.open(23, 0x0303, 0, FINISHED[5:], header=FINISHED[:5]))
    assert kind == 22
    assert content.hex() == (
        "14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61"
    )
    assert inner(opener.open(23, 0x0303, 0, FINISHED[5:])) == (kind, content)
