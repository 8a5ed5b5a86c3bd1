# SPDX-License-Identifier: GPL-2.0-only
"""DTLS associations: the first byte chooses a recorded handshake, the rest changes it (edits).

What authenticates was sent, whatever stands between: no changed record gives a plaintext.
"""

from __future__ import annotations

from functools import cache

from decryption import recorded

from analyzer.decryption.dtls import Association
from analyzer.decryption.epoch_keys import Opened
from analyzer.decryption.sessions import SessionCache
from analyzer.secrets.model import Secrets
from fuzz.targets.edits import Sent, edited

MOST_HELD = 1 << 20


def run(data: bytes) -> None:
    name = recorded.NAMES[data[0] % len(recorded.NAMES)] if data else recorded.NAMES[0]
    sent, secrets, said = _recording(name)
    for given in (secrets, None):
        association = Association(given, SessionCache())
        for frame, one in enumerate(edited(sent, data[1:]), 1):
            found = association.take(one.data, one.forward, frame, frame * 1000)
            _check(association, one, found, said if given is not None else frozenset())


def _check(
    association: Association, sent: Sent, found: list[Opened], said: frozenset[bytes]
) -> None:
    at = 0
    for one in found:
        assert at <= one.offset < one.end <= len(sent.data)
        assert one.plaintext in said
        at = one.end
    security = association.security
    assert association.held <= MOST_HELD
    assert security.opened >= 0
    assert len(security.detail) < 400
    assert association.progress is not None
    for cid in (security.client_cid, security.server_cid):
        assert cid is None or len(cid) <= 255


@cache
def _recording(name: str) -> tuple[list[Sent], Secrets, frozenset[bytes]]:
    """A recording, the keys that open it, and all that was said under them."""
    datagrams = recorded.datagrams(name)
    sent = [Sent(one.forward, one.data) for one in datagrams]
    return sent, recorded.secrets(name), _said()


@cache
def _said() -> frozenset[bytes]:
    """What all recordings say: their keys are the same, and so may be their sessions. Each is read
    as one association too, as it is above: a client that has a Connection ID changes its port."""
    said = set[bytes]()
    for name in recorded.NAMES:
        sent, secrets = recorded.datagrams(name), recorded.secrets(name)
        said.update(recorded.read(sent, secrets).texts)
        one = Association(secrets, SessionCache())
        for part in sent:
            found = one.take(part.data, part.forward, part.frame, part.time)
            said.update(opened.plaintext for opened in found)
    return frozenset(said)
