# SPDX-License-Identifier: GPL-2.0-only
"""Is it redacted, and does it still show the same? What was written is read again and compared."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from analyzer.redaction.json_text import BLOT
from analyzer.redaction.words import SHORTEST, Words
from analyzer.report import findings_in_order
from analyzer.rules.catalogue import Severity

if TYPE_CHECKING:
    from analyzer.session import Session

_CHUNK: Final = 1 << 20
_LONGEST: Final = 1 << 12
_TOKEN: Final = re.compile(rb"[0-9A-Za-z_-]{%d,}" % SHORTEST)
_ADDRESS: Final = re.compile(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_MOST_TOLD: Final = 10
_OPTION_HEADER: Final = 3
"""Bytes of an option before its value that may look like letters (RFC 7252 clause 3.1)."""


class Told(NamedTuple):
    """A finding as two captures have it alike."""

    severity: Severity
    rule: str
    frames: tuple[int, ...]
    span: tuple[int, int] | None
    times: int

    @property
    def text(self) -> str:
        """`error COAP-...: packet 4, bytes 4 to 9`."""
        at = f"packet {self.frames[0]}" if self.frames else "the capture as a whole"
        if self.span:
            at += f", bytes {self.span[0] + 1} to {self.span[1]}"
        return f"{self.severity.label} {self.rule}: {at}" + f", {self.times}x" * (self.times > 1)


def differences(before: Session, after: Session, frames: array[int]) -> list[str]:
    """What is found in one of the two alone, a sentence each.

    `frames` are the numbers, in the capture, of the packets that were written.
    """
    one, other = Counter(_told(before, frames)), Counter(_told(after, None))
    texts = [f"not found again: {told.text}" for told in sorted((one - other).elements())]
    texts += [f"found only now: {told.text}" for told in sorted((other - one).elements())]
    if len(texts) > _MOST_TOLD:
        texts[_MOST_TOLD:] = [f"{len(texts) - _MOST_TOLD} more differences"]
    return texts


def _told(session: Session, frames: array[int] | None) -> Iterator[Told]:
    """Findings with the numbers that their packets have in what was written."""
    for finding in findings_in_order(session):
        numbers = tuple(finding.frames)
        if frames is not None:
            places = ((bisect_left(frames, number), number) for number in numbers)
            numbers = tuple(
                at + 1 for at, number in places if at < len(frames) and frames[at] == number
            )
        yield Told(finding.severity, finding.rule.id, numbers, finding.span, finding.count)


def leaked(file: BinaryIO, after: Session, words: Words) -> str:
    """An identifier, credential or address of the capture that what was written still has, `""`
    for none.

    Pseudonyms may look like names that are there, too: what was given as one is no leak. Words
    of less than SHORTEST letters come by chance and are not looked for.
    """
    wanted = {
        word.encode()
        for word in words.secrets.union(words.identities) - words.shown - words.kept
        if len(word) >= SHORTEST and hash(word) not in words.written and set(word) != {BLOT}
    }
    given = set(words.addresses.known.values())
    changed = {one for one, other in words.addresses.known.items() if one not in given}
    for id in set(after.messages["source"].tolist()) | set(after.messages["destination"].tolist()):
        end = after.endpoints[id]
        if end.packed in changed:
            return end.address
    literals = {str(ip_address(packed)).encode() for packed in changed if len(packed) == 4}
    file.seek(0)
    kept = b""
    while chunk := file.read(_CHUNK):
        data = kept + chunk
        for token in set(_ADDRESS.findall(data)):
            if token in literals:
                return str(token, "ascii")
        for token in set(_TOKEN.findall(data)):
            for at in range(min(_OPTION_HEADER, len(token) - SHORTEST) + 1):
                if token[at:] in wanted or token[at:-1] in wanted:
                    return str(token[at:], "ascii")
        kept = data[-_LONGEST:]
    return ""
