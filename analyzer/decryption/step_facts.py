# SPDX-License-Identifier: GPL-2.0-only
"""What matters of a handshake message, in a line: `DTLS 1.2, 3 suites, cookie of 20 bytes`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analyzer.decryption.security import quoted
from dissectors.tls import numbers
from dissectors.tls.certificate import read_certificate
from dissectors.tls.handshake import (
    Certificate,
    ClientHello,
    ClientKeyExchange,
    EncryptedExtensions,
    HelloVerifyRequest,
    NewConnectionId,
    NewSessionTicket,
    ServerHello,
    ServerKeyExchange,
)

if TYPE_CHECKING:
    from analyzer.decryption.security import Security
    from dissectors.tls.extensions import Extensions
    from dissectors.tls.handshake import Message

_MOST_NAME: Final = 120
_MOST_OCTETS: Final = 32
_SIGNALLING: Final = frozenset({0x00FF, 0x5600})
"""Suites that are none: renegotiation (RFC 5746), fallback (RFC 7507)."""


def facts_of(message: Message, security: Security) -> str:
    """A whole message, which `security` knows already. What peers sent is not escaped."""
    if message.error:
        return f"malformed: {message.error}"
    return ", ".join(_facts(message, security))


def _facts(message: Message, security: Security) -> Iterator[str]:
    value = message.value
    if isinstance(value, ClientHello):
        yield from _client_hello(value)
    elif isinstance(value, ServerHello):
        yield from _server_hello(value, security)
    elif isinstance(value, HelloVerifyRequest):
        yield _cookie(value.cookie)
    elif isinstance(value, EncryptedExtensions):
        yield from _named("ALPN", *value.extensions.alpn[:4])
    elif isinstance(value, Certificate):
        yield from _certificate(value)
    elif isinstance(value, ServerKeyExchange):
        if value.group:
            yield numbers.GROUPS.get(value.group, f"group {value.group}")
        yield from _named("hint", value.psk_hint)
    elif isinstance(value, ClientKeyExchange):
        yield from _named("identity", value.psk_identity)
    elif isinstance(value, NewSessionTicket):
        yield f"ticket of {len(value.ticket)} bytes, for {value.lifetime} s"
    elif isinstance(value, NewConnectionId):
        yield f"{len(value.cids)} Connection IDs"


def _client_hello(hello: ClientHello) -> Iterator[str]:
    extensions = hello.extensions
    versions = [v for v in extensions.versions if v in numbers.VERSIONS]
    newest = (min if hello.version >> 8 == 0xFE else max)(versions, default=hello.version)
    yield _version(newest)
    suites = [suite for suite in hello.suites if suite not in _SIGNALLING]
    yield numbers.suite_name(suites[0]) if len(suites) == 1 else f"{len(suites)} suites"
    if hello.cookie or extensions.cookie:
        yield _cookie(hello.cookie or extensions.cookie)
    yield from _named("server name", extensions.server_name)
    yield from _named("identity", *extensions.psk_identities[:4])
    yield from _named("ALPN", *extensions.alpn[:4])
    if extensions.ticket:
        yield "asks to resume by a ticket"
    elif hello.session_id and newest not in (numbers.TLS_1_3, numbers.DTLS_1_3):
        yield "asks to resume a session"
    yield from _agreeable(extensions)


def _server_hello(hello: ServerHello, security: Security) -> Iterator[str]:
    yield _version(hello.version)
    yield numbers.suite_name(hello.suite)
    if hello.extensions.cookie:
        yield _cookie(hello.extensions.cookie)
    if security.resumed and not hello.retry:
        yield "session resumed"
    yield from _named("ALPN", *hello.extensions.alpn[:4])
    yield from _agreeable(hello.extensions)


def _agreeable(extensions: Extensions) -> Iterator[str]:
    cid = extensions.connection_id
    if cid is not None:
        yield f"Connection ID {cid[:_MOST_OCTETS].hex() or '(empty)'}"
    if extensions.extended_master_secret:
        yield "extended master secret"


def _certificate(value: Certificate) -> Iterator[str]:
    if not value.chain:
        yield "none"
        return
    yield read_certificate(value.chain[0]).subject[:_MOST_NAME] or "no subject"
    if len(value.chain) > 1:
        yield f"{len(value.chain)} certificates"


def _named(what: str, *names: bytes) -> Iterator[str]:
    for name in names:
        if name:
            yield f"{what} {quoted(name)}"


def _cookie(cookie: bytes) -> str:
    return f"cookie of {len(cookie)} bytes"


def _version(version: int) -> str:
    return numbers.VERSIONS.get(version, f"version 0x{version:04x}")
