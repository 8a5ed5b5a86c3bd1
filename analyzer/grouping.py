# SPDX-License-Identifier: GPL-2.0-only
"""Findings as people read them: what is the same breach, or follows from another, is one row.

A view of the findings table, which stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analyzer.findings import Finding
from analyzer.identity import Identities
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Severity


class Group(NamedTuple):
    """The same breach of one UE, or between two endpoints, by frame, and what explains it."""

    findings: Sequence[Finding]
    causes: Sequence[Finding] = ()

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def severity(self) -> Severity:
        return self.first.severity

    @property
    def times(self) -> int:
        """How often the rule was broken."""
        return sum(finding.count for finding in self.findings)

    @property
    def first_time(self) -> int:
        return min(finding.first_time for finding in self.findings)

    @property
    def last_time(self) -> int:
        return max(finding.last_time for finding in self.findings)

    def when(self, start: int) -> str:
        """`from 1.200 s to 61.304 s`, in seconds since `start`, the time of the message list."""
        first, last = (self.first_time - start) / SECOND, (self.last_time - start) / SECOND
        return f"at {first:.3f} s" if first == last else f"from {first:.3f} s to {last:.3f} s"


def each(findings: Iterable[Finding]) -> list[Group]:
    """A group a finding, worst first."""
    return _worst_first(Group((finding,)) for finding in findings)


def grouped(findings: Iterable[Finding], identities: Identities) -> list[Group]:
    """Groups worst first, then by frame; every finding is in one of them.

    A cause is told below what it explains, unless it is worse; of the causes of several findings in
    a group, those alike are told once.
    """
    ordered = sorted(findings, key=_place)
    above = _explained(ordered)
    rows: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in ordered:
        if finding.id not in above:
            rows.setdefault((identities.of(finding), finding.severity), []).append(finding)
    causes: dict[int, list[Finding]] = {}
    for finding in ordered:
        if finding.id in above:
            causes.setdefault(_top(finding.id, above), []).append(finding)
    return _worst_first(
        Group(row, _alike_once((c for f in row for c in causes.get(f.id, ())), identities))
        for row in rows.values()
    )


def _place(finding: Finding) -> tuple[int, int]:
    """Those about the capture as a whole last."""
    return finding.frame or 1 << 32, finding.id


def _worst_first(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.severity, *_place(group.first)))


def _explained(findings: Sequence[Finding]) -> dict[int, int]:
    """Ids of findings, each with that of the finding it explains."""
    wanted = {cause for finding in findings for cause in finding.rule.causes}
    if not wanted:
        return {}
    places: dict[tuple[str, str, int], list[Finding]] = {}
    for finding in findings:
        if finding.rule.id in wanted:
            for place in _places(finding):
                places.setdefault((finding.rule.id, *place), []).append(finding)
    above: dict[int, int] = {}
    for finding in findings:
        for rule in finding.rule.causes:
            for place in _places(finding):
                for cause in places.get((rule, *place), ()):
                    if cause.severity <= finding.severity:
                        above.setdefault(cause.id, finding.id)
    return above


def _places(finding: Finding) -> Iterator[tuple[str, int]]:
    if finding.exchange:
        yield "exchange", finding.exchange
    if finding.frame:
        yield "frame", finding.frame


def _top(id: int, above: dict[int, int]) -> int:
    """The finding above all; the catalogue has no circles."""
    while id in above:
        id = above[id]
    return id


def _alike_once(causes: Iterable[Finding], identities: Identities) -> list[Finding]:
    return list({identities.of(cause): cause for cause in reversed(list(causes))}.values())[::-1]
