# SPDX-License-Identifier: GPL-2.0-only
"""The bytes a finding is about, with a few around them; those of credentials stay hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.views.escape import letter

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session
    from dissectors.msgin5g.credentials import Span

WIDTH: Final = 16
_AHEAD: Final = 4
HIDDEN: Final = "**"


class Excerpt(NamedTuple):
    """Bytes of a CoAP message from offset `start` on, as hex and as ASCII, and which are marked;
    `before` and `after` tell that marked ones are left out there."""

    start: int
    texts: tuple[str, ...]
    letters: str
    marked: tuple[bool, ...]
    before: bool
    after: bool


def excerpt(session: Session, finding: Finding) -> Excerpt | None:
    """What to show of the span of a finding; None where it has none, or its bytes are gone."""
    if finding.span is None or finding.row < 0:
        return None
    first, end = finding.span
    data = session.coap(finding.row)
    end = min(end, len(data))
    if not 0 <= first < end:
        return None
    start = max(0, min(first - _AHEAD, len(data) - WIDTH))
    stop = min(len(data), start + WIDTH)
    hidden = credentials(session, finding.row, data, stop)
    shown = [(at, any(a <= at < b for a, b in hidden)) for at in range(start, stop)]
    return Excerpt(
        start,
        tuple(HIDDEN if secret else f"{data[at]:02x}" for at, secret in shown),
        "".join("*" if secret else letter(data[at]) for at, secret in shown),
        tuple(first <= at < end for at, _ in shown),
        first < start,
        end > stop,
    )


def credentials(session: Session, row: int, data: bytes, stop: int) -> list[Span]:
    """Bytes before `stop` that hold credentials, or may: one block of a body does not tell."""
    coap = session.dissected(row)
    at = coap.payload_offset
    if at < 0:
        at = len(data) - len(coap.payload)
    if at >= stop:
        return []
    if session.blocks.is_block(row):
        return [(at, len(data))]
    from dissectors.msgin5g.credentials import secrets_of

    return [(at + a, at + b) for a, b in secrets_of(coap.payload, session.vocabulary)]
