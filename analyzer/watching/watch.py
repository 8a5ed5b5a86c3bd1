# SPDX-License-Identifier: GPL-2.0-only
"""Telling of findings as they happen: what a step of reading added, as often as is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from analyzer.arrivals import Arrivals
from analyzer.filter_options import passing_rows
from analyzer.rules.catalogue import Severity
from analyzer.views.wording import plural
from analyzer.watching.limits import About, Limits, More, Rate

if TYPE_CHECKING:
    from analyzer.filters.filter import Filter
    from analyzer.findings import Finding
    from analyzer.session import Session
    from analyzer.watching.lines import Writer


class Watch:
    """Tells the findings of a session that are at least so severe, and pass a filter."""

    def __init__(
        self,
        session: Session,
        writer: Writer,
        least: Severity,
        rate: Rate,
        wanted: Filter | None = None,
    ) -> None:
        self._session = session
        self._writer = writer
        self._least = least
        self._passing = passing_rows(session, wanted)
        self._arrivals = Arrivals(session)
        self._limits = Limits(rate)

    @property
    def suppressed(self) -> int:
        """Breaches that were counted and not told."""
        return self._limits.suppressed

    def look(self) -> bool:
        """Tell what came since the last look; whether there was something to tell."""
        session = self._session
        grown, told = session.findings.grown, False
        for finding in self._arrivals.findings():
            grown.pop(finding.id, None)  # counted in what is told
            told |= self._tell_more(self._limits.advance(finding.first_time))
            if self._is_wanted(finding):
                about = about_whom(session, finding)
                if self._limits.admits(finding.rule, finding.severity, about):
                    self._writer.finding(finding, about)
                    told = True
        if session.last_time is not None:
            told |= self._tell_more(self._limits.advance(session.last_time))
        for id, more in grown.items():
            finding = session.findings[id - 1]
            if self._is_wanted(finding):
                about = about_whom(session, finding)
                self._limits.count(finding.rule, finding.severity, about, more)
        grown.clear()
        return told

    def _is_wanted(self, finding: Finding) -> bool:
        return finding.severity >= self._least and bool(self._passing((finding.id - 1,)))

    def close(self) -> None:
        """The capture is over: tell how many were not told."""
        self._tell_more(self._limits.close())

    def _tell_more(self, ended: Iterable[More]) -> bool:
        told = False
        for more in ended:
            self._writer.more(more)
            told = True
        return told


def about_whom(session: Session, finding: Finding) -> About:
    """The UE as it is known by now; else the address of the client, or of who sent the message."""
    ue = session.ue_of(finding)
    if ue:
        return About(ue)
    row = finding.row
    if finding.exchange:
        row = session.exchanges.stored.cell("request_row", finding.exchange - 1)
    if row < 0:
        return About()
    return About(address=session.endpoints[session.messages.cell("source", row)].address)


def summary(session: Session, suppressed: int, lost: int) -> str:
    """What was read, found, not told and lost, in a line."""
    from analyzer.report import visible_messages

    messages = sum(1 for _ in visible_messages(session))
    found = ", ".join(plural(n, label) for label, n in session.findings.summary().items())
    parts = [
        f"{plural(session.counts.records, 'packet')}, {plural(messages, 'CoAP message')}, "
        f"{plural(len(session.exchanges), 'exchange')}: {found}"
    ]
    if suppressed:
        parts.append(f"{suppressed} more counted, not printed")
    if session.findings.ignored:
        parts.append(f"{session.findings.ignored} ignored")
    if lost:
        parts.append(f"{plural(lost, 'packet')} lost while capturing")
    return "; ".join(parts)
