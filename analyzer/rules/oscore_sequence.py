# SPDX-License-Identifier: GPL-2.0-only
"""What senders do with their OSCORE sequence numbers, and what they encrypt that they must not: of
messages that were opened. RFC 8613 clauses 4.1.2, 7.2 and 7.4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.stream_events import Unwrapped
from dissectors.coap.numbers import option_name

if TYPE_CHECKING:
    from analyzer.decryption.oscore import Unprotected

_SPEC: Final = "RFC 8613"


def _who(found: Unprotected) -> str:
    return f'kid "0x{found.kid.hex()}"'


@rule(
    "COAP-8613-7.2-NONCE-REUSED",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "7.2",
    title="Nonce used twice with one key",
    what="Two messages that were opened have the same key and nonce, and differ: the Partial IV of "
    "another message of the sender, or two responses without one to one request.",
    why="An AEAD nonce must not be used more than once with a key (clause 7.2). Whoever has both "
    "messages learns what the plaintexts have in common and, with AES-GCM and ChaCha20-Poly1305, "
    "can forge messages. With AES-CCM, both can be read once one is known.",
    bad="Two requests of kid 01 with Partial IV 05 and other ciphertexts.",
    good="Partial IV 05, then 06.",
    fix="Keep the sender sequence number over a restart (appendix B.1), or derive a new context "
    "(appendix B.2). Look for two devices with one context. Then give both ends new keys.",
)
def nonce_reused(event: Unwrapped, context: Context) -> Iterator[Breach]:
    found = event.found
    if not found.reused_with:
        return
    if found.piv < 0:
        text = f"Another response without Partial IV: frame {found.reused_with} has its nonce"
        seen = "no Partial IV"
    else:
        text = f"Partial IV {found.piv} of {_who(found)} again, as in frame {found.reused_with}"
        seen = f"Partial IV {found.piv}"
    yield Breach(
        f"{text}, and they differ",
        event.message,
        seen=seen,
        expected="a Partial IV of its own",
        frames=(found.reused_with,),
        group=(event.message.flow, found.context, found.kid),
    )


@rule(
    "COAP-8613-7.2-PIV-REPLAY",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "7.2",
    title="Protected message sent again",
    what="A message that was opened has the Partial IV, the key and the ciphertext of an earlier "
    "one, and is no retransmission. A note where it is between other endpoints, as on the other "
    "side of a proxy.",
    why="Each new message has a new sequence number (clause 7.2); a receiver takes this one for a "
    "replay, and answers a request with 4.01 (clause 7.4).",
    bad="A request of kid 01 with Partial IV 05 and, under another Message ID, the same again.",
    good="The same datagram again within EXCHANGE_LIFETIME; or a request with Partial IV 06.",
    fix="Protect a request anew when it is asked again; send the same bytes only to retransmit "
    "them. If the client did not send it, somebody in between did.",
)
def replayed(event: Unwrapped, context: Context) -> Iterator[Breach]:
    found = event.found
    if found.replay_of:
        where = ", there between other endpoints" if found.elsewhere else ""
        yield Breach(
            f"Partial IV {found.piv} of {_who(found)}: the same as frame {found.replay_of}{where}",
            event.message,
            seen=f"Partial IV {found.piv} again",
            expected="a new Partial IV",
            severity=N if found.elsewhere else None,
            frames=(found.replay_of,),
            group=(event.message.flow, found.context, found.kid, found.elsewhere),
        )


@rule(
    "COAP-8613-7.4-PIV-BACKWARDS",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "7.4",
    title="Sequence number behind the replay window",
    what="The Partial IV of a message that was opened is 32 or more behind the highest of its "
    "sender.",
    why="A receiver remembers a window of 32 numbers unless the two ends agreed on another "
    "(clauses 3.2.2 and 7.4): it cannot tell this one from a replay, and answers a request with "
    "4.01.",
    bad="Partial IV 40 of kid 01, then 3, which was not seen before.",
    good="Partial IV 40 of kid 01, then 41.",
    fix="Keep the sender sequence number over a restart (appendix B.1). If messages overtake each "
    "other that far, let both ends have a larger window.",
)
def backwards(event: Unwrapped, context: Context) -> Iterator[Breach]:
    found = event.found
    if found.backwards:
        yield Breach(
            f"Partial IV {found.piv} of {_who(found)} is {found.backwards} behind its highest",
            event.message,
            seen=f"Partial IV {found.piv}",
            expected=f"more than {found.piv + found.backwards - 32}",
            group=(event.message.flow, found.context, found.kid),
        )


@rule(
    "COAP-8613-4.1.2-INNER-CLASS-U",
    W,
    Scope.MESSAGE,
    _SPEC,
    "4.1.2",
    title="Option encrypted that has to stand outside",
    what="An option of class U alone is in the ciphertext: Uri-Host, Uri-Port, Proxy-Uri, "
    "Proxy-Scheme, OSCORE, Hop-Limit or EDHOC.",
    why="Proxies read these options, and only outside can they do so (clauses 4.1.2 and 4.1.3.2). "
    "The receiver may take the inner one, the outer one, or reject the message.",
    bad="Uri-Host `h` in the plaintext.",
    good="Uri-Host `h` beside the OSCORE option.",
    fix="Write options of class U into the outer message, after the rest is protected.",
)
def inner_class_u(event: Unwrapped, context: Context) -> Iterator[Breach]:
    for number in event.found.misplaced:
        name = option_name(number)
        option = event.message.coap.first(number)
        yield Breach(
            f"{name} stands in the ciphertext",
            event.message,
            seen=name,
            expected="outside",
            span=option.span if option is not None else None,
            group=(event.message.flow, event.message.source, number),
        )
