# SPDX-License-Identifier: GPL-2.0-only
"""Markdown for a job summary or a merge request, as GitHub and GitLab show it.

What comes from packets stands in code spans, where neither links, mentions, HTML nor emphasis are
read, and a pipe ends no cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TextIO

from analyzer import report
from analyzer.views.escape import escape
from analyzer.views.wording import plural

if TYPE_CHECKING:
    from analyzer.checking import Check
    from analyzer.grouping import Group
    from analyzer.rules.catalogue import Rule

MOST_ROWS: Final = 200
"""Rows of findings; a job summary may have 1 MiB."""


def write_check(check: Check, out: TextIO) -> None:
    """A summary, then a table of findings, worst first."""
    groups = check.groups()
    for line in _summary(check, groups):
        out.write(line + "\n")
    if not groups:
        return
    out.write("\n| Severity | Where | UE | Finding | Times |\n|---|---|---|---|--:|\n")
    for group in groups[:MOST_ROWS]:
        out.write(_row(check, group) + "\n")
    if len(groups) > MOST_ROWS:
        out.write(f"\n{len(groups) - MOST_ROWS} more; see the whole report.\n")


_MORE: Final = {"ignored": "Ignored", "known": "Known"}


def _summary(check: Check, groups: list[Group]) -> Iterator[str]:
    capture, counts = report.capture_entry(check.session), check.summary()
    yield f"## msgshark check: {'failed' if check.failed else 'passed'}"
    yield ""
    heads = {"error": "Errors", "warning": "Warnings", "note": "Notes"} | _MORE
    yield f"| Capture | CoAP messages | Exchanges | {' | '.join(heads[name] for name in counts)} |"
    yield f"|---|--:|--:|{'--:|' * len(counts)}"
    files = ", ".join(code(file) for file in capture["files"])
    numbers = (capture["coap_messages"], capture["exchanges"], *counts.values())
    yield f"| {files} | {' | '.join(map(str, numbers))} |"
    if check.baseline is not None:
        yield f"\nOnly what is new since {code(check.baseline.path)} is listed."
    for notice in capture["notices"]:
        yield f"\n{code(notice, 400)}"
    if len(groups) < len(check.findings):
        yield f"\n{len(check.findings)} findings in {len(groups)} rows."


def _row(check: Check, group: Group) -> str:
    finding = group.first
    ue = check.session.ue_of(finding)
    told = f"**{code(finding.rule.id)}** {finding.rule.reference}<br>{code(finding.text, 400)}"
    if finding.seen or finding.expected:
        told += f"<br>seen {code(finding.seen)}, expected {code(finding.expected)}"
    told += "".join(f"<br>explained by {code(cause.rule.id)}" for cause in group.causes[:4])
    where = f"frame {finding.frame}" if finding.frame else "capture"
    severity = group.severity.label
    cells = (
        f"**{severity}**" if severity == "error" else severity,
        where,
        code(ue, 60),
        told,
        str(group.times),
    )
    return f"| {' | '.join(cells)} |"


def write_rules(rules: Iterable[Rule], out: TextIO) -> None:
    """A table a specification, folded; rules in the order of their clauses."""
    by_spec: dict[str, list[Rule]] = {}
    for rule in rules:
        by_spec.setdefault(rule.spec, []).append(rule)
    separator = ""
    for spec, of_spec in sorted(by_spec.items(), key=_capture_last):
        name = "The capture itself" if spec == "capture" else spec
        heading = f"{name}: {plural(len(of_spec), 'rule')}"
        out.write(f"{separator}<details>\n<summary>{heading}</summary>\n\n")
        separator = "\n"
        out.write("| Clause | Rule | Severity | Title |\n|---|---|---|---|\n")
        for rule in sorted(of_spec, key=_by_clause):
            cells = (rule.clause, f"`{rule.id}`", rule.severity.label, words(rule.title))
            out.write(f"| {' | '.join(cells)} |\n")
        out.write("\n</details>\n")


def _capture_last(entry: tuple[str, list[Rule]]) -> tuple[bool, str]:
    return entry[0] == "capture", entry[0]


def _by_clause(rule: Rule) -> list[tuple[int, str]]:
    """Clause 4.10 after 4.9."""
    parts = re.findall(r"([0-9]+)|([^0-9.]+)", f"{rule.clause} {rule.id}")
    return [(int(number or 0), text) for number, text in parts]


def words(text: str) -> str:
    """Our own words, in a cell."""
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", text)


def code(text: str, limit: int = 200) -> str:
    """Any text as a code span for a table cell; nothing for no text."""
    shown = escape(text, limit)
    if not shown.strip():
        return ""
    # As many backticks as no run in the text has; a space beside one at its edge is dropped again.
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if "`" in (shown[0], shown[-1]) or (shown[0] == shown[-1] == " ") else ""
    cell = shown.replace("|", "\\|")
    return f"{fence}{pad}{cell}{pad}{fence}"
