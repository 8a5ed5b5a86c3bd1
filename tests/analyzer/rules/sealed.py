# SPDX-License-Identifier: GPL-2.0-only
"""Messages sealed by OSCORE: the fields of what stands outside, for a Conversation.

ends = Ends()
talk = Conversation().con("POST", **ends.asked("GET", path="/a"))
talk.ack("2.04", **ends.answered("2.05", payload=b"1"))
"""

from __future__ import annotations

from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from analyzer.decryption.oscore_contexts import Contexts, Sender
from analyzer.secrets.oscore_context import Context
from dissectors.coap.numbers import Type

from .conversation import coap

CONTEXT: Final = Context(
    "RFC 8613 C.1",
    bytes.fromhex("0102030405060708090a0b0c0d0e0f10"),
    bytes.fromhex("9e7ca92223786340"),
    b"",
    b"\x01",
)


class Ends:
    """A client and a server with a context. Sequence numbers are given, or count from 0."""

    def __init__(self, context: Context = CONTEXT, asked: bytes = b"\0") -> None:
        """`asked`: the Partial IV of the request that `answered` answers first."""
        (self._client,) = Contexts([context]).senders(context.client_id, None)
        self._next = {self._client: 0, self._client.peer: 0}
        self._asked = asked

    def asked(self, code: str, piv: int = -1, /, **inside: Any) -> dict[str, Any]:
        """A request; kid context is left out."""
        self._asked = number = self._numbered(self._client, piv)
        option = bytes([8 | len(number)]) + number + self._client.id
        return self._sealed(self._client, number, option, code, inside)

    def answered(self, code: str, piv: int | None = None, /, **inside: Any) -> dict[str, Any]:
        """A response to the newest request, with the nonce of that unless a Partial IV is given;
        -1: the next one."""
        server = self._client.peer
        if piv is None:
            return self._sealed(server, b"", b"", code, inside)
        number = self._numbered(server, piv)
        return self._sealed(server, number, bytes([len(number)]) + number, code, inside)

    def _numbered(self, sender: Sender, piv: int) -> bytes:
        piv = self._next[sender] if piv < 0 else piv
        self._next[sender] = piv + 1
        return piv.to_bytes(max(1, (piv.bit_length() + 7) // 8), "big")

    def _sealed(
        self, sender: Sender, number: bytes, option: bytes, code: str, inside: dict[str, Any]
    ) -> dict[str, Any]:
        plain = coap(Type.NON, code, **inside)
        nonce = sender.nonce(number) if number else self._client.nonce(self._asked)
        aead = AESCCM(sender.context.key(sender.id), tag_length=8)
        plaintext = plain[1:2] + plain[4:]
        sealed = aead.encrypt(nonce, plaintext, self._client.aad(self._asked))
        return {"oscore": option, "payload": sealed}
