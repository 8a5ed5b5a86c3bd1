# SPDX-License-Identifier: GPL-2.0-only
"""Who is let in: every request, of pages, files and WebSockets alike, has to pass.

A browser sends requests for any page that asks it to. So a request has to name a host that no
stranger's domain can be made to mean (DNS rebinding), one that a page made has to come from our own
page (cross-site WebSocket hijacking: WebSockets know no same-origin policy, RFC 6455 clause 10.2),
and each has to bring the token.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

SHORTEST_TOKEN: Final = 16
"""Characters."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every response: nothing is loaded from elsewhere, and no other page may frame ours."""


class Gate(NamedTuple):
    """What lets requests in; `host` is the name or address that the server is bound to."""

    token: str
    host: str

    def refusal(self, headers: Mapping[str, str], brought: str) -> str:
        """Why a request is refused, "" for one that is let in; `brought` is its token."""
        host = headers.get("Host", "")
        if not self._is_ours(host):
            return "The name in the address is not one of this server: use its IP address"
        origin = headers.get("Origin")
        if origin is not None and not _same_origin(origin, host):
            return "Another page asked for this"
        if not hmac.compare_digest(_octets(brought), _octets(self.token)):
            return "Open the address that msgshark serve printed, with its token"
        return ""

    def _is_ours(self, host: str) -> bool:
        """An address is always ours: only a name can be made to mean another machine."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", self.host.lower(), socket.gethostname().lower()):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _same_origin(origin: str, host: str) -> bool:
    """RFC 6454 clause 5; the scheme may be that of a proxy in front of us."""
    scheme, separator, rest = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and rest.lower() == host.lower()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
