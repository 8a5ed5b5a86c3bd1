# SPDX-License-Identifier: GPL-2.0-only
"""Conversations over TCP for tests: RFC 8323 messages in segments.

    talk = Connection().opens().csm("client").csm("server").send("GET", path="/a").send("2.05")

Each method adds one segment and returns the connection; `opens` adds the three of the handshake.
Requests and signalling are the client's and responses the server's unless `by` says otherwise; a
response has the token of the newest request.
"""

from __future__ import annotations

import struct
from typing import Any, Self

from dissectors.coap import numbers
from dissectors.coap.values import code_number, encode_options

from .conversation import Conversation, Frame, Options, Side, _token_length, pairs_of

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
_EXTENSIONS = ((13, 1), (269, 2), (65805, 4))


def framed(
    code: str | int,
    *,
    token: bytes = b"",
    options: Options = (),
    payload: bytes = b"",
    path: str = "",
    websocket: bool = False,
    **named: Any,
) -> bytes:
    """The bytes of a message in a stream, or in a WebSocket message, where Len is 0."""
    number = code if isinstance(code, int) else code_number(code)
    tkl, longer = _token_length(token)
    body = encode_options(pairs_of(options, path, named))
    body += b"\xff" + payload if payload else b""
    first, extension = (0 if websocket else len(body)), b""
    for nibble, (base, size) in enumerate(_EXTENSIONS, 13):
        if base <= len(body) < base + 256**size and not websocket:
            first, extension = nibble, (len(body) - base).to_bytes(size, "big")
            break
    return bytes([first << 4 | tkl]) + extension + bytes([number]) + longer + token + body


class Connection(Conversation):
    """What was captured of one TCP connection, segment by segment."""

    def __init__(
        self, client: str = "192.0.2.1:40000", server: str = "192.0.2.2:5683", **frame: Any
    ) -> None:
        super().__init__(client, server, **frame)
        self._next = {"client": 0x1000, "server": 0x9000}
        self._token = b""

    def opens(self) -> Self:
        """SYN, SYN ACK, ACK."""
        self.segment(by="client", flags=SYN)
        self.segment(by="server", flags=SYN | ACK)
        return self.segment(by="client", flags=ACK)

    def csm(self, by: Side, **fields: Any) -> Self:
        """A CSM."""
        return self.send("7.01", by=by, **fields)

    def agrees(self, **fields: Any) -> Self:
        """The handshake and a CSM of each side, both with `fields`."""
        return self.opens().csm("client", **fields).csm("server", **fields)

    def send(self, code: str | int, *, by: Side | None = None, **fields: Any) -> Self:
        """One message in one segment; `fields` are those of `framed`."""
        number = code if isinstance(code, int) else code_number(code)
        response = numbers.is_response(number)
        if response:
            fields.setdefault("token", self._token)
        elif numbers.is_request(number):
            self._token = fields.get("token", b"")
        return self.segment(framed(code, **fields), by=by or ("server" if response else "client"))

    def ends(self, by: Side = "client") -> Self:
        """FIN ACK."""
        return self.segment(by=by, flags=FIN | ACK)

    def segment(
        self,
        data: bytes = b"",
        *,
        by: Side = "client",
        flags: int = PSH | ACK,
        sequence: int | None = None,
        lost: bool = False,
        **frame: Any,
    ) -> Self:
        """A segment with any bytes; `lost`: it was sent, and is not in the capture."""
        other: Side = "server" if by == "client" else "client"
        at = self._next[by] if sequence is None else sequence
        acknowledged = self._next[other] if flags & ACK else 0
        if sequence is None:
            self._next[by] = at + len(data) + (1 if flags & (SYN | FIN) else 0)
        ends = (self.client, self.server) if by == "client" else (self.server, self.client)
        if lost:
            return self
        header = struct.pack(
            ">HHIIBBHHH", ends[0].port, ends[1].port, at, acknowledged, 5 << 4, flags, 0xFFFF, 0, 0
        )
        ip_id = self._ip_ids[ends[0].host] = self._ip_ids.get(ends[0].host, 0) + 1
        return self.add(
            Frame(self._clock, *ends, data, **({"ip_id": ip_id, "tcp": header + data} | frame))
        )
