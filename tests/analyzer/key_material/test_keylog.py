# SPDX-License-Identifier: GPL-2.0-only
"""Key logs as SSLKEYLOGFILE has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.secrets.keylog import CLIENT_RANDOM, CLIENT_TRAFFIC, SERVER_HANDSHAKE, KeyLog

RANDOM = bytes(range(32))


def line(label: str = CLIENT_RANDOM, random: bytes = RANDOM, secret: bytes = b"m" * 48) -> bytes:
    return f"{label} {random.hex()} {secret.hex()}\n".encode()


def read(text: bytes) -> KeyLog:
    log = KeyLog()
    log.add(text)
    return log


def test_secrets_are_found_by_label_and_client_random() -> None:
    log = read(
        b"# SSL/TLS secrets log file\n\n"
        + line()
        + line(CLIENT_TRAFFIC, secret=b"c" * 32).replace(b"\n", b"\r\n")
        + line(SERVER_HANDSHAKE, secret=b"s" * 48).upper()
    )
    assert log.secret(CLIENT_RANDOM, RANDOM) == b"m" * 48
    assert log.secret(CLIENT_TRAFFIC, RANDOM) == b"c" * 32
    assert log.secret(SERVER_HANDSHAKE, RANDOM) == b"s" * 48
    assert log.secret(CLIENT_RANDOM, RANDOM[::-1]) is None
    assert len(log) == 3
    assert log.malformed == 0


def test_other_labels_are_passed_over() -> None:
    log = read(b"RSA 0a0b 0c0d\nEXPORTER_SECRET 0a 0b\nECH_CONFIG 0a 0b\nSOMETHING_NEW 1 2 3\n")
    assert len(log) == log.malformed == 0


@pytest.mark.parametrize(
    "wrong",
    [
        b"CLIENT_RANDOM\n",
        b"CLIENT_RANDOM 00 11\n",
        line(secret=b"m" * 47),
        line(random=RANDOM[1:]),
        line(CLIENT_TRAFFIC, secret=b"t" * 31),
        line().replace(b"\n", b" 00\n"),
        line().replace(b"6d", b"zz"),
        line().replace(b"6d", b"\xff\xff"),
        b"nonsense\n",
        b"\0\0\0\0\n",
    ],
)
def test_what_is_none_is_counted(wrong: bytes) -> None:
    log = read(wrong + line(random=b"o" * 32))
    assert log.malformed == 1
    assert len(log) == 1


def test_no_secret_is_shown() -> None:
    assert repr(read(line())) == "<KeyLog: 1 secrets>"


@given(st.binary())
def test_noise_gives_nothing(text: bytes) -> None:
    assert len(read(text)) == 0
