# SPDX-License-Identifier: GPL-2.0-only
"""Block-wise transfers: bodies that are not whole, or not one (RFC 7959)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import BlockDiffers, BlockFollowed, BodyAccepted, BodyIncomplete
from analyzer.exchanges.blockwise import CAPTURE_OVER, EXPIRED, OTHER_ETAG, REFUSED, RESTARTED
from analyzer.profiles.transmission import SECOND
from analyzer.relations import Following
from analyzer.rules.catalogue import Breach, N, Scope, W, declare, predicate, rule
from analyzer.rules.context import Context

SPEC: Final = "RFC 7959"

_ENDED: Final = {
    RESTARTED: "it was begun anew",
    CAPTURE_OVER: "still open at the end of the capture",
}


@rule(
    "COAP-7959-2.5-B1-HOLE-ACCEPTED",
    W,
    Scope.CONVERSATION,
    SPEC,
    "2.5",
    absence=True,
    title="Body accepted that was not seen whole",
    what="The server answers the last block of a request body with a success, but not all blocks "
    "before it were captured. A note where the capture may have begun after the first block.",
    why="A server that has not received every block must say 4.08 (Request Entity Incomplete); one "
    "that goes on works with a body that nobody sent. Blocks lost before the tap explain it too.",
    bad="Block1 0/1/64, then 2/0/64, answered with 2.04 Changed",
    good="Block1 0/1/64, 1/1/64, 2/0/64, answered with 2.04 Changed",
    fix="Check whether the capture lost packets; if not, let the server compare the offset of "
    "each block with what it has, and answer 4.08.",
)
def hole_accepted(event: BodyAccepted, context: Context) -> Iterator[Breach]:
    message = event.message
    young = message.time - message.flow.start <= context.timers.exchange_lifetime
    begun_before = event.contiguous == 0 and young  # gate G-START
    yield Breach(
        f"Body of {event.size} bytes accepted, of which {event.contiguous} were seen from its "
        "start without a gap",
        message,
        seen=f"{event.contiguous} of {event.size} bytes",
        expected="every block, or 4.08 (Request Entity Incomplete)",
        severity=N if begun_before else None,
        exchange=event.exchange,
    )


declare(
    "COAP-7959-2.5-INCOMPLETE",
    N,
    Scope.CONVERSATION,
    SPEC,
    "2.5",
    absence=True,
    title="Body never complete",
    what="Blocks of a body were seen, but it never was whole: the transfer stopped, was begun "
    "anew, or the capture ended.",
    why="What the body says was not judged. A client that often begins anew loses time and energy.",
    bad="Block2 0/1/64, and no request for the next block",
    good="Block2 0/1/64, then the client asks for 1/0/64 and gets it",
    fix="See whether the client ran into a timeout or the capture ended too early.",
)

declare(
    "COAP-7959-2.5-STALE",
    W,
    Scope.CONVERSATION,
    SPEC,
    "2.5",
    title="Block too late",
    what="More than EXCHANGE_LIFETIME lies between two blocks of a body.",
    why="The server may have dropped what it had by then (clause 2.5), and answer 4.08, or put "
    "the block to another body.",
    bad="Block1 0/1/64, and 1/0/64 five minutes later",
    good="One block after the other",
    fix="Begin anew with block 0 after such a pause.",
)


@rule(
    "COAP-7959-2.4-ETAG-CHANGED",
    W,
    Scope.CONVERSATION,
    SPEC,
    "2.4",
    title="Resource changed during the transfer",
    what="The ETag of a later block is another one than that of the blocks before, and the client "
    "goes on with the next block. A note where it begins anew or stops.",
    why="The blocks belong to two representations; a client that puts them together gets a body "
    "that never was (clause 2.4).",
    bad="Block2 0/1/64 with ETag 01, 1/1/64 with ETag 02, then 2/0/64 is asked for",
    good="0/1/64, 1/1/64 and 2/0/64 with ETag 01; when it changes, from block 0 again",
    fix="Let the client compare the ETags and begin anew; let the server keep a body as long as "
    "it is being read.",
)
def goes_on_after_change(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    if event.how & Following.AFTER_CHANGE:
        yield Breach(
            "The client asks for the next block, though the ETag has changed",
            event.message,
            seen="the next block is asked for",
            expected="block 0, or no further request",
            exchange=event.exchange,
            frames=(event.before.frame,),
        )


@predicate()
def incomplete(event: BodyIncomplete, context: Context) -> Iterator[Breach]:
    """A body that was given up, by the reason."""
    if event.why == REFUSED:
        return  # the server said so
    rule, why, severity = "COAP-7959-2.5-INCOMPLETE", _ENDED.get(event.why, ""), None
    if event.why == EXPIRED:
        lifetime = context.timers.exchange_lifetime // SECOND
        rule, why = "COAP-7959-2.5-STALE", f"the next block came more than {lifetime} s later"
    elif event.why == OTHER_ETAG:
        rule, why = "COAP-7959-2.4-ETAG-CHANGED", "the next block has another ETag"
        severity = N
    yield Breach(
        f"Body not whole after {event.contiguous} bytes: {why}",
        event.message,
        seen=f"{event.contiguous} bytes from its start",
        expected="every block up to the last (M = 0) of one body",
        severity=severity,
        rule=rule,
    )


@rule(
    "COAP-7959-2.5-CONFLICT",
    W,
    Scope.CONVERSATION,
    SPEC,
    "2.5",
    title="Two blocks say otherwise of the same bytes",
    what="A block with a Message ID of its own covers bytes of its body that an earlier block "
    "gave other values.",
    why="The body is what the receiver made of it: the later block overwrites the earlier one "
    "(clause 2.5), or the transfer is mixed up with another one of the same resource.",
    bad="Block1 1/1/16 with one payload, then 1/1/16 with another",
    good="A block that is sent again says the same",
    fix="Look for two senders behind one endpoint, or two transfers at a time without "
    "Request-Tag (RFC 9175).",
)
def conflict(event: BlockDiffers, context: Context) -> Iterator[Breach]:
    yield Breach(
        f"Byte {event.offset} of the body and what follows differ from frame {event.earlier.frame}",
        event.message,
        seen="other bytes at the same place",
        expected="the same bytes",
        frames=(event.earlier.frame,),
    )
