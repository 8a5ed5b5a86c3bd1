# SPDX-License-Identifier: GPL-2.0-only
"""What the user may choose about reading a capture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer.profiles.spec import Ignore, SpecProfile
from analyzer.profiles.transmission import DEFAULT, Transmission

if TYPE_CHECKING:
    from analyzer.secrets.model import Secrets


class Settings(NamedTuple):
    """What the user may choose about reading a capture.

    `ports` are UDP ports of CoAP, `dtls_ports` those of CoAP over DTLS, `tcp_ports` and `tls_ports`
    of CoAP over TCP and TLS (RFC 8323), each beside those of IANA.
    `registration_path`: a POST to it that names no other Message Type is a registration.
    `server_uri`: Uri-Path has to be this, the literal reading of TS 24.538 clause 6.3.1.1.1 b).
    `profile`: the spec profile; `ignores`: findings not wanted, beside those the profile ignores;
    `timers`: the transmission profile; `secrets`: what opens protected flows, None for nothing.
    """

    ports: frozenset[int] = frozenset()
    registration_path: str = ""
    server_uri: str = ""
    profile: SpecProfile = SpecProfile()
    ignores: tuple[Ignore, ...] = ()
    timers: Transmission = DEFAULT
    dtls_ports: frozenset[int] = frozenset()
    tcp_ports: frozenset[int] = frozenset()
    tls_ports: frozenset[int] = frozenset()
    secrets: Secrets | None = None
