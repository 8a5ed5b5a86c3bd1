# SPDX-License-Identifier: GPL-2.0-only
"""What a handshake mostly comes to a stop by, as its steps look: never more than a likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer.decryption.steps import Step
from dissectors.tls import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.decryption.security import Security

NO_ANSWER: Final = "mostly no server is there, it has another port, or a firewall is between"
NO_COOKIE: Final = (
    "the client does not come back with the cookie: mostly the HelloVerifyRequest does not reach it"
)
COOKIE_UNANSWERED: Final = (
    "the server says nothing to the hello with its cookie: mostly it takes nothing of what is "
    "offered, or its answer gets lost"
)
FLIGHT_LOST: Final = (
    "the client does not go on: mostly the server's messages do not reach it whole (MTU, fragments)"
)
KEY_DIFFERS: Final = (
    "the server does not take the client's Finished: mostly the two ends have another pre-shared "
    "key each"
)
LAST_FLIGHT_LOST: Final = (
    "the server does not take the client's Finished: mostly what the client sent last does not "
    "reach it whole (MTU, fragments), or it drops its certificate"
)
CLIENT_DROPS: Final = (
    "the client does not take the server's Finished: mostly the keys of the two ends differ"
)

_HELLO: Final = numbers.CLIENT_HELLO
_ASKS_AGAIN: Final = ("HelloVerifyRequest", "HelloRetryRequest")


def mostly(security: Security) -> str:
    """What the newest handshake of a flow mostly stopped by, where that can be told.

    A DTLS server drops what does not authenticate without a word (RFC 6347 clause 4.1.2.7), and
    who gets no answer sends its flight again (clause 4.2.4). Of TLS nothing is told: there TCP
    sends again.
    """
    if security.transport == "TLS":
        return ""
    steps = newest(security)
    sent = [step for step in steps if step.forward]
    answered = [step for step in steps if not step.forward]
    by_client, by_server = security.finished
    if not answered:
        return NO_ANSWER if sent else ""
    if by_client and not by_server:
        psk = numbers.key_exchange(security.cipher_suite).endswith("PSK")
        return KEY_DIFFERS if psk else LAST_FLIGHT_LOST
    if by_server and not by_client:
        return FLIGHT_LOST if security.newer else CLIENT_DROPS
    if any(not (_is_hello(step) or step.kind == numbers.ALERT) for step in sent):
        return ""
    if not all(step.name in _ASKS_AGAIN for step in answered):
        return FLIGHT_LOST if sent else ""
    first = steps.index(answered[0])
    anew = [step for step in steps[first:] if step.forward and not step.again]
    return COOKIE_UNANSWERED if anew else NO_COOKIE


def repeats(security: Security) -> bool:
    """Whether something of the newest handshake came again: who sent it got no answer."""
    return any(step.again for step in newest(security))


def newest(security: Security) -> Sequence[Step]:
    """The steps that are kept of the newest handshake: from its first ClientHello on."""
    steps = list(security.steps)
    start, last = 0, ""
    for at, step in enumerate(steps):
        if step.again:
            continue
        if _is_hello(step) and last not in _ASKS_AGAIN:
            start = at
        last = step.name
    return steps[start:]


def _is_hello(step: Step) -> bool:
    return step.kind == numbers.HANDSHAKE and step.message == _HELLO and step.forward
