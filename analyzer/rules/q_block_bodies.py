# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of one body sent robustly, one after the other: RFC 9177."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import BlockFollowed, Formed
from analyzer.relations import Following
from analyzer.rules.block_breach import block_breach
from analyzer.rules.catalogue import Breach, E, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block, has
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

_SPEC: Final = "RFC 9177"
_RECOVERY: Final = Following.RECOVERS | Following.OVERTAKEN


def _carries(message: Message) -> int:
    """Q-Block1 of a request, Q-Block2 of a response; 0 where it has none."""
    option = numbers.Q_BLOCK1 if message.is_request else numbers.Q_BLOCK2
    return option if has(message, option) else 0


def _breach(event: BlockFollowed, text: str, seen: str, expected: str) -> Breach:
    option = _carries(event.message)
    return block_breach(event, option, text, seen, expected, beside=event.before)


@rule(
    "COAP-9177-4.3-ORDER",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "4.3",
    title="Q-Block1 not in increasing order",
    what="A request has a smaller NUM of Q-Block1 than the one before, while the blocks are sent "
    "for the first time. What is sent once more after the last block or a 4.08 does not count, nor "
    "what was overtaken on its way, by its Message ID.",
    why="The payloads of a body are sent in increasing order (clause 4.3): the server sees what is "
    "missing by the gaps, and asks for blocks that are still to come.",
    bad="Q-Block1 0/1/64, 2/1/64, 1/1/64",
    good="Q-Block1 0/1/64, 1/1/64, 2/1/64",
    fix="Send the blocks from 0 on, and only then those that the server misses.",
)
def order(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    if not event.message.is_request or not _carries(event.message):
        return
    now, before = block(event.message, numbers.Q_BLOCK1), block(event.before, numbers.Q_BLOCK1)
    back = event.how & Following.RETURNS and not event.how & _RECOVERY
    if back and now is not None and before is not None:
        text = f"Block {now.num} is sent after block {before.num}"
        yield _breach(event, text, str(now.num), f"a block after {before.num}")


@rule(
    "COAP-9177-4.4-ETAG",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "4.4",
    title="Q-Block2 without ETag",
    what="A response carries one of several blocks by Q-Block2 and has no ETag.",
    why="The blocks come in one go and in any order; the ETag, which all of them must have, alone "
    "tells which representation each is of (clause 4.4).",
    bad="2.05 with Q-Block2 0/1/64 and no ETag",
    good="2.05 with Q-Block2 0/1/64 and ETag 01",
    fix="Send the same ETag with all blocks of a representation.",
)
def no_etag(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    value = block(message, numbers.Q_BLOCK2) if message.is_response else None
    if value is None or has(message, numbers.ETAG) or message.cut:
        return
    if value.num or value.more:
        found = message.coap.first(numbers.Q_BLOCK2)
        yield Breach(
            f"Block {value.num} of a body by Q-Block2 without ETag",
            message,
            seen="no ETag",
            expected="an ETag",
            span=found.span if found is not None else None,
            group=(message.flow, message.source),
        )


@rule(
    "COAP-9177-7-MIXED-TYPES",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "7",
    title="CON and NON in one body",
    what="Of two Q-Blocks that follow each other in one body, one is a CON and the other a NON. "
    "Block 0 may be a CON before NONs: it finds out whether the server knows the option.",
    why="Congestion control differs: CONs wait for their ACKs, NONs come in sets (clause 7). A "
    "body sent as both follows neither.",
    bad="NON Q-Block1 1/1/64, then CON Q-Block1 2/1/64",
    good="All blocks as NON",
    fix="Choose the type once for each body.",
)
def mixed_types(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    carried = _carries(event.message)
    if not carried or carried != _carries(event.before):
        return
    now, before = event.message.type, event.before.type
    started = block(event.before, carried)
    probe = before == Type.CON and started is not None and started.num == 0
    if {now, before} == {Type.CON, Type.NON} and not probe:
        yield _breach(
            event,
            f"{Type(now).name} after {Type(before).name} in one body",
            Type(now).name,
            Type(before).name,
        )


@rule(
    "COAP-9177-7.2-BURST",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "7.2",
    title="Too many Q-Blocks in one go",
    what="More than 10 blocks (MAX_PAYLOADS) of a body are sent as NONs without a pause of 2 s "
    "(NON_TIMEOUT), an answer, or a request for more between them.",
    why="NONs are not held back by ACKs; this limit is all the congestion control there is (clause "
    "7.2). Peers can agree on other values.",
    bad="NON Q-Block1 0/1/64 to 10/0/64 within 100 ms",
    good="NON Q-Block1 0/1/64 to 9/1/64, 2.31 from the server, then 10/0/64",
    fix="Wait after each set of MAX_PAYLOADS for the answer or NON_TIMEOUT.",
)
def burst(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    if event.how & Following.IN_BURST and _carries(event.message):
        text = "The 11th block that is sent as NON in one go"
        yield _breach(event, text, "11 blocks", "at most 10 (MAX_PAYLOADS), then a pause of 2 s")
