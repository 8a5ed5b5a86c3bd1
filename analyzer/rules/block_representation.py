# SPDX-License-Identifier: GPL-2.0-only
"""What the blocks of one body say of it: ETag, Content-Format, size, end. RFC 7959 clauses 2.3,
2.4, 2.7 and 4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import BlockFollowed, BlockPastEnd, BodyWhole, Formed
from analyzer.rules.block_responses import offset, shown
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block, has
from dissectors.coap import numbers

_SPEC: Final = "RFC 7959"


def _of_one_body(event: BlockFollowed) -> bool:
    """Both messages carry a block, and neither is about an error."""
    return event.message.code == event.before.code


@rule(
    "COAP-7959-2.4-ETAG-MIXED",
    N,
    Scope.CONVERSATION,
    _SPEC,
    "2.4",
    title="ETag in some blocks only",
    what="Of two blocks of a response that follow each other, one has an ETag.",
    why="A client compares the ETags of all blocks to see that they belong together (clause 2.4); "
    "a block without one cannot be compared.",
    bad="Block2 0/1/64 with ETag 01, 1/0/64 without",
    good="Block2 0/1/64 and 1/0/64, both with ETag 01",
    fix="Send the ETag with every block.",
)
def etag_mixed(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    if not event.message.is_response or not _of_one_body(event):
        return
    here = has(event.message, numbers.ETAG)
    if here != has(event.before, numbers.ETAG):
        yield Breach(
            f"This block has {'an' if here else 'no'} ETag, the one before "
            f"{'none' if here else 'has one'}",
            event.message,
            seen="an ETag" if here else "no ETag",
            expected="the ETag of the body in every block",
            exchange=event.exchange,
            frames=(event.before.frame,),
        )


@rule(
    "COAP-7959-2.4-NO-ETAG",
    N,
    Scope.CONVERSATION,
    _SPEC,
    "2.4",
    title="Body in blocks without ETag",
    what="The body of a response came in blocks, and the first one has no ETag. Not judged for "
    "errors and Q-Block2, which has a rule of its own.",
    why="If the resource changes between two blocks, the client cannot see it (clause 2.4) and "
    "puts two representations together. For what never changes it does not matter.",
    bad="Block2 0/1/64 and 1/0/64 without ETag",
    good="Block2 0/1/64 and 1/0/64, both with ETag 01",
    fix="Send an ETag, such as a counter of changes or a hash, with every block.",
)
def no_etag(event: BodyWhole, context: Context) -> Iterator[Breach]:
    first = event.first
    if not first.is_response or first.code >> 5 != 2 or has(first, numbers.Q_BLOCK2, numbers.ETAG):
        return
    yield Breach(
        f"{event.size} bytes came in blocks, without an ETag",
        first,
        seen="no ETag",
        expected="an ETag",
        exchange=event.exchange,
        frames=(event.message.frame,),
        group=(first.flow, first.source),
    )


@rule(
    "COAP-7959-2.3-CF-CHANGED",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "2.3",
    title="Content-Format changes on the way",
    what="Two blocks of one body that follow each other have different Content-Formats. A note "
    "where one of them has none.",
    why="All blocks are parts of one representation, of one format (clause 2.3). The receiver "
    "takes the first or the last that it sees.",
    bad="Block2 0/1/64 with Content-Format 50, 1/0/64 with Content-Format 60",
    good="Content-Format 50 in both",
    fix="Send the format of the whole body with every block.",
)
def format_changed(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    if not _of_one_body(event):
        return
    now = event.message.coap.uint(numbers.CONTENT_FORMAT)
    before = event.before.coap.uint(numbers.CONTENT_FORMAT)
    if now == before:
        return
    found = event.message.coap.first(numbers.CONTENT_FORMAT)
    said = "none" if now is None else str(now)
    yield Breach(
        f"Content-Format of this block: {said}; of the one before: "
        f"{'none' if before is None else before}",
        event.message,
        seen=f"Content-Format {said}",
        expected=f"Content-Format {'none' if before is None else before}",
        span=found.span if found is not None else None,
        severity=N if now is None or before is None else None,
        exchange=event.exchange,
        frames=(event.before.frame,),
    )


@rule(
    "COAP-7959-2.4-B2-PAST-END",
    W,
    Scope.EXCHANGE,
    _SPEC,
    "2.4",
    title="Block behind the end",
    what="A success has a last block that begins at or behind the end of the body, which an "
    "earlier last block told. A note where no ETag shows that it is the same body.",
    why="There is no such block, and a success says that there is one (clause 2.4). A client that "
    "goes by NUM alone takes the body for longer than it is, or never stops.",
    bad="Block2 1/0/64 with 10 bytes, then 2/0/64 asked for and answered with 2.05",
    good="Block2 1/0/64 with 10 bytes, then 2/0/64 asked for and answered with 4.00",
    fix="Compare the offset asked for with the size of the body. In the client, stop at M 0.",
)
def past_end(event: BlockPastEnd, context: Context) -> Iterator[Breach]:
    value = block(event.message, numbers.BLOCK2) or block(event.message, numbers.Q_BLOCK2)
    if value is None:
        return
    same = has(event.message, numbers.ETAG) and has(event.before, numbers.ETAG)
    yield Breach(
        f"Block2 {shown(value)} begins at byte {offset(value)}, the body has {event.size} bytes",
        event.message,
        seen=shown(value),
        expected="an error, such as 4.00 (Bad Request)",
        severity=None if same else N,
        exchange=event.exchange,
        frames=(event.before.frame,),
    )


@rule(
    "COAP-7959-2.7-B1-LEFTOVER",
    W,
    Scope.MESSAGE,
    _SPEC,
    "2.7",
    title="Block1 in the request of a later block",
    what="A request asks for a later block by Block2 and has Block1 as well.",
    why="By then the body was sent; Block1 would begin or continue another one (clause 2.7). A "
    "server that goes by Block1 first answers to that.",
    bad="POST with Block1 2/0/64 and Block2 1/0/64",
    good="POST with Block2 1/0/64",
    fix="Leave Block1 out once the server has begun to answer.",
)
def block1_left_over(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    asked = block(message, numbers.BLOCK2) if message.is_request else None
    left = message.coap.first(numbers.BLOCK1)
    if asked is not None and asked.num and left is not None:
        yield Breach(
            f"Block2 {shown(asked)} asked for, with Block1",
            message,
            seen="Block1",
            expected="no Block1",
            span=left.span,
        )


@rule(
    "COAP-7959-4-SIZE-ESTIMATE",
    N,
    Scope.CONVERSATION,
    _SPEC,
    "4",
    title="Body of another size than announced",
    what="Size1 or Size2 of the first block is not the size of the body that was put together.",
    why="It is an estimate (clause 4), by which the receiver reserves memory and shows progress: "
    "too small a number may make it stop early.",
    bad="Size2 1000, and the blocks make 1200 bytes",
    good="Size2 1200, and the blocks make 1200 bytes",
    fix="Send the exact size where it is known, else leave the option out.",
)
def size_estimate(event: BodyWhole, context: Context) -> Iterator[Breach]:
    option = numbers.SIZE1 if event.first.is_request else numbers.SIZE2
    said, found = event.first.coap.uint(option), event.first.coap.first(option)
    if said is not None and found is not None and said != event.size:
        yield Breach(
            f"{found.name} {said}, the body has {event.size} bytes",
            event.first,
            seen=str(said),
            expected=str(event.size),
            span=found.span,
            exchange=event.exchange,
            frames=(event.message.frame,),
        )
