# SPDX-License-Identifier: GPL-2.0-only
"""Values of findings by the key of their fields; None where there is none, times in ns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session


def _length(finding: Finding) -> int | None:
    return finding.span[1] - finding.span[0] if finding.span else None


VALUES: Final[dict[str, Callable[[Session, Finding], Any]]] = {
    "id": lambda session, finding: finding.id,
    "rule": lambda session, finding: finding.rule.id,
    "severity": lambda session, finding: finding.severity.label,
    "spec": lambda session, finding: finding.rule.spec,
    "clause": lambda session, finding: finding.rule.clause or None,
    "title": lambda session, finding: finding.rule.title,
    "frame": lambda session, finding: finding.frame or None,
    "frames": lambda session, finding: finding.frames or None,
    "exchange": lambda session, finding: finding.exchange or None,
    "ue_service_id": lambda session, finding: session.ue_of(finding) or None,
    "text": lambda session, finding: finding.text,
    "seen": lambda session, finding: finding.seen or None,
    "expected": lambda session, finding: finding.expected or None,
    "fix": lambda session, finding: finding.rule.fix,
    "offset": lambda session, finding: finding.span[0] if finding.span else None,
    "length": lambda session, finding: _length(finding),
    "count": lambda session, finding: finding.count,
    "first_time": lambda session, finding: finding.first_time,
    "last_time": lambda session, finding: finding.last_time,
}
