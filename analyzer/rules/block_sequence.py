# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of one body, one after the other: their size and order. RFC 7959 clauses 2.3 to 2.7."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import BlockDetached, BlockFollowed
from analyzer.relations import Following
from analyzer.rules.block_breach import block_breach
from analyzer.rules.block_responses import offset, shown
from analyzer.rules.catalogue import Breach, E, N, Scope, Severity, W, declare, predicate, rule
from analyzer.rules.context import Context
from analyzer.rules.differences import OF_BLOCKS, differing, names
from analyzer.rules.single import block, has
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.values import Block

_SPEC: Final = "RFC 7959"
_CLOSE: Final = Following.SKIPS | Following.RETURNS | Following.OVERTAKEN
_MAY_DIFFER: Final = OF_BLOCKS | {
    numbers.OBSERVE,
    numbers.ETAG,
    numbers.OSCORE,
    numbers.CONTENT_FORMAT,
    numbers.IF_NONE_MATCH,
}


def _breach(
    event: BlockFollowed | BlockDetached,
    option: int,
    text: str,
    seen: str,
    expected: str,
    severity: Severity | None = None,
) -> Breach:
    return block_breach(event, option, text, seen, expected, beside=event.before, severity=severity)


def _asked_after(event: BlockFollowed) -> tuple[Block | None, Block | None]:
    """Block2 of a request and of the response before it."""
    if not event.message.is_request or not event.before.is_response:
        return None, None
    return block(event.message, numbers.BLOCK2), block(event.before, numbers.BLOCK2)


@rule(
    "COAP-7959-2.3-B2-SZX-NOT-ADOPTED",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "2.3",
    title="Size of the server not adopted",
    what="A request for a further block has a larger size than the block received before.",
    why="The client must go on with the size the server chose, or a smaller one (clause 2.3). "
    "Asked for more, the server sends its own size again, and NUM does not fit.",
    bad="Block2 0/1/64 received, 1/0/1024 asked for: byte 1024 instead of 64",
    good="Block2 0/1/64 received, 1/0/64 asked for",
    fix="Take the size from the newest response, and NUM from the bytes received.",
)
def size_not_adopted(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    asked, received = _asked_after(event)
    if asked is not None and received is not None and asked.size > received.size:
        yield _breach(
            event,
            numbers.BLOCK2,
            f"Blocks of {asked.size} bytes asked for, the server sends {received.size}",
            shown(asked),
            f"at most {received.size} bytes a block",
        )


@rule(
    "COAP-7959-2.4-B2-SZX-CHANGED",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "2.4",
    title="Server changes the block size on the way",
    what="A block of a response has another size than the block before it, though the client asked "
    "for that size. The first block may be of any size, and the client may ask for smaller ones.",
    why="The size is settled with the first block (clause 2.4): afterwards a client may take NUM "
    "for a count and reserve memory by it.",
    bad="Block2 1/1/64, then 2/0/64 asked for and 4/1/32 sent",
    good="Block2 1/1/64, then 2/0/64 asked for and 2/1/64 sent",
    fix="Keep the size of the transfer; choose it when the first block is sent.",
)
def size_changed(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    if not (event.message.is_response and event.before.is_response):
        return
    asked = block(event.exchange.request, numbers.BLOCK2)
    now, before = block(event.message, numbers.BLOCK2), block(event.before, numbers.BLOCK2)
    if asked is None or now is None or before is None or asked.num == 0:
        return
    if now.size != before.size and now.size < asked.size:
        yield _breach(
            event,
            numbers.BLOCK2,
            f"Block of {now.size} bytes after one of {before.size}; {asked.size} were asked for",
            shown(now),
            f"{asked.size} bytes a block",
        )


@rule(
    "COAP-7959-2.3-B1-SZX-IGNORED",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "2.3",
    title="Size the server asked for is ignored",
    what="A client goes on with larger blocks than Block1 of the server's responses asked for.",
    why="The server said what it can take; the client should use that size for the rest of the "
    "body (clause 2.3). Else the server may refuse the block with 4.13 or run out of memory.",
    bad="Block1 0/1/1024, answered with 0/1/64, then 1/1/1024",
    good="Block1 0/1/1024, answered with 0/1/64, then 16/1/64",
    fix="Take over the size of the response, and compute NUM from the bytes sent so far.",
)
def size_ignored(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    value = block(event.message, numbers.BLOCK1)
    if value is None or not event.message.is_request or not event.how & Following.LARGER:
        return
    yield _breach(
        event,
        numbers.BLOCK1,
        f"Blocks of {value.size} bytes, the server asked for smaller ones",
        shown(value),
        "the size of the server's Block1",
    )._replace(group=(event.message.flow, event.message.source))


@rule(
    "COAP-7959-2.7-B2-ORDER",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "2.7",
    title="Response to a body fetched out of order",
    what="The response to a request whose body came in blocks comes in blocks itself, and the "
    "client asks for an earlier block, or leaves one out. Leaving one out is a warning: it may "
    "not have been captured. Asking for the newest one again is allowed.",
    why="The server keeps such a response for one reading from start to end (clause 2.7). What it "
    "sent before it may have dropped.",
    bad="POST in blocks; of its answer Block2 1/0/64, 2/0/64 and 1/0/64 again are asked for",
    good="POST in blocks; of its answer Block2 1/0/64 and 2/0/64 are asked for",
    fix="Ask for the blocks in their order, and for the newest one again where it was lost.",
)
def fetched_out_of_order(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    asked, _ = _asked_after(event)
    wrong = event.how & (Following.SKIPS | Following.RETURNS)
    if asked is None or not event.how & Following.AFTER_UPLOAD or not wrong:
        return
    received = block(event.before, numbers.BLOCK2)
    yield _breach(
        event,
        numbers.BLOCK2,
        f"Block {asked.num} asked for after block {received.num if received else '?'}",
        shown(asked),
        "the next block",
        W if event.how & Following.SKIPS else None,
    )


@rule(
    "COAP-7959-2.5-B1-ORDER",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "2.5",
    absence=True,
    title="Blocks of a request not in sequence",
    what="The blocks of a request's body do not begin with block 0, or leave one out. A note where "
    "the beginning may lie before the capture. Blocks sent again and a change of the block size do "
    "not count, nor does Q-Block1.",
    why="A server may work on blocks as they come and answer 4.08 to one that does not follow "
    "(clause 2.5). Blocks lost before the tap look the same.",
    bad="Block1 0/1/64, then 2/1/64",
    good="Block1 0/1/64, then 1/1/64",
    fix="Send the blocks from 0 on, each after the answer to the one before.",
)
def out_of_sequence(event: BlockFollowed | BlockDetached, context: Context) -> Iterator[Breach]:
    value = block(event.message, numbers.BLOCK1)
    if value is None or not event.message.is_request:
        return
    if isinstance(event, BlockFollowed):
        before = block(event.before, numbers.BLOCK1)
        if before is not None and event.how & _CLOSE == Following.SKIPS:
            text = f"Block1 {shown(value)} after {shown(before)}: bytes are left out between them"
            yield _breach(event, numbers.BLOCK1, text, shown(value), "the next block")
    elif event.before is None or _changed(event) != [numbers.REQUEST_TAG]:
        young = context.young(event.message.flow, event.message.time)
        yield _breach(
            event,
            numbers.BLOCK1,
            f"Body begins with byte {offset(value)} (Block1 {shown(value)})",
            shown(value),
            "block 0",
            N if young and event.before is None else None,
        )


@rule(
    "COAP-7959-2.5-B1-INTERLEAVED",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "2.5",
    title="Two bodies at a time",
    what="A client begins a body anew and then goes on with the one before: both are for the same "
    "resource and have the same Request-Tag, or none.",
    why="A server keeps one body for each client and resource; the second overwrites the first "
    "(clause 2.5), and what it puts together is neither.",
    bad="Block1 0/1/64, 1/1/64, then 0/1/64 of another body, then 2/1/64 of the first",
    good="One body after the other, or Request-Tag 01 in one and 02 in the other",
    fix="Wait for the end of one body, or tell them apart by Request-Tag (RFC 9175 clause 3).",
)
def interleaved(event: BlockFollowed, context: Context) -> Iterator[Breach]:
    value = block(event.message, numbers.BLOCK1)
    if value is None or not event.how & Following.INTERLEAVED or not event.message.is_request:
        return
    yield _breach(
        event,
        numbers.BLOCK1,
        f"Block1 {shown(value)} goes on where a body stopped that was begun anew since",
        shown(value),
        "one body at a time",
    )


# Requests that go on with another body -----------------------------------------------------------

declare(
    "COAP-7959-2.4-B2-OPTIONS",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "2.4",
    title="Options change on the way",
    what="A request asks for the block after the one just received, under the same path or token, "
    "but has another method or other options that tell the representation, such as Accept.",
    why="The blocks of a representation are fetched by requests that are alike but for Block2 "
    "(clause 2.4). With other options the server picks another representation, or none.",
    bad="GET with Accept 60 brings Block2 0/1/64; GET with Block2 1/0/64 has no Accept",
    good="GET with Accept 60 and Block2 1/0/64",
    fix="Repeat all options of the first request in those that follow.",
)

declare(
    "COAP-9175-3.2-REQTAG-CHANGED",
    W,
    Scope.CONVERSATION,
    "RFC 9175",
    "3.2",
    title="Request-Tag changes on the way",
    what="A block goes on where the one before ended, with another Request-Tag.",
    why="Blocks belong together if their Request-Tags are the same (clause 3.2): the server sees "
    "two bodies, both without end or beginning, and answers 4.08.",
    bad="Block1 0/1/64 with Request-Tag 01, 1/0/64 with Request-Tag 02",
    good="Block1 0/1/64 and 1/0/64, both with Request-Tag 01",
    fix="Choose Request-Tag once for each body.",
)


def _changed(event: BlockDetached) -> list[int]:
    """Options in which a request differs from the one that it goes on with."""
    before = _request(event)
    return differing(event.message, before, _MAY_DIFFER) if before is not None else []


def _request(event: BlockDetached) -> Message | None:
    if event.before is None or event.before.is_request:
        return event.before
    return event.before.exchange.request if event.before.exchange is not None else None


@predicate()
def goes_on_otherwise(event: BlockDetached, context: Context) -> Iterator[Breach]:
    """A request that goes on with a body, but not as it was begun."""
    before = _request(event)
    if before is None or event.message.protected or before.protected:
        return
    changed = _changed(event)
    method = "" if event.message.code == before.code else "the method"
    what = ", ".join(filter(None, (method, names(changed))))
    if has(event.message, numbers.BLOCK1, numbers.Q_BLOCK1) and before.code == event.message.code:
        if changed == [numbers.REQUEST_TAG]:
            yield _breach(
                event,
                numbers.REQUEST_TAG,
                "The block goes on with a body under another Request-Tag",
                _tags(event.message),
                _tags(before),
            )._replace(rule="COAP-9175-3.2-REQTAG-CHANGED")
    elif (
        what
        and changed != [numbers.REQUEST_TAG]
        and has(event.message, numbers.BLOCK2, numbers.Q_BLOCK2)
    ):
        yield _breach(
            event,
            numbers.BLOCK2,
            f"The request for the next block changes {what}",
            what,
            "the options of the request before",
        )._replace(rule="COAP-7959-2.4-B2-OPTIONS")


def _tags(message: Message) -> str:
    tags = [option.value.hex() or "(empty)" for option in message.coap.all(numbers.REQUEST_TAG)]
    return ", ".join(tags) or "no Request-Tag"
