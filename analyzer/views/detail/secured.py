# SPDX-License-Identifier: GPL-2.0-only
"""What the handshake of a protected flow agreed on, in brackets: no packet of its messages says
so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analyzer.views.detail.nodes import Node
from analyzer.views.escape import escape
from analyzer.views.inks import line
from analyzer.views.wording import plural

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.decryption.security import Security

_MOST_TEXT: Final = 200


def security_node(flow: SecuredFlow) -> Node:
    """`[DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8]`, below it all that is known."""
    security = flow.security
    transport = security.transport.lower()
    agreed = [part for part in (security.version_name, security.suite_name) if part]
    words = f"[{', '.join(agreed) or security.transport}]"
    children = tuple(
        Node(
            line(f"[{title}: {value}]", "warning" if title in _ODD else ""),
            key=title,
            field=f"{transport}.{field}" if field else "",
        )
        for title, value, field in _facts(flow)
    )
    return Node(line(words), None, children, key="security")


_ODD: Final = frozenset(("Alert", "Not read"))


def _facts(flow: SecuredFlow) -> Iterator[tuple[str, str, str]]:
    """Title, value, and the name of its field behind the transport."""
    security = flow.security
    yield "Client", str(flow.client), ""
    yield "Server", str(flow.server), ""
    if security.version:
        yield "Version", security.version_name, "handshake.version"
    if security.suite_name:
        yield "Cipher suite", security.suite_name, "handshake.ciphersuite"
    yield from _names(security)
    if security.resumed:
        yield "Resumed", "yes", "resumed"
    for title, agreed in (
        ("Extended master secret", security.extended_master_secret),
        ("Encrypt-then-MAC", security.encrypt_then_mac),
    ):
        if agreed:
            yield title, "yes", ""
    for title, cid in (
        ("Connection ID to the client", security.client_cid),
        ("Connection ID to the server", security.server_cid),
    ):
        if cid is not None:
            yield title, cid.hex() or "(empty)", ""
    yield from _course(flow, security)


def _names(security: Security) -> Iterator[tuple[str, str, str]]:
    for title, name, field in (
        ("PSK identity", security.psk_identity, "handshake.identity"),
        ("PSK hint", security.psk_hint, ""),
        ("Server Name", security.server_name, "handshake.extensions_server_name"),
        ("ALPN", b", ".join(security.alpn), ""),
    ):
        if name:
            yield title, escape(name.decode("utf-8", "backslashreplace"), _MOST_TEXT), field
    for title, subject in (
        ("Client certificate", security.client_subject),
        ("Server certificate", security.server_subject),
    ):
        if subject:
            yield title, escape(subject, _MOST_TEXT), ""


def _course(flow: SecuredFlow, security: Security) -> Iterator[tuple[str, str, str]]:
    """How it went."""
    for title, count in (
        ("Handshakes", security.handshakes if security.handshakes > 1 else 0),
        ("Cookie exchanges", security.cookie_exchanges),
        ("Handshake retransmissions", security.handshake_retransmissions),
    ):
        if count:
            yield title, str(count), ""
    for alert in security.alerts:
        sender = flow.client if alert.forward else flow.server
        yield "Alert", f"{alert.text}, from {sender} in frame {alert.frame}", ""
    if security.first_frame >= 0:
        yield "Seen in frames", f"{security.first_frame} to {security.last_frame}", ""
    yield "Read", plural(flow.opened, "record"), ""
    if flow.opaque:
        why = f": {escape(security.detail, _MOST_TEXT)}" if security.detail else ""
        yield "Not read", f"{plural(flow.opaque, 'record')}{why}", ""
