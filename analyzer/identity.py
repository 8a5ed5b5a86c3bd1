# SPDX-License-Identifier: GPL-2.0-only
"""What makes a finding the same one in another capture of the same devices.

The rule, who broke it, and what was seen, without that which another run has otherwise: frame
numbers, times, Message IDs, tokens, counts of copies, and the ports that a system picks by itself.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from analyzer.endpoints import Endpoint

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session

SCHEME: Final = "msgshark/v1"
"""Name of the fingerprint in reports: another one when fingerprints come to mean something else."""

_HEX: Final = re.compile(r"\b(?:(?<=token )[0-9a-f]{2}|[0-9a-f]{4,})\b|^[0-9a-f]{2}$")
"""What may be a token: of one byte only where it is said to be one."""

_EPHEMERAL: Final = 32768
"""Ports that Linux picks begin here, those of RFC 6335 at 49152."""

_NUMBER: Final = re.compile(
    r"[0-9][0-9a-fx]*(?:\.[0-9]+)*(?: (?:s|ms|times|transmissions?|fragments)\b)?"
)
_NAMES: Final = ("rame ", "Message ID ", "copy ")
"""What stands before numbers that pass."""


class Identities:
    """Fingerprints of the findings of a session, each made when first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[int, str] = {}
        self._ends: dict[tuple[int, int], str] = {}

    def of(self, finding: Finding) -> str:
        """32 hex digits, the same in every run in which the finding is."""
        known = self._known.get(finding.id)
        if known is None:
            parts = (finding.rule.id, self.who(finding), *self._told(finding))
            data = "\0".join(parts).encode("utf-8", "surrogatepass")
            known = self._known[finding.id] = hashlib.sha256(data).hexdigest()[:32]
        return known

    def who(self, finding: Finding) -> str:
        """The UE, else client and server, else sender and receiver, else nobody."""
        session = self._session
        ue = session.ue_of(finding)
        if ue:
            return ue
        row = self._request(finding)
        if row < 0:
            row = finding.row
        if row < 0:
            return ""
        cell = session.messages.cell
        ends = cell("source", row), cell("destination", row)
        if ends not in self._ends:
            self._ends[ends] = " - ".join(_lasting(session.endpoints[end]) for end in ends)
        return self._ends[ends]

    def _request(self, finding: Finding) -> int:
        """The row of the request it is about, -1 for none."""
        if not finding.exchange:
            return -1
        return self._session.exchanges.stored.cell("request_row", finding.exchange - 1)

    def _told(self, finding: Finding) -> tuple[str, str]:
        """Text and what was seen, less what passes."""
        text, seen = finding.text, finding.seen
        if "oken" in text or _HEX.fullmatch(seen):
            tokens = self._tokens(finding)
            text, seen = (
                _HEX.sub(lambda found: "#" if found[0] in tokens else found[0], words)
                for words in (text, "#" if seen in tokens else seen)
            )
        return _lasting_words(text), _lasting_words(seen)

    def _tokens(self, finding: Finding) -> set[str]:
        """In hex: of the message, and of the request it belongs to."""
        rows = (finding.row, self._request(finding))
        return {self._session.token(row).hex() for row in rows if row >= 0} - {""}


def _lasting(endpoint: Endpoint) -> str:
    return str(endpoint) if endpoint.port < _EPHEMERAL else endpoint.address


def _lasting_words(text: str) -> str:
    return _NUMBER.sub(_blank, text).replace(" once", " #") if text else ""


def _blank(found: re.Match[str]) -> str:
    number, text, start = found[0], found.string, found.start()
    if number[-1] in "st" and " " in number:  # a unit
        return "#"
    before = text[max(0, start - 11) : start]
    if before.endswith(_NAMES):
        return "#"
    if before.endswith(":") and start > 1 and (text[start - 2].isdigit() or text[start - 2] == "]"):
        return "#" if number.isdigit() and int(number) >= _EPHEMERAL else number
    return number
