# SPDX-License-Identifier: GPL-2.0-only
"""Findings that the user knows, of those that were made: what the screen hides and `check` omits.

Ignores of a command or a spec profile reach breaches before there is a finding (rules.ignoring);
waivers come later, may be about a single finding, and are taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from re import Pattern
from typing import TYPE_CHECKING

from analyzer.annotations.model import Waiver
from analyzer.endpoints import Endpoint
from analyzer.identity import Identities
from analyzer.profiles.spec import pattern

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session


class Waived:
    """Tells which findings of a session are waived, and by what; keeps what it learns of rules."""

    def __init__(
        self, session: Session, waivers: Iterable[Waiver], identities: Identities | None = None
    ) -> None:
        self._session = session
        self._waivers = tuple(waivers)
        self._identities = identities or Identities(session)
        self._by_rule: dict[str, Sequence[Waiver]] = {}

    def by(self, finding: Finding) -> Iterator[Waiver]:
        """The waivers that a finding falls under."""
        rule = finding.rule.id
        if rule not in self._by_rule:
            self._by_rule[rule] = [w for w in self._waivers if pattern(w.of.rule).fullmatch(rule)]
        return (waiver for waiver in self._by_rule[rule] if self._falls(finding, waiver))

    def has(self, finding: Finding) -> bool:
        """A finding is waived."""
        return next(self.by(finding), None) is not None

    def _falls(self, finding: Finding, waiver: Waiver) -> bool:
        of, session = waiver.of, self._session
        if of.ue != "*" and not pattern(of.ue).fullmatch(session.ue_of(finding)):
            return False
        if of.endpoint != "*" and not self._is_between(finding, pattern(of.endpoint)):
            return False
        return not waiver.finding or self._identities.of(finding) == waiver.finding

    def _is_between(self, finding: Finding, wanted: Pattern[str]) -> bool:
        ends = endpoints(self._session, finding)
        return any(wanted.fullmatch(end.address) or wanted.fullmatch(str(end)) for end in ends)


def endpoints(session: Session, finding: Finding) -> Iterator[Endpoint]:
    """Sender and receiver of the message a finding points at; client and server."""
    rows = [finding.row]
    if finding.exchange:
        rows.append(session.exchanges.stored.cell("request_row", finding.exchange - 1))
    for row in rows:
        if row >= 0:
            for end in ("source", "destination"):
                yield session.endpoints[session.messages.cell(end, row)]


class Hidden:
    """The findings of a session that are waived as it grows, and what is left where they were.

    `take_in` looks at those that came since, or at all of them once the waivers are others.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen = 0
        self._asked: tuple[Waiver, ...] = ()
        self._waived = Waived(session, ())
        self.ids: frozenset[int] = frozenset()
        """Findings that are waived."""
        self.rows: dict[int, int] = {}
        """Worst severity left, by rows of messages with a waived finding."""
        self.exchanges: dict[int, int] = {}
        """The same, by ids of exchanges."""

    def left(self, waivers: tuple[Waiver, ...]) -> int:
        """How many findings `take_in` would look at."""
        found = len(self._session.findings)
        if not waivers and not self._asked:
            return 0
        return found if waivers != self._asked else found - self._seen

    def take_in(self, waivers: tuple[Waiver, ...], again: bool = False) -> bool:
        """Look at what is to be looked at, `again` at all; whether other findings are hidden now.
        Runs in any thread, one at a time: what it finds out is put in place at its end."""
        findings, before = self._session.findings, self.ids
        count = len(findings)
        first, known = self._seen, set(before)
        if again or waivers != self._asked:
            self._waived = Waived(self._session, waivers)
            first, known = 0, set()
        if waivers:
            some = (findings[index] for index in range(first, count))
            known.update(finding.id for finding in some if self._waived.has(finding))
        self._seen, self._asked = count, waivers
        if known or before:
            rows, exchanges = self._worst(known, count)
            self.rows, self.exchanges, self.ids = rows, exchanges, frozenset(known)
        return self.ids != before

    def _worst(self, hidden: set[int], count: int) -> tuple[dict[int, int], dict[int, int]]:
        findings = self._session.findings
        some = [findings[id - 1] for id in hidden]
        rows = dict.fromkeys((f.row for f in some if f.row >= 0), 0)
        exchanges = dict.fromkeys((f.exchange for f in some if f.exchange), 0)
        for index in range(count):
            finding = findings[index]
            if finding.id in hidden:
                continue
            severity = int(finding.severity)
            if finding.row in rows:
                rows[finding.row] = max(rows[finding.row], severity)
            if finding.exchange in exchanges:
                exchanges[finding.exchange] = max(exchanges[finding.exchange], severity)
        return rows, exchanges

    def by_severity(self) -> dict[str, int]:
        """How many are hidden, by the severity's name."""
        counts: defaultdict[str, int] = defaultdict(int)
        for id in self.ids:
            counts[self._session.findings[id - 1].severity.label] += 1
        return counts
