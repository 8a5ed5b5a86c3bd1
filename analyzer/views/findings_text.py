# SPDX-License-Identifier: GPL-2.0-only
"""Findings as text for people: what is wrong first, with its bytes, and the sum last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TextIO

from analyzer import protected, report
from analyzer.candidates import Candidates
from analyzer.profiles.spec import SEED
from analyzer.profiles.transmission import DEFAULT
from analyzer.rules.catalogue import Severity
from analyzer.views.escape import escape
from analyzer.views.offending import WIDTH, Excerpt, excerpt
from analyzer.views.terminal import colour as colours
from analyzer.views.terminal import inked
from analyzer.views.wording import plural

if TYPE_CHECKING:
    from analyzer.checking import Check
    from analyzer.findings import Finding
    from analyzer.grouping import Group

_INDENT: Final = "    "
_MOST_CAUSES: Final = 8
_MOST_FLOWS: Final = 100


def write_check(check: Check, out: TextIO, colour: bool | None = None) -> None:
    """Findings worst first, then the summary; in colour where the terminal can, or as asked."""
    coloured = colours(out) if colour is None else colour
    candidates = Candidates(check.session)
    groups = check.groups()
    for group in groups:
        for line in _group_lines(check, group, coloured):
            out.write(line + "\n")
        candidate = candidates.of_finding(group.first)
        if candidate:
            out.write(f"{_INDENT}nearest: {candidate.sentence}\n")
    for line in _summary(check, len(groups)):
        out.write(line + "\n")


def _group_lines(check: Check, group: Group, colour: bool) -> Iterator[str]:
    finding, session = group.first, check.session
    ue = session.ue_of(finding)
    who = f"  {escape(ue, 60)}" if ue else ""
    where = f"frame {finding.frame}" if finding.frame else "capture"
    severity = _severity(finding, colour)
    yield f"{severity}: {where}{who}  {finding.rule.id}{_repeated(check, group)}"
    yield f"{_INDENT}{finding.rule.reference}: {escape(finding.text, 400)}"
    if finding.seen or finding.expected:
        yield f"{_INDENT}seen: {escape(finding.seen)}; expected: {escape(finding.expected)}"
    shown = excerpt(session, finding)
    if shown is not None:
        for line in _bytes(shown, colour):
            yield _INDENT + line
    for cause in group.causes[:_MOST_CAUSES]:
        place = f"frame {cause.frame}, " if cause.frame else ""
        yield (
            f"{_INDENT}explained by {place}{_severity(cause, colour)} {cause.rule.id}: "
            f"{escape(cause.text, 400)}"
        )
    if len(group.causes) > _MOST_CAUSES:
        yield f"{_INDENT}explained by {len(group.causes) - _MOST_CAUSES} more"


def _severity(finding: Finding, colour: bool) -> str:
    label = finding.severity.label
    return inked(label, label) if colour else label


def _repeated(check: Check, group: Group) -> str:
    """`  (3 times from 1.200 s to 61.304 s)`."""
    if group.times == 1:
        return ""
    return f"  ({group.times} times {group.when(check.session.first_time or 0)})"


def _bytes(shown: Excerpt, colour: bool) -> Iterator[str]:
    """A hex line whose marked bytes are coloured, or have carets below."""
    before, after = ("…" if more else " " for more in (shown.before, shown.after))
    lead = f"{shown.start:04x} {before}"
    cells = [
        inked(text, "error") if colour and marked else text
        for text, marked in zip(shown.texts, shown.marked, strict=True)
    ]
    gap = " " * (3 * (WIDTH - len(cells)) + 1)
    yield f"{lead}{' '.join(cells)}{after}{gap}{shown.letters}"
    if not colour:
        carets = " ".join("^^" if marked else "  " for marked in shown.marked)
        yield f"{' ' * len(lead)}{carets}".rstrip()


def _summary(check: Check, rows: int) -> Iterator[str]:
    capture = report.capture_entry(check.session)
    for notice in capture["notices"]:
        yield f"capture: {escape(notice, 400)}"
    for line in protected.lines(check.session, _MOST_FLOWS) if check.alone else ():
        yield f"{_INDENT}{escape(line, 400)}"
    if capture["transmission"] not in (None, DEFAULT.name):
        yield f"timing judged by the profile {escape(capture['transmission'], 60)}"
    if rows < len(check.findings):
        told = "1 row" if rows == 1 else f"{rows} rows"
        yield f"{plural(len(check.findings), 'finding')} in {told}; --all shows each"
    if check.baseline is not None:
        yield f"{plural(check.known, 'finding')} known from {escape(check.baseline.path, 200)}"
    if capture["spec_profile"] != SEED:
        yield f"judged by the spec profile {escape(capture['spec_profile'], 60)}"
    summary = check.summary()
    counts = (plural(summary[severity.label], severity.label) for severity in reversed(Severity))
    ignored = f"; {summary['ignored']} ignored" if summary["ignored"] else ""
    yield (
        f"{plural(capture['packets'], 'packet')}, "
        f"{plural(capture['coap_messages'], 'CoAP message')}, "
        f"{plural(capture['exchanges'], 'exchange')}: "
        f"{', '.join(counts)}{' that are new' if check.baseline else ''}{ignored}"
    )
