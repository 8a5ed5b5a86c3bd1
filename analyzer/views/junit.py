# SPDX-License-Identifier: GPL-2.0-only
"""JUnit XML as Jenkins and GitLab read it: every rule judged is a test, and fails by its findings.

One test a rule, not one a capture and rule: names stay the same from run to run, so that both show
what broke and what was mended. ASCII alone; characters that XML has no way to write are visible
escapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape as quoted
from typing import TYPE_CHECKING, Final, TextIO

from analyzer import report
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Rule, load
from analyzer.rules.severities import weights
from analyzer.views.escape import escape

if TYPE_CHECKING:
    from analyzer.checking import Check
    from analyzer.findings import Finding

SUITE: Final = "msgshark"
MOST_FINDINGS: Final = 100
"""Findings listed in one test; the rest are counted."""


def write_check(check: Check, out: TextIO) -> None:
    """One suite."""
    found: dict[str, list[Finding]] = {}
    for finding in check.findings:
        found.setdefault(finding.rule.id, []).append(finding)
    rules = load()
    failed = {id for id, told in found.items() if any(check.fails(f) for f in told)}
    off = {id for id, rule in rules.items() if id not in found and _is_off(check, rule)}
    counts = f'tests="{len(rules)}" failures="{len(failed)}" errors="0" skipped="{len(off)}"'
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f'<testsuites>\n<testsuite name="{SUITE}" {counts} time="{_seconds(check)}">\n')
    out.writelines(f"{line}\n" for line in _properties(check))
    for rule in rules.values():
        for line in _case(check, rule, found.get(rule.id, []), rule.id in off):
            out.write(line + "\n")
    out.write("</testsuite>\n</testsuites>\n")


def _xml(text: str, limit: int = 400) -> str:
    """Text for an element or an attribute."""
    safe = quoted(escape(text, limit))
    return safe.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _is_off(check: Check, rule: Rule) -> bool:
    settings = check.session.settings
    (weight,) = weights([rule], settings.profile, settings.timers.strict).values()
    return weight.severity is None


def _seconds(check: Check) -> str:
    """How long the capture lasted."""
    first, last = check.session.first_time or 0, check.session.last_time or 0
    return f"{max(0, last - first) / SECOND:.3f}"


def _properties(check: Check) -> Iterator[str]:
    capture = report.capture_entry(check.session)
    values = [("capture", file) for file in capture["files"]]
    values += [(name, str(capture[name])) for name in ("packets", "coap_messages", "exchanges")]
    values += [("notice", notice) for notice in capture["notices"]]
    if check.baseline is not None:
        values += [("baseline", check.baseline.path), ("known", str(check.known))]
    yield "<properties>"
    for name, value in values:
        yield f'<property name="{name}" value="{_xml(value)}"/>'
    yield "</properties>"


def _case(check: Check, rule: Rule, findings: Sequence[Finding], off: bool) -> Iterator[str]:
    """A rule; findings that fail nothing are its output."""
    place = f"{SUITE}.{rule.spec.replace('.', '_').replace(' ', '-')}"
    name = f'name="{_xml(f"{rule.id}: {rule.title}")}" classname="{_xml(place)}" time="0"'
    failing = [finding for finding in findings if check.fails(finding)]
    others = [finding for finding in findings if not check.fails(finding)]
    if not (off or findings):
        yield f"<testcase {name}/>"
        return
    yield f"<testcase {name}>"
    if off:
        yield '<skipped message="the profile has no such rule"/>'
    if failing:
        worst = max(failing, key=lambda finding: finding.severity)
        message = _xml(_headline(check, failing))
        yield f'<failure type="{worst.severity.label}" message="{message}">'
        yield from _lines(check, failing)
        yield _xml(f"{rule.reference}: {rule.what}", 2000)
        yield _xml(f"Fix: {rule.fix}", 2000)
        yield "</failure>"
    if others:
        yield "<system-out>"
        yield from _lines(check, others)
        yield "</system-out>"
    yield "</testcase>"


def _headline(check: Check, findings: Sequence[Finding]) -> str:
    more = f" ({len(findings)} findings)" if len(findings) > 1 else ""
    return f"{_where(check, findings[0])}: {findings[0].text}{more}"


def _lines(check: Check, findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings[:MOST_FINDINGS]:
        seen = ""
        if finding.seen or finding.expected:
            seen = f" (seen: {escape(finding.seen)}; expected: {escape(finding.expected)})"
        where = f"{finding.severity.label}: {_where(check, finding)}"
        yield f"{_xml(f'{where}: {finding.text}')}{_xml_escaped(seen)}"
    if len(findings) > MOST_FINDINGS:
        yield f"... {len(findings) - MOST_FINDINGS} more"


def _xml_escaped(text: str) -> str:
    """Text that has gone through `escape` in parts."""
    return quoted(text).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _where(check: Check, finding: Finding) -> str:
    place = f"frame {finding.frame}" if finding.frame else "capture"
    ue = check.session.ue_of(finding)
    return f"{place}, {ue}" if ue else place
