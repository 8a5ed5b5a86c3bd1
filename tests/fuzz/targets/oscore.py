# SPDX-License-Identifier: GPL-2.0-only
"""OSCORE: messages of the shipped capture, in datagrams or a stream (the first byte), and edits.

What opens was sent: whatever stands around a ciphertext, the contexts open no other.
"""

from __future__ import annotations

from functools import cache

from analyzer.capture import ROW, CaptureFile
from analyzer.decryption.oscore import Contexts, Unprotector
from analyzer.secrets.oscore_files import read_contexts
from dissectors import link
from dissectors.coap import wire
from dissectors.coap.message import dissect
from dissectors.coap.numbers import EDHOC
from fuzz.corpus import CAPTURES
from fuzz.targets.edits import Sent, edited


def run(data: bytes) -> None:
    reliable = bool(data[:1] and data[0] & 1)
    framing = wire.STREAM if reliable else wire.DATAGRAM
    sent, sealed = _recording(reliable)
    for contexts in (_contexts(), Contexts(())):
        unprotector = Unprotector(contexts)
        for frame, one in enumerate(edited(sent, data[1:]), 1):
            ends = ("client", "server") if one.forward else ("server", "client")
            found = unprotector.take(
                one.data, *ends, frame * 1000, frame, reliable, bool(frame % 5)
            )
            if found is None:
                continue
            assert bool(found.message) == (found.reason is None)
            assert found.detail.isprintable()
            assert len(found.kid) <= 16
            assert 0 <= found.replay_of < frame
            assert 0 <= found.reused_with < frame
            if found.message:
                assert contexts
                assert dissect(found.message, framing=framing).data == found.message
                outer = dissect(one.data, framing=framing)
                edhoc = any(option.number == EDHOC for option in outer.options)
                assert outer.payload in sealed or (edhoc and outer.payload.endswith(tuple(sealed)))


@cache
def _contexts() -> Contexts:
    return Contexts(read_contexts(str(CAPTURES / "oscore-context.toml")))


@cache
def _recording(reliable: bool) -> tuple[list[Sent], frozenset[bytes]]:
    """The messages, and the ciphertexts in them."""
    row, sent = link.new_row(), []
    with CaptureFile(CAPTURES / "oscore.pcapng") as capture:
        for batch in capture.batches(None):
            for number in range(batch.count):
                at, size = batch.rows[number * ROW : number * ROW + 2]
                link.walk(batch.data, at, at + size, 1, row)
                message = bytes(batch.data[row[link.PAYLOAD_AT] : row[link.PAYLOAD_END]])
                sent.append(Sent(row[link.DESTINATION_PORT] == 5683, message))
    sealed = frozenset(dissect(one.data).payload for one in sent) - {b""}
    return [_framed(one) if reliable else one for one in sent], sealed


def _framed(sent: Sent) -> Sent:
    """As RFC 8323 frames it."""
    data = sent.data
    token = data[0] & 15
    body = data[4 + token :]
    if len(body) < 13:
        return sent._replace(data=bytes([len(body) << 4 | token, data[1]]) + data[4:])
    head = bytes([13 << 4 | token, len(body) - 13]) if len(body) < 269 else None
    if head is None:
        head = bytes([14 << 4 | token]) + (len(body) - 269).to_bytes(2, "big")
    return sent._replace(data=head + data[1:2] + data[4:])
