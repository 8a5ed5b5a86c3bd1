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

_EPHEMERAL: Final = 32768
"""Ports that Linux picks begin here, those of RFC 6335 at 49152."""

_PASSING: Final = re.compile(
    r"\b(?P<named>[Ff]rame|Message ID|copy|token) (?:0x[0-9a-f]+|\d+\b|(?<=token )[0-9a-f]+\b)"
    r"|-?\b\d+(?:\.\d+)? (?P<unit>s|ms|times|transmissions?|fragments)\b"
    r"|(?P<once>\bonce\b)"
    r"|(?<=[\d\]]):(?P<port>\d{5})\b"
)


class Identities:
    """Fingerprints of the findings of a session, each made when first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[int, str] = {}

    def of(self, finding: Finding) -> str:
        """32 hex digits, the same in every run in which the finding is."""
        known = self._known.get(finding.id)
        if known is None:
            parts = (finding.rule.id, self.who(finding), *self._told(finding))
            data = "\0".join(parts).encode("utf-8", "surrogatepass")
            known = self._known[finding.id] = hashlib.sha256(data).hexdigest()[:32]
        return known

    def who(self, finding: Finding) -> str:
        """The UE, else the endpoints, else nobody."""
        session = self._session
        ue = session.ue_of(finding)
        if ue:
            return ue
        if finding.exchange:
            ids = (session.exchanges.stored.cell(n, finding.exchange - 1) for n in _ENDS)
        elif finding.row >= 0:
            ids = (session.messages.cell(n, finding.row) for n in ("source", "destination"))
        else:
            return ""
        return " - ".join(_lasting(session.endpoints[id]) for id in ids)

    def _told(self, finding: Finding) -> tuple[str, str]:
        """Text and what was seen, less what passes."""
        text, seen = (_PASSING.sub(_blank, words) for words in (finding.text, finding.seen))
        for token in self._tokens(finding):
            if len(token) > 2:  # any two digits may be one of a byte
                text, seen = text.replace(token, "#"), seen.replace(token, "#")
            elif seen == token:
                seen = "#"
        return text, seen

    def _tokens(self, finding: Finding) -> set[str]:
        """In hex: of the message, and of the request it belongs to."""
        session, tokens = self._session, set()
        if finding.row >= 0:
            tokens.add(session.token(finding.row).hex())
        if finding.exchange:
            row = session.exchanges.stored.cell("request_row", finding.exchange - 1)
            tokens.add(session.token(row).hex())
        return tokens - {""}


_ENDS: Final = ("client", "server")


def _lasting(endpoint: Endpoint) -> str:
    return str(endpoint) if endpoint.port < _EPHEMERAL else endpoint.address


def _blank(found: re.Match[str]) -> str:
    if found["named"]:
        return f"{found['named']} #"
    if found["unit"] or found["once"]:
        return "#"
    return ":#" if int(found["port"]) >= _EPHEMERAL else found[0]
