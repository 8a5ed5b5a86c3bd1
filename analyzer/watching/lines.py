# SPDX-License-Identifier: GPL-2.0-only
"""Findings while they happen, a line each: as text for people, as JSON for scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from analyzer.candidates import Candidates
from analyzer.identity import Identities
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Severity
from analyzer.views.escape import ELLIPSIS, escape
from analyzer.views.json import finding_entry
from analyzer.views.terminal import ascii_text, inked, paper
from analyzer.views.times import time_of_day
from analyzer.watching.limits import About

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session
    from analyzer.watching.limits import More

_MILLISECONDS: Final = len("14:02:07.123")
_WIDEST_LABEL: Final = max(len(severity.label) for severity in Severity)


class Writer(Protocol):
    """What a format of `watch` does."""

    def finding(self, finding: Finding, about: About) -> None: ...

    def more(self, more: More) -> None: ...


def writer(form: str, session: Session, out: TextIO) -> Writer:
    """Of a format, `text` or `jsonl`."""
    return JsonLines(session, out) if form == "jsonl" else Text(session, out)


class _Lines:
    """What both have: the nearest candidates, looked up in the tables as they are by now."""

    def __init__(self, session: Session, out: TextIO) -> None:
        self._session = session
        self._out = out
        self._looked_up: tuple[int, Candidates] | None = None

    @property
    def _candidates(self) -> Candidates:
        version = self._session.version
        if self._looked_up is None or self._looked_up[0] != version:
            self._looked_up = version, Candidates(self._session)
        return self._looked_up[1]


class Text(_Lines):
    """`14:02:07.123 error   frame 18  meter-0016@iot.example  RULE: what is wrong`, local time."""

    def __init__(self, session: Session, out: TextIO) -> None:
        super().__init__(session, out)
        self._paper = paper(out)

    def finding(self, finding: Finding, about: About) -> None:
        label = f"{finding.severity.label:<{_WIDEST_LABEL}}"
        if self._paper.colour:
            label = inked(label, finding.severity.label)
        where = f"frame {finding.frame}" if finding.frame else "capture"
        candidate = self._candidates.of_finding(finding)
        nearest = f"; nearest: {candidate.sentence}" if candidate else ""
        times = f" ({finding.count} times)" if finding.count > 1 else ""
        text = f"{finding.rule.id}: {escape(finding.text, 400)}{times}{nearest}"
        parts = (f"{self._time(finding.first_time)} {label} {where}", _name(about), text)
        self._write("  ".join(filter(None, parts)))

    def more(self, more: More) -> None:
        about = f" about {_name(more.about)}" if any(more.about) else ""
        last = f"{max(1, round((more.end - more.start) / SECOND))} s"
        line = f"{ELLIPSIS} {more.breaches} more of {more.rule.id}{about} in the last {last}"
        line = f"{self._time(more.end)} {line}"
        self._write(inked(line, "dim") if self._paper.colour else line)

    def _time(self, nanoseconds: int) -> str:
        return time_of_day(nanoseconds)[:_MILLISECONDS]

    def _write(self, line: str) -> None:
        self._out.write((ascii_text(line) if self._paper.plain else line) + "\n")


def _name(about: About) -> str:
    return escape(about.ue, 60) or about.address


class JsonLines(_Lines):
    """Findings as `check --format json` has them, and `time`; `more` of those not told."""

    def finding(self, finding: Finding, about: About) -> None:
        session = self._session
        entry = finding_entry(session, finding, self._candidates, Identities(session))
        self._write({"time": finding.first_time / SECOND} | entry)

    def more(self, more: More) -> None:
        self._write(
            {
                "time": more.end / SECOND,
                "more": more.breaches,
                "seconds": (more.end - more.start) / SECOND,
                "rule": more.rule.id,
                "severity": more.severity.label,
                "ue_service_id": more.about.ue or None,
                "address": more.about.address or None,
            }
        )

    def _write(self, entry: dict[str, object]) -> None:
        self._out.write(json.dumps(entry, allow_nan=False) + "\n")
