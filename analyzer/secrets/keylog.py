# SPDX-License-Identifier: GPL-2.0-only
"""NSS key log: a line for each secret, `LABEL client_random secret` in hex (RFC 9850).

SSLKEYLOGFILE makes OpenSSL, GnuTLS, NSS and others write it. Labels that open no record, such as
RSA and EXPORTER_SECRET, are passed over.
"""

from __future__ import annotations

from typing import Final

CLIENT_RANDOM: Final = "CLIENT_RANDOM"
"""The label of a master secret (TLS 1.2, DTLS 1.2)."""
CLIENT_EARLY: Final = "CLIENT_EARLY_TRAFFIC_SECRET"
CLIENT_HANDSHAKE: Final = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
SERVER_HANDSHAKE: Final = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
CLIENT_TRAFFIC: Final = "CLIENT_TRAFFIC_SECRET_0"
SERVER_TRAFFIC: Final = "SERVER_TRAFFIC_SECRET_0"

_RANDOM: Final = 32  # bytes
_TRAFFIC: Final = frozenset({32, 48})
_LENGTHS: Final = {
    CLIENT_RANDOM.encode(): frozenset({48}),
    **{
        label.encode(): _TRAFFIC
        for label in (
            CLIENT_EARLY,
            CLIENT_HANDSHAKE,
            SERVER_HANDSHAKE,
            CLIENT_TRAFFIC,
            SERVER_TRAFFIC,
        )
    },
}


class KeyLog:
    """The secrets of key logs, by label and client random. Its repr has none."""

    def __init__(self) -> None:
        self._secrets: dict[tuple[bytes, bytes], bytes] = {}
        self.malformed = 0
        """Lines that are none of a key log."""

    def __len__(self) -> int:
        return len(self._secrets)

    def secret(self, label: str, client_random: bytes) -> bytes | None:
        return self._secrets.get((label.encode(), client_random))

    def add(self, text: bytes) -> None:
        """Take lines; what they say counts over what was said before."""
        for line in text.splitlines():
            self._take(line)

    def _take(self, line: bytes) -> None:
        words = line.split()
        if not words or words[0].startswith(b"#"):
            return
        lengths = _LENGTHS.get(words[0])
        if lengths is None:
            # Unknown labels come with every draft; text without a second word has no label at all.
            self.malformed += len(words) < 3
            return
        try:
            random, secret = (bytes.fromhex(word.decode("ascii")) for word in words[1:])
        except ValueError:
            self.malformed += 1
            return
        if len(random) == _RANDOM and len(secret) in lengths:
            self._secrets[words[0], random] = secret
        else:
            self.malformed += 1

    def __repr__(self) -> str:
        return f"<KeyLog: {len(self)} secrets>"
