# SPDX-License-Identifier: GPL-2.0-only
"""Lists of links, such as the answer of `/.well-known/core`: RFC 6690."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed
from analyzer.rules.catalogue import Breach, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import shown, whole_payload
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.link_format import LinkFormat, read_links

_SPEC: Final = "RFC 6690"
_ONCE: Final = ("rt", "if", "sz", "ct")
_NEAR: Final = 16
_MOST: Final = 16
"""Attributes told of one message."""


def _links(message: Message) -> LinkFormat | None:
    """The payload read as link format where it says so and is all there."""
    if message.coap.uint(numbers.CONTENT_FORMAT) != numbers.LINK_FORMAT:
        return None
    payload = whole_payload(message)
    return read_links(payload) if payload else None


@rule(
    "COAP-6690-2-SYNTAX",
    W,
    Scope.EXCHANGE,
    _SPEC,
    "2",
    reads_values=True,
    title="No link format",
    what="A payload of Content-Format 40 that came in one message does not follow the grammar of "
    "link format. Not judged behind OSCORE, nor where bytes are missing.",
    why="Links are `<target>;name=value`, separated by commas, without any white space between "
    "them (clause 2). Clients and resource directories stop at the first thing they cannot read: "
    "resources behind it do not exist for them.",
    bad="60 45 12 34 c1 28 ff 3c 2f 61 3e 2c  `</a>,`",
    good="60 45 12 34 c1 28 ff 3c 2f 61 3e  `</a>`",
    fix="Put the target into angle brackets, quote values with blanks or commas, and write no "
    "comma after the last link and no line ends.",
)
def syntax(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    links = _links(message)
    if links is None or not links.error:
        return
    payload = message.coap.payload
    at = min(links.error_at, len(payload) - 1)
    first = message.coap.payload_offset + at
    yield Breach(
        f"The link format ends after {len(links.links)} links: {links.error}, "
        f"byte {links.error_at + 1}",
        message,
        seen=shown(payload[links.error_at : links.error_at + _NEAR]) or "(its end)",
        expected="links separated by commas",
        span=(first, first + 1),
    )


@rule(
    "COAP-6690-3-ATTR-REPEATED",
    W,
    Scope.EXCHANGE,
    _SPEC,
    "3",
    reads_values=True,
    title="Link attribute given twice",
    what="One link has `rt`, `if`, `sz` or `ct` more than once.",
    why="Each of them may stand in a link once (clause 3; for `ct` an erratum to RFC 7252 says "
    "so); several values go into one attribute, separated by blanks. Readers keep the first, the "
    "last, or none.",
    bad="60 45 12 34 c1 28 ff 3c 2f 3e 3b 73 7a 3d 31 3b 73 7a 3d 32  `</>;sz=1;sz=2`",
    good="60 45 12 34 c1 28 ff 3c 2f 3e 3b 73 7a 3d 31  `</>;sz=1`",
    fix='Write the values into one: `rt="a b"`.',
)
def attribute_repeated(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    links = _links(message)
    told = 0
    for link in links.links if links is not None else ():
        for name in _ONCE:
            again = list(link.all(name))[1:]
            if not again or told == _MOST:
                continue
            told += 1
            first, after = again[0].span
            at = message.coap.payload_offset
            yield Breach(
                f"Link <{shown(link.target.encode())}> has `{name}` {len(again) + 1} times",
                message,
                seen=f"{len(again) + 1} times",
                expected=f"one `{name}`",
                span=(at + first, at + after),
            )
