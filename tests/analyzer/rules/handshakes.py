# SPDX-License-Identifier: GPL-2.0-only
"""Handshakes of DTLS 1.2 with a pre-shared key, written by hand; what is protected is not what any
key opens."""

from __future__ import annotations

from typing import Final, Self

from .conversation import Conversation, Side

UE, SERVER = "10.0.0.2:49152", "10.0.0.1:5684"
PSK_CCM_8: Final = 0xC0A8
CLIENT_HELLO, SERVER_HELLO, SERVER_HELLO_DONE, CLIENT_KEY_EXCHANGE, FINISHED = 1, 2, 14, 16, 20
HELLO_VERIFY_REQUEST: Final = 3
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, TLS12_CID = 20, 21, 22, 23, 25
CLOSE_NOTIFY, BAD_RECORD_MAC, DECRYPT_ERROR, UNKNOWN_PSK_IDENTITY = 0, 20, 51, 115
_VERSION: Final = b"\xfe\xfd"


def _vector(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content


class Handshakes(Conversation):
    """What a UE and a server send each other, a record in each datagram."""

    def __init__(self, cid: bytes = b"") -> None:
        super().__init__(UE, SERVER)
        self._cid = cid  # in records to the server
        self._sequence = 0

    def record(
        self,
        kind: int,
        content: bytes,
        by: Side = "client",
        epoch: int = 0,
        cid: bytes = b"",
        source: str = "",
    ) -> Self:
        """A record (RFC 6347 clause 4.1, RFC 9146 clause 4)."""
        self._sequence += 1
        number = (epoch << 48 | self._sequence).to_bytes(8, "big")
        data = bytes([kind]) + _VERSION + number + cid + _vector(content, 2)
        return self.raw(data, by=by, source=source)

    def message(self, kind: int, body: bytes, number: int, by: Side = "client") -> Self:
        """A handshake message in one piece."""
        head = bytes([kind]) + len(body).to_bytes(3, "big") + number.to_bytes(2, "big")
        return self.record(HANDSHAKE, head + bytes(3) + _vector(body, 3), by)

    def hello(self, cookie: bytes = b"") -> Self:
        """A ClientHello, the second one with the cookie asked for."""
        suites = _vector(PSK_CCM_8.to_bytes(2, "big"), 2)
        body = _VERSION + bytes(32) + b"\0" + _vector(cookie, 1) + suites + b"\x01\0"
        return self.message(CLIENT_HELLO, body + self._extensions(b""), 1 if cookie else 0)

    def verify(self, cookie: bytes = b"c00k1e") -> Self:
        """A HelloVerifyRequest."""
        return self.message(HELLO_VERIFY_REQUEST, _VERSION + _vector(cookie, 1), 0, "server")

    def answer(self) -> Self:
        """ServerHello and ServerHelloDone."""
        body = _VERSION + bytes(32) + b"\0" + PSK_CCM_8.to_bytes(2, "big") + b"\0"
        self.message(SERVER_HELLO, body + self._extensions(self._cid), 0, "server")
        return self.message(SERVER_HELLO_DONE, b"", 1, "server")

    def hellos(self) -> Self:
        """Both hellos, and ServerHelloDone."""
        return self.hello().answer()

    def keys(self, identity: bytes = b"ue-7") -> Self:
        """ClientKeyExchange, ChangeCipherSpec and Finished of the client."""
        self.message(CLIENT_KEY_EXCHANGE, _vector(identity, 2), 1)
        return self.finished("client")

    def finished(self, by: Side) -> Self:
        """ChangeCipherSpec and a protected Finished."""
        self.record(CHANGE_CIPHER_SPEC, b"\x01", by)
        return self.record(HANDSHAKE, bytes(40), by, epoch=1)

    def stands(self) -> Self:
        """A whole handshake."""
        return self.hellos().keys().finished("server")

    def data(self, by: Side = "client", source: str = "") -> Self:
        """Application data."""
        if self._cid and by == "client":
            return self.record(TLS12_CID, bytes(30), by, epoch=1, cid=self._cid, source=source)
        return self.record(APPLICATION_DATA, bytes(30), by, epoch=1, source=source)

    def alert(self, description: int, by: Side = "server", level: int = 2) -> Self:
        """An alert in clear."""
        return self.record(ALERT, bytes([level, description]), by)

    def later(self, seconds: float) -> Self:
        """Something else, after so long: the capture has gone on."""
        self.wait(seconds).raw("40000001", source="10.0.0.3:5683")
        return self.raw("70000001", by="server", destination="10.0.0.3:5683")

    def _extensions(self, cid: bytes) -> bytes:
        if not self._cid:
            return b""
        return _vector((54).to_bytes(2, "big") + _vector(_vector(cid, 1), 2), 2)
