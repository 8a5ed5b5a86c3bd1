# SPDX-License-Identifier: GPL-2.0-only
"""What is known of one protected flow, and why it stays opaque."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from dissectors.tls.numbers import (
    DTLS_1_3,
    FATAL,
    TLS_1_3,
    VERSIONS,
    alert_words,
    message_name,
    suite_name,
)

if TYPE_CHECKING:
    from analyzer.decryption.steps import Steps

MOST_ALERTS: Final = 32
"""Alerts kept of one flow; later ones are counted alone."""

MOST_RANDOMS: Final = 32
"""Handshakes of a flow whose client random is kept."""
MOST_NAME: Final = 1 << 10
"""Bytes kept of what a peer calls something."""

_MOST_TEXT: Final = 120
_CLOSURES: Final = (-1, 0, 90, 100)  # unknown, close_notify, user_canceled, no_renegotiation


class Reason(StrEnum):
    """Why a flow stays opaque; `Security.detail` says it in a sentence."""

    NO_KEYS = "no keys given"
    NO_HANDSHAKE = "handshake not captured"
    NO_PSK = "identity without key"
    NO_SECRET = "not in key log"
    UNSUPPORTED = "not supported"
    WRONG_KEY = "key wrong"
    UNKNOWN_CID = "Connection ID unknown"
    NO_CRYPTOGRAPHY = "cryptography not installed"
    CUT = "handshake incomplete"
    LOST = "records lost"


class Alert(NamedTuple):
    """RFC 5246 clause 7.2; level and description are -1 while it is encrypted."""

    level: int
    description: int
    forward: bool
    frame: int

    def ends_it(self, newer: bool) -> bool:
        """Whether it is about an error that ends the connection; 1.3 knows no other (RFC 8446
        clause 6.2)."""
        return (newer or self.level == FATAL) and self.description not in _CLOSURES

    @property
    def closes(self) -> bool:
        """Whether the sender has nothing more to say: close_notify (RFC 5246 clause 7.2.1)."""
        return self.description == 0

    @property
    def text(self) -> str:
        if self.level < 0:
            return "encrypted alert"
        return alert_words(self.level, self.description)


class Progress(NamedTuple):
    """How far a handshake came."""

    over: bool
    """It is done, or none was seen."""
    hellos: int
    """ClientHellos seen, repeated ones too."""
    client: bool
    """Something of the client was seen."""
    server: bool
    last: tuple[int, bool] | None
    """Type of its newest message, and whether the client sent it."""

    @property
    def stopped(self) -> str:
        """The message behind which nothing came."""
        if self.last is None:
            return ""
        kind, forward = self.last
        return f"{message_name(kind)} of the {'client' if forward else 'server'}"


class Security:
    """One DTLS association or TLS connection: what its handshake said, and how far it was read.

    What peers sent is not escaped. There are no keys in it.
    """

    __slots__ = (
        "alerts",
        "alerts_seen",
        "alpn",
        "cipher_suite",
        "client_cid",
        "client_random",
        "client_randoms",
        "client_subject",
        "cookie_exchanges",
        "detail",
        "encrypt_then_mac",
        "established",
        "extended_master_secret",
        "finished",
        "first_frame",
        "handshake_retransmissions",
        "handshakes",
        "last_frame",
        "opaque",
        "opened",
        "psk_hint",
        "psk_identity",
        "reason",
        "resumed",
        "server_cid",
        "server_name",
        "server_subject",
        "session_id",
        "steps",
        "tampered",
        "transport",
        "version",
    )

    def __init__(self, transport: str, steps: Steps) -> None:
        self.transport = transport
        """DTLS or TLS."""
        self.steps = steps
        self.handshakes = 0
        """Those that began here; renegotiations count."""
        self.cookie_exchanges = 0
        self.handshake_retransmissions = 0
        self.alerts: list[Alert] = []
        self.alerts_seen = 0
        self.opened = 0
        """Application records that were read."""
        self.opaque = 0
        """Application records that were not."""
        self.tampered = 0
        """Records of any sort that keys were there for and did not open."""
        self.client_randoms: list[bytes] = []
        """Those of all its handshakes, up to MOST_RANDOMS."""
        self.first_frame = -1
        self.last_frame = -1
        self.begin()
        self.handshakes = 0

    def begin(self) -> None:
        """A handshake starts: what an earlier one agreed on holds no more."""
        self.handshakes += 1
        self.steps.handshake = self.handshakes
        self.version = 0
        self.cipher_suite = -1
        self.psk_identity = b""
        self.psk_hint = b""
        self.server_name = b""
        self.alpn: tuple[bytes, ...] = ()
        self.client_subject = ""
        self.server_subject = ""
        self.client_random = b""
        self.session_id = b""
        self.resumed = False
        self.extended_master_secret = False
        self.encrypt_then_mac = False
        self.client_cid: bytes | None = None
        """The Connection ID in records to the client; None when none was agreed on."""
        self.server_cid: bytes | None = None
        self.established = False
        self.finished = [False, False]
        """Whether the client, and the server, has sent what the keys of the handshake protect."""
        self.reason: Reason | None = None
        self.detail = ""

    @property
    def newer(self) -> bool:
        """Whether it is 1.3."""
        return self.version in (TLS_1_3, DTLS_1_3)

    @property
    def has_cids(self) -> bool:
        """Whether its records name the association."""
        return bool(self.server_cid or self.client_cid)

    @property
    def version_name(self) -> str:
        return VERSIONS.get(self.version, f"version 0x{self.version:04x}") if self.version else ""

    @property
    def suite_name(self) -> str:
        return suite_name(self.cipher_suite) if self.cipher_suite >= 0 else ""

    def hello(self, client_random: bytes) -> None:
        """A ClientHello came, or came again."""
        self.client_random = client_random
        known = self.client_randoms
        if len(known) < MOST_RANDOMS and client_random not in known[-1:]:
            known.append(client_random)

    def because(self, reason: Reason, detail: str) -> None:
        """It cannot be read, for this reason."""
        self.reason = reason
        self.detail = detail

    def readable(self) -> None:
        """It can be read: what stood in the way does so no longer."""
        self.reason = None
        self.detail = ""

    def alert(
        self, level: int, description: int, forward: bool, frame: int, epoch: int = 0
    ) -> None:
        self.alerts_seen += 1
        self.steps.alert(level, description, forward, epoch)
        if len(self.alerts) < MOST_ALERTS:
            self.alerts.append(Alert(level, description, forward, frame))

    def holds(self, frame: int) -> bool:
        """Whether a packet is a step of its handshakes, or the first or last one of the flow."""
        ends = (self.first_frame, self.last_frame)
        return frame in ends or any(step.frame == frame for step in self.steps)

    def seen(self, frame: int) -> None:
        if self.first_frame < 0:
            self.first_frame = frame
        self.last_frame = frame


def quoted(name: bytes) -> str:
    """A name that a peer sent, for a sentence: in quotes, of bounded length."""
    text = name[: 4 * _MOST_TEXT].decode("utf-8", "backslashreplace")
    return f'"{text[:_MOST_TEXT]}{"…" if len(text) > _MOST_TEXT else ""}"'
