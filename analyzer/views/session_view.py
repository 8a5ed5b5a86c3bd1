# SPDX-License-Identifier: GPL-2.0-only
"""A session as views of one message look at it: what was found about it, times, candidates.

It may still be read; what is kept here is looked up again once the session has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analyzer.candidates import Candidates
from analyzer.exchanges.times import ExchangeTimes, Times
from analyzer.messages import Role

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session


class SessionView:
    """A session, once there is one; `unmasked`: the user wants to see credentials."""

    def __init__(self, session: Session | None = None) -> None:
        self.session = session
        self.unmasked = False
        self._findings: dict[int, list[Finding]] = defaultdict(list)
        self._findings_seen = 0
        self._copies: tuple[int, Any, Any] | None = None  # retransmissions and their exchanges
        self._candidates: tuple[int, Candidates] | None = None

    @property
    def opened(self) -> Session:
        """The session, once there is one: rows exist only then."""
        assert self.session is not None
        return self.session

    def findings_of_row(self, row: int) -> Sequence[Finding]:
        """Findings that point at a message, as they were found."""
        findings = self.opened.findings
        for index in range(self._findings_seen, len(findings)):
            finding = findings[index]
            self._findings[finding.row].append(finding)
            self._findings_seen = index + 1
        return self._findings.get(row, ())

    def times_of(self, exchange: int) -> Times:
        """The times of an exchange, its id counting from 1."""
        import numpy as np

        session = self.opened
        messages, version = session.messages, session.version
        if self._copies is None or self._copies[0] != version:
            rows = (messages["role"] == Role.RETRANSMISSION).nonzero()[0]
            owners = messages["exchange"][rows]
            order = np.argsort(owners, kind="stable")
            self._copies = version, rows[order], owners[order]
        _, rows, owners = self._copies
        first, after = owners.searchsorted([exchange, exchange + 1])
        copies = rows[first:after].tolist()
        return ExchangeTimes(messages, session.exchanges.stored, copies).of(exchange)

    @property
    def candidates(self) -> Candidates:
        """Looks up candidates in what was read by now."""
        version = self.opened.version
        if self._candidates is None or self._candidates[0] != version:
            self._candidates = version, Candidates(self.opened)
        return self._candidates[1]
