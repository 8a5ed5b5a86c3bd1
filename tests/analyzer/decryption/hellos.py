# SPDX-License-Identifier: GPL-2.0-only
"""Hellos, and records in clear, written by hand."""

from __future__ import annotations

from collections.abc import Iterable

from decryption.sealing import CLIENT_RANDOM, SERVER_RANDOM

DTLS12 = b"\xfe\xfd"


def vector(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content


def extensions(given: dict[int, bytes]) -> bytes:
    listed = (number.to_bytes(2, "big") + vector(body, 2) for number, body in given.items())
    return vector(b"".join(listed), 2)


def message(kind: int, body: bytes, number: int, *, at: int = 0, size: int | None = None) -> bytes:
    """A handshake message of DTLS, or the fragment of it with `size` bytes from `at`."""
    part = body[at:] if size is None else body[at : at + size]
    head = bytes([kind]) + len(body).to_bytes(3, "big") + number.to_bytes(2, "big")
    return head + at.to_bytes(3, "big") + vector(part, 3)


def client_hello(
    suites: Iterable[int],
    given: dict[int, bytes],
    *,
    number: int = 0,
    random: bytes = CLIENT_RANDOM,
    session_id: bytes = b"",
) -> bytes:
    offered = b"".join(suite.to_bytes(2, "big") for suite in suites)
    body = DTLS12 + random + vector(session_id, 1) + b"\0" + vector(offered, 2) + b"\x01\0"
    return message(1, body + extensions(given), number)


def server_hello(
    suite: int,
    given: dict[int, bytes],
    *,
    number: int = 0,
    random: bytes = SERVER_RANDOM,
    session_id: bytes = b"",
) -> bytes:
    body = DTLS12 + random + vector(session_id, 1) + suite.to_bytes(2, "big") + b"\0"
    return message(2, body + extensions(given), number)


def clear(content: bytes, sequence: int, kind: int = 22) -> bytes:
    """A record of epoch 0."""
    return bytes([kind]) + DTLS12 + sequence.to_bytes(8, "big") + vector(content, 2)
