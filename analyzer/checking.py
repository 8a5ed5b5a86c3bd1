# SPDX-License-Identifier: GPL-2.0-only
"""What `check` found, as every format tells it, and where it is written."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from analyzer.formats import Output
from analyzer.grouping import Group, each, grouped
from analyzer.identity import Identities
from analyzer.protected import messages_not_read
from analyzer.report import findings_in_order
from analyzer.rules.catalogue import Severity

if TYPE_CHECKING:
    from analyzer.annotations.model import Waiver
    from analyzer.baseline import Baseline
    from analyzer.filters.filter import Filter
    from analyzer.findings import Finding
    from analyzer.session import Session

OPAQUE: Final = "COAP-CAP-OPAQUE"
"""The rule that tells of protected flows."""


class Check(NamedTuple):
    """A judged session: its `findings` by frame, those about the capture as a whole last.

    With a `baseline` these are the new ones, and `known` were in it; `waived` ones are not among
    them. A finding as severe as `fail_on` is a failure; with `fail_on_opaque` so is that protected
    messages were not read; `alone`: each finding is told by itself.
    """

    session: Session
    findings: Sequence[Finding]
    identities: Identities
    baseline: Baseline | None = None
    known: int = 0
    fail_on: Severity = Severity.ERROR
    alone: bool = False
    waived: int = 0
    fail_on_opaque: bool = False

    @classmethod
    def of(
        cls,
        session: Session,
        baseline: Baseline | None = None,
        fail_on: Severity = Severity.ERROR,
        alone: bool = False,
        wanted: Filter | None = None,
        waivers: Sequence[Waiver] = (),
        fail_on_opaque: bool = False,
    ) -> Self:
        """What a session that has read its capture found; `wanted`: of findings that pass."""
        identities = Identities(session)
        judged = _wanted(session, findings_in_order(session), wanted)
        found = new = _unwaived(session, judged, waivers, identities)
        if baseline is not None:
            new = [f for f in found if identities.of(f) not in baseline.fingerprints]
        known = len(found) - len(new)
        waived = len(judged) - len(found)
        told = (baseline, known, fail_on, alone, waived, fail_on_opaque)
        return cls(session, new, identities, *told)

    def groups(self) -> list[Group]:
        """Rows for people, worst first."""
        return each(self.findings) if self.alone else grouped(self.findings, self.identities)

    def summary(self) -> dict[str, int]:
        """How many findings of each severity, worst first; how many breaches are ignored; with a
        baseline, how many it knew."""
        counts = dict.fromkeys((severity.label for severity in reversed(Severity)), 0)
        for finding in self.findings:
            counts[finding.severity.label] += 1
        counts["ignored"] = self.session.findings.ignored + self.waived
        return counts | ({"known": self.known} if self.baseline else {})

    def fails(self, finding: Finding) -> bool:
        """Whether a finding is a failure."""
        opaque = self.fail_on_opaque and finding.rule.id == OPAQUE
        return opaque or finding.severity >= self.fail_on

    @property
    def failed(self) -> bool:
        if self.fail_on_opaque and messages_not_read(self.session):
            return True
        return any(map(self.fails, self.findings))


def _wanted(session: Session, findings: list[Finding], wanted: Filter | None) -> list[Finding]:
    """Findings that pass a filter, in their order."""
    if wanted is None:
        return findings
    from analyzer.filters.matching import Matcher

    passed = Matcher(session, wanted).matches()
    return [finding for finding in findings if passed[finding.id - 1]]


def _unwaived(
    session: Session, findings: list[Finding], waivers: Sequence[Waiver], identities: Identities
) -> list[Finding]:
    """Findings that nobody ignores, in their order."""
    if not waivers:
        return findings
    from analyzer.waiving import Waived

    waived = Waived(session, waivers, identities)
    return [finding for finding in findings if not waived.has(finding)]


def write(check: Check, outputs: Sequence[Output]) -> None:
    """Write every output; a file takes its name once it is complete. Raises WritingError."""
    for form, path in outputs:
        if path == "-":
            form.write_check(check, sys.stdout)
            continue
        from analyzer.capture.writing import new_file

        with new_file(path, check.session.paths) as file:
            out = io.TextIOWrapper(file, "utf-8", "backslashreplace", newline="\n")
            form.write_check(check, out)
            out.flush()
            out.detach()
