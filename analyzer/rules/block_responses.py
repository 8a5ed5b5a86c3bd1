# SPDX-License-Identifier: GPL-2.0-only
"""The block that a response names beside the one of its request: RFC 7959 clauses 2.3 to 2.9."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Responded
from analyzer.relations import SURE, How, Match
from analyzer.rules.block_breach import block_breach
from analyzer.rules.catalogue import Breach, E, Scope, Severity, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block, has
from dissectors.coap import numbers
from dissectors.coap.numbers import code_name
from dissectors.coap.values import Block

_SPEC: Final = "RFC 7959"
_SUCCESS: Final = 2


def offset(value: Block) -> int:
    """Where a block begins in its body."""
    return value.num * value.size


def shown(value: Block) -> str:
    """A block as `NUM/M/size`."""
    return f"{value.num}/{int(value.more)}/{value.size}"


def _pair(event: Responded, option: int) -> tuple[Block | None, Block | None]:
    """The blocks of request and response; none where it is not sure that one answers the other, or
    one of them was cut."""
    if event.match not in SURE:
        return None, None
    request, response = event.exchange.request, event.message
    if request.cut or response.cut:
        return None, None
    return block(request, option), block(response, option)


def _severity(event: Responded) -> Severity | None:
    """A response that comes on its own may belong to an earlier request with the same token."""
    return None if event.match is Match.MID_TOKEN else W


def _breach(event: Responded, option: int, text: str, seen: str, expected: str) -> Breach:
    request, severity = event.exchange.request, _severity(event)
    return block_breach(
        event, option, text, seen, expected, beside=request, severity=severity, absent=(1, 2)
    )


@rule(
    "COAP-7959-2.4-B2-SZX-GROWN",
    E,
    Scope.EXCHANGE,
    _SPEC,
    "2.4",
    title="Larger block than asked for",
    what="Block2 of a response has a larger size than Block2 of the request. A warning where the "
    "response did not come with the ACK.",
    why="The client named the most it can take; a server uses that size or a smaller one (clause "
    "2.4). The larger block may not fit the client's buffer or its link.",
    bad="Block2 0/0/64 asked for, 0/1/1024 sent",
    good="Block2 0/0/64 asked for, 0/1/64 or 0/1/32 sent",
    fix="Take the smaller of the server's own size and the one of the request.",
)
def size_grown(event: Responded, context: Context) -> Iterator[Breach]:
    asked, sent = _pair(event, numbers.BLOCK2)
    if asked is None or sent is None or sent.size <= asked.size:
        return
    yield _breach(
        event,
        numbers.BLOCK2,
        f"{sent.size} bytes a block sent, {asked.size} asked for",
        shown(sent),
        f"at most {asked.size} bytes a block",
    )._replace(group=(event.message.flow, event.message.source))


@rule(
    "COAP-7959-2.4-B2-OFFSET",
    E,
    Scope.EXCHANGE,
    _SPEC,
    "2.4",
    title="Other block than asked for",
    what="Block2 of a response begins at another byte of the body than Block2 of the request: NUM "
    "times the size counts, not NUM. A request without Block2 asks for the beginning. Not judged "
    "in notifications. A warning where the response did not come with the ACK.",
    why="The client puts the block where it asked for it, or drops it; either way the body is "
    "wrong or never whole (clause 2.4). Where a server lowers the size, NUM must grow to match.",
    bad="Block2 1/0/256 asked for, 1/1/64 sent: byte 64 instead of 256",
    good="Block2 1/0/256 asked for, 4/1/64 sent",
    fix="Compute NUM anew from the byte offset after the size was chosen.",
)
def other_offset(event: Responded, context: Context) -> Iterator[Breach]:
    asked, sent = _pair(event, numbers.BLOCK2)
    if sent is None or event.how & How.NOTIFIES:
        return
    wanted = offset(asked) if asked is not None else 0
    if offset(sent) == wanted or has(event.exchange.request, numbers.Q_BLOCK2):
        return
    said = shown(asked) if asked is not None else "no Block2"
    yield _breach(
        event,
        numbers.BLOCK2,
        f"Block2 {shown(sent)} begins at byte {offset(sent)}, asked for was byte {wanted} ({said})",
        shown(sent),
        f"a block that begins at byte {wanted}",
    )


@rule(
    "COAP-7959-2.3-B1-ACK-NUM",
    E,
    Scope.EXCHANGE,
    _SPEC,
    "2.3",
    title="Another block acknowledged",
    what="Block1 of a success names another block than the request: neither NUM nor the byte "
    "offset agree. A warning where the response did not come with the ACK.",
    why="NUM in the response tells which block was received (clause 2.3). A client that checks it "
    "sends the block again or gives up.",
    bad="Block1 2/1/64 sent, 1/1/64 acknowledged",
    good="Block1 2/1/64 sent, 2/1/64 acknowledged",
    fix="Copy NUM of the request into the response.",
)
def acknowledges_other(event: Responded, context: Context) -> Iterator[Breach]:
    sent, said = _pair(event, numbers.BLOCK1)
    if sent is None or said is None or event.message.code >> 5 != _SUCCESS:
        return
    if said.num != sent.num and offset(said) != offset(sent):
        yield _breach(
            event,
            numbers.BLOCK1,
            f"Block1 {shown(sent)} was sent, {shown(said)} acknowledged",
            shown(said),
            f"NUM {sent.num}",
        )


@rule(
    "COAP-7959-2.3-B1-SZX-LARGER",
    E,
    Scope.EXCHANGE,
    _SPEC,
    "2.3",
    title="Larger block demanded",
    what="Block1 of a response has a larger size than Block1 of the request. A warning where the "
    "response did not come with the ACK.",
    why="A server may ask for smaller blocks, or repeat the size (clause 2.3); it cannot ask for "
    "larger ones. A client that follows breaks its own limit.",
    bad="Block1 0/1/64 sent, answered with 0/1/1024",
    good="Block1 0/1/64 sent, answered with 0/1/64 or 0/1/32",
    fix="Answer with the smaller of the request's size and the one preferred.",
)
def larger_demanded(event: Responded, context: Context) -> Iterator[Breach]:
    sent, said = _pair(event, numbers.BLOCK1)
    if sent is None or said is None or said.size <= sent.size:
        return
    yield _breach(
        event,
        numbers.BLOCK1,
        f"Blocks of {said.size} bytes demanded, the client sends {sent.size}",
        shown(said),
        f"at most {sent.size} bytes a block",
    )._replace(group=(event.message.flow, event.message.source))


@rule(
    "COAP-7959-2.3-B1-MISSING",
    W,
    Scope.EXCHANGE,
    _SPEC,
    "2.3",
    title="Success without Block1",
    what="A success answers a request with Block1, but has no Block1. Not judged in notifications "
    "and behind OSCORE.",
    why="The option tells the client that the server took the payload for a block, and which one "
    "(clause 2.3). Without it the client cannot know whether the server put the body together or "
    "treated each block as the whole.",
    bad="Block1 0/1/64, answered with 2.31 without Block1",
    good="Block1 0/1/64, answered with 2.31 and Block1 0/1/64",
    fix="Repeat Block1 in every success that answers a block; refuse it with 4.02 where block-wise "
    "transfer is not supported.",
)
def block1_missing(event: Responded, context: Context) -> Iterator[Breach]:
    sent, said = _pair(event, numbers.BLOCK1)
    first = event.how & (How.FIRST | How.NOTIFIES) == How.FIRST
    if sent is None or said is not None or not first or event.message.code >> 5 != _SUCCESS:
        return
    if event.message.protected or event.exchange.request.protected:
        return
    if not has(event.message, numbers.BLOCK1, numbers.Q_BLOCK1):
        yield _breach(
            event,
            numbers.BLOCK1,
            f"{code_name(event.message.code)} to Block1 {shown(sent)} has no Block1",
            "no Block1",
            f"Block1 with NUM {sent.num}",
        )._replace(group=(event.message.flow, event.message.source))


@rule(
    "COAP-7959-2.9.1-CONTINUE-CONTEXT",
    E,
    Scope.EXCHANGE,
    _SPEC,
    "2.9.1",
    title="2.31 Continue where nothing is to come",
    what="A 2.31 answers a request that has no Block1, or whose Block1 says that it is the last "
    "block. Not judged behind OSCORE. A warning where the response did not come with the ACK.",
    why="2.31 asks for the next block (clause 2.9.1). The client has none: it waits for a final "
    "response that does not come.",
    bad="Block1 2/0/64 (the last one), answered with 2.31",
    good="Block1 2/0/64, answered with 2.04",
    fix="Answer the last block, and requests without Block1, with the final code.",
)
def nothing_to_continue(event: Responded, context: Context) -> Iterator[Breach]:
    request = event.exchange.request
    sent, _ = _pair(event, numbers.BLOCK1)
    certain = event.match in SURE and not request.cut
    if event.message.code != numbers.CONTINUE or not certain or request.protected:
        return
    if (sent is None and not has(request, numbers.BLOCK1, numbers.Q_BLOCK1)) or (
        sent is not None and not sent.more
    ):
        said = "a request without Block1" if sent is None else f"the last block ({shown(sent)})"
        yield _breach(event, numbers.BLOCK1, f"2.31 answers {said}", "2.31", "a final code")


@rule(
    "COAP-7959-2.3-CONTINUE-M",
    E,
    Scope.EXCHANGE,
    _SPEC,
    "2.3",
    title="More-bit and code disagree",
    what="A 2.31 has Block1 with M 0, or another success has Block1 with M 1. Not judged behind "
    "OSCORE.",
    why="M 1 says that the final response comes with a later block, and 2.31 says the same "
    "(clauses 2.3 and 2.9.1). A client that goes by one of them stops too early or waits in vain.",
    bad="2.31 with Block1 0/0/64",
    good="2.31 with Block1 0/1/64",
    fix="Set M in every 2.31, and clear it in the final response.",
)
def more_and_code(event: Responded, context: Context) -> Iterator[Breach]:
    sent, said = _pair(event, numbers.BLOCK1)
    code = event.message.code
    if sent is None or said is None or code >> 5 != _SUCCESS or event.message.protected:
        return
    continues = code == numbers.CONTINUE
    if said.more != continues:
        yield _breach(
            event,
            numbers.BLOCK1,
            f"{code_name(code)} with Block1 {shown(said)}",
            f"M {int(said.more)}",
            f"M {int(continues)}",
        )._replace(severity=None)


@rule(
    "COAP-7959-2.3-B1-M-FINAL",
    E,
    Scope.EXCHANGE,
    _SPEC,
    "2.3",
    title="More to come after the last block",
    what="The last block of a body (Block1 with M 0) is answered with a success whose Block1 has "
    "M 1. A warning where the response did not come with the ACK.",
    why="M 1 in the response puts off the final answer to a later block (clause 2.3), but there "
    "is none: the client never learns what became of its request.",
    bad="Block1 2/0/64, answered with 2.04 and Block1 2/1/64",
    good="Block1 2/0/64, answered with 2.04 and Block1 2/0/64",
    fix="Copy M from the request.",
)
def more_after_last(event: Responded, context: Context) -> Iterator[Breach]:
    sent, said = _pair(event, numbers.BLOCK1)
    if sent is None or said is None or sent.more or not said.more:
        return
    if event.message.code >> 5 == _SUCCESS:
        text = f"The last block ({shown(sent)}) is answered with Block1 {shown(said)}"
        yield _breach(event, numbers.BLOCK1, text, "M 1", "M 0")
