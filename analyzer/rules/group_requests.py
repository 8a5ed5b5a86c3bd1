# SPDX-License-Identifier: GPL-2.0-only
"""Messages to a group and from one: RFC 7252 clauses 8 and 12.8 (gate G-MC)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.endpoints import Endpoint
from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe
from analyzer.rules.single import block, has
from dissectors.coap import numbers
from dissectors.coap.message import uint
from dissectors.coap.numbers import Type

_SPEC: Final = "RFC 7252"
_ALL_COAP_NODES: Final = bytes((224, 0, 1, 187))
_GROUP_FD: Final = bytes(13) + b"\xfd"


def _group(to: Endpoint) -> str:
    """The name of a group address (clause 12.8)."""
    v6 = len(to.packed) == 16 and to.packed[2:] == _GROUP_FD
    return "All CoAP Nodes" if v6 or to.packed == _ALL_COAP_NODES else "a group"


@rule(
    "COAP-7252-12.8-GROUP",
    N,
    Scope.MESSAGE,
    _SPEC,
    "12.8",
    title="Message to a group",
    what="A message goes to All CoAP Nodes (224.0.1.187, ff0X::fd) or to another multicast or "
    "broadcast address.",
    why="Every node that listens there may answer, each with its own address and after a random "
    "delay (clause 8.2), or not at all: a missing answer is no fault.",
    bad="NON GET /.well-known/core to 224.0.1.187.",
    good="CON GET /.well-known/core to 192.0.2.2.",
    fix="Nothing where a group is meant.",
)
def group(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.destination.multicast:
        yield Breach(
            f"{message.source} to {_group(message.destination)}, {message.destination}",
            message,
            seen=str(message.destination),
            expected="answers of any number",
            group=(message.source, message.destination),
        )


@rule(
    "COAP-7252-8.1-MC-CON",
    E,
    Scope.MESSAGE,
    _SPEC,
    "8.1",
    title="CON to a group",
    what="A CON, request or ping, goes to a multicast or broadcast address.",
    why="Group messages are NON (clause 8.1): no node can acknowledge for all. Some receivers drop "
    "it, others answer all at once, and the sender retransmits it to the whole group.",
    bad="CON GET to 224.0.1.187.",
    good="NON GET to 224.0.1.187.",
    fix="Send NON to groups; ask a single node by its own address for a CON.",
)
def confirmable(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.destination.multicast and message.type == Type.CON:
        yield Breach(
            f"{describe(message)} went to {message.destination}",
            message,
            seen="CON",
            expected="NON",
            span=(0, 1),
        )


@rule(
    "COAP-7252-8.2.1-MC-ETAG",
    E,
    Scope.MESSAGE,
    _SPEC,
    "8.2.1",
    title="ETag in a group request",
    what="A GET or FETCH to a multicast or broadcast address has ETag. Not judged behind OSCORE.",
    why="Entity-tags are those of one server; another node of the group may use the same for "
    "something else and answer 2.03 (clause 8.2.1 forbids it). A revision of group communication "
    "lifts this for nodes that agree on their tags.",
    bad="NON GET with ETag 01 to 224.0.1.187.",
    good="NON GET to 224.0.1.187; CON GET with ETag 01 to 192.0.2.2.",
    fix="Leave ETag out of group requests; validate with each server alone.",
)
def etag(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    option = message.coap.first(numbers.ETAG)
    reads = message.code in (numbers.GET, numbers.FETCH) and not message.protected
    if option is not None and reads and message.destination.multicast:
        yield Breach(
            f"{describe(message)} has ETag and went to {message.destination}",
            message,
            seen=option.value.hex(),
            expected="no ETag",
            span=option.span,
        )


@rule(
    "COAP-7252-8.2-MC-RESP-SOURCE",
    E,
    Scope.MESSAGE,
    _SPEC,
    "8.2",
    title="Response from a group address",
    what="The source address of a response is multicast or broadcast.",
    why="A server answers a group request from its own address (clause 8.2): the client must know "
    "who answered, and a network drops datagrams from such a source.",
    bad="2.05 from 224.0.1.187.",
    good="2.05 from 192.0.2.2 to a request that went to 224.0.1.187.",
    fix="Set the source address of the answer to one of the interface's own; do not just swap the "
    "addresses of the request.",
)
def response_source(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.is_response and message.source.multicast:
        yield Breach(
            f"{describe(message)} came from {message.source}",
            message,
            seen=str(message.source),
            expected="an address of the server's own",
        )


@rule(
    "COAP-7959-2.8-MC-BLOCK",
    W,
    Scope.MESSAGE,
    "RFC 7959",
    "2.8",
    title="Blocks of a group request",
    what="A request to a multicast or broadcast address has Block1, or Block2 with a block other "
    "than the first.",
    why="A body in blocks is a dialogue with one server (clause 2.8): each node would be at "
    "another block. Only the size of the first Block2 can be agreed on with a group.",
    bad="NON GET with Block2 1/0/64 to 224.0.1.187.",
    good="NON GET with Block2 0/0/64 to 224.0.1.187, the rest from each node alone.",
    fix="Fetch further blocks by unicast; send no body in blocks to a group.",
)
def blocks_of_group(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if not (message.is_request and message.destination.multicast):
        return
    block1, block2 = (message.coap.first(n) for n in (numbers.BLOCK1, numbers.BLOCK2))
    value = block(message, numbers.BLOCK2)
    wrong = block1 or (block2 if value is not None and value.num else None)
    if wrong is not None:
        yield Breach(
            f"{wrong.name} in a request to {message.destination}",
            message,
            seen=f"{wrong.name} {uint(wrong) or 0:#x}",
            expected="no Block1, Block2 with NUM 0 only",
            span=wrong.span,
        )


@rule(
    "COAP-9177-4.8-MC",
    W,
    Scope.MESSAGE,
    "RFC 9177",
    "4.8",
    title="Q-Block2 in a group request",
    what="A request to a multicast or broadcast address has Q-Block2.",
    why="Servers must ignore it there (clause 4.8): sets of blocks from many nodes at once would "
    "flood the client.",
    bad="NON GET with Q-Block2 0/1/64 to 224.0.1.187.",
    good="NON GET to 224.0.1.187.",
    fix="Ask single nodes with Q-Block2.",
)
def q_block_of_group(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    if not (message.is_request and message.destination.multicast):
        return
    if has(message, numbers.Q_BLOCK2):
        yield Breach(
            f"Q-Block2 in a request to {message.destination}",
            message,
            seen="Q-Block2",
            expected="no Q-Block2",
        )
