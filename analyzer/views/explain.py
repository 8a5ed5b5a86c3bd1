# SPDX-License-Identifier: GPL-2.0-only
"""A rule explained: what it asks for and why, broken and kept in a conversation, and what to do.

As text for a terminal, and as Markdown for a wiki or an issue.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from analyzer import spec_report
from analyzer.rules.catalogue import Rule, load
from analyzer.views import dissection
from analyzer.views.escape import escape
from analyzer.views.ladder_text import drawn
from analyzer.views.terminal import Paper, inked
from analyzer.views.wording import plural

if TYPE_CHECKING:
    from analyzer.examples import Explanation, Illustration
    from analyzer.findings import Finding

WIDTH: Final = 96
"""Columns of text, where there are so many."""

_INDENT: Final = "    "
_DRAWN_IN_MARKDOWN: Final = Paper()


class _Part(NamedTuple):
    """A heading with what stands below it: words, what is to be shown as it is, an illustration."""

    heading: str
    words: tuple[str, ...]
    shown: tuple[str, ...] = ()
    illustration: Illustration | None = None


def write_text(explanation: Explanation, out: TextIO, paper: Paper) -> None:
    """As wide as the paper is, in colour where it has it."""
    rule = explanation.rule
    width = min(paper.width, WIDTH)
    title, severity = f"{rule.id}: {rule.title}", rule.severity.label
    for line in textwrap.wrap(title, width, break_on_hyphens=False):
        out.write(_inked(line, "path", paper) + "\n")
    for line in textwrap.wrap(_facts(rule), width, break_on_hyphens=False):
        out.write(line.replace(severity, _inked(severity, severity, paper), 1) + "\n")
    if rule.link:
        out.write(f"{rule.link}\n")
    others = _by_profile(rule)
    if others:
        out.write(f"By spec profile: {others}\n")
    for part in _parts(explanation):
        out.write("\n" + _inked(part.heading, "path", paper) + "\n")
        for words in part.words:
            lines = textwrap.wrap(words, width - len(_INDENT) - 2, break_on_hyphens=False)
            out.writelines(f"{_INDENT}{line}\n" for line in lines)
        out.writelines(f"{_INDENT}{line}\n" for line in part.shown)
        narrower = paper._replace(width=paper.width - len(_INDENT))
        for line in _illustrated(part.illustration, narrower):
            out.write(f"{_INDENT}{line}".rstrip() + "\n")


def write_markdown(explanation: Explanation, out: TextIO) -> None:
    """Ladders and bytes stand in blocks of code."""
    rule = explanation.rule
    out.write(f"## {rule.id}: {_prose(rule.title)}\n\n")
    reference = f"[{rule.reference}]({rule.link})" if rule.link else rule.reference
    out.write(f"{_severity(rule)}, {reference}, since {rule.since}\n")
    others = _by_profile(rule)
    if others:
        out.write(f"\nBy spec profile: {others}\n")
    for part in _parts(explanation):
        out.write(f"\n### {part.heading}\n")
        for words in part.words:
            out.write(f"\n{_prose(words)}\n")
        shown = [*part.shown, *_illustrated(part.illustration, _DRAWN_IN_MARKDOWN)]
        if shown:
            block = "\n".join(shown).strip("\n")
            out.write(f"\n```text\n{block}\n```\n")


def _prose(text: str) -> str:
    """Text that is no markup."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|~" else letter for letter in text)


def _severity(rule: Rule) -> str:
    strict = f" ({rule.strict.label} if --transmission is strict)" if rule.strict else ""
    return f"{rule.severity.label}{strict}"


def _facts(rule: Rule) -> str:
    return f"{_severity(rule)}, {rule.reference}, since {rule.since}"


def _by_profile(rule: Rule) -> str:
    """Severities in the spec profiles, where one differs."""
    told = spec_report.severities_of(rule).items()
    if all(severity == rule.severity.label for _, severity in told):
        return ""
    return ", ".join(f"{name} {severity}" for name, severity in told)


def _parts(explanation: Explanation) -> Iterator[_Part]:
    rule = explanation.rule
    yield _Part("What", (rule.what,))
    yield _Part("Why", (rule.why,))
    with_options = explanation.example.command_line if explanation.example else ""
    under = (f"With {with_options}:",) if with_options else ()
    yield _Part("Bad", (rule.bad, *under), illustration=explanation.bad)
    yield _Part("Good", (rule.good,), illustration=explanation.good)
    yield _Part("Fix", (rule.fix,))
    yield _Part("Ignore", (_IGNORING,), tuple(_ignoring(rule)))
    related = tuple(_related(rule, explanation.follows))
    if related:
        yield _Part("See also", related)


_IGNORING: Final = "In a run of msgshark check, wherever it is broken or by one endpoint or UE:"


def _ignoring(rule: Rule) -> Iterator[str]:
    yield f"--ignore {rule.id}"
    yield f"--ignore '{rule.id}@192.0.2.7'"


def _related(rule: Rule, follows: Iterable[Rule]) -> Iterator[str]:
    for cause in rule.causes:
        yield f"{cause} explains it: {load()[cause].title}."
    for other in follows:
        yield f"It explains {other.id}: {other.title}."


# Conversations ----------------------------------------------------------------------------------


def _illustrated(illustration: Illustration | None, paper: Paper) -> Iterator[str]:
    """The ladder of a conversation, and the message that breaks the rule, dissected."""
    if illustration is None:
        return
    finding, session = illustration.finding, illustration.session
    yield ""
    if illustration.ladder.steps:
        yield from drawn(illustration.ladder, paper)
    else:
        yield f"{plural(session.counts.records, 'packet')}, no CoAP message"
        yield from _told(finding, paper)
    if finding is None:
        return
    unseen = finding.rule.absence or finding.rule.spec == "capture"
    rows = [] if unseen and not finding.span else list(dissection.rows(session, finding))
    if rows:
        yield ""
        yield f"Frame {finding.frame}"
    for row in rows:
        yield from _bytes(row, paper)
    yield from _seen(finding, paper)


def _told(finding: Finding | None, paper: Paper) -> Iterator[str]:
    """The words of a finding that has no place in a ladder."""
    if finding is not None:
        text = f"{finding.severity.label} {finding.rule.id}: {escape(finding.text)}"
        yield from textwrap.wrap(text, paper.width, break_on_hyphens=False)


def _seen(finding: Finding, paper: Paper) -> Iterator[str]:
    if finding.seen or finding.expected:
        yield ""
        text = f"seen: {escape(finding.seen)}; expected: {escape(finding.expected)}"
        yield from textwrap.wrap(text, paper.width, break_on_hyphens=False)


_LEAD: Final = 6
"""Columns before the bytes, and before what they mean."""

_WORDS: Final = _LEAD + 3 * dissection.WIDTH + 1


def _bytes(row: dissection.Row, paper: Paper) -> Iterator[str]:
    """Bytes and what they mean; marked ones are coloured, or have carets below."""
    words = textwrap.wrap(row.words, paper.width - _WORDS, break_on_hyphens=False) or [""]
    pad = " " * max(0, _WORDS - _LEAD - len(row.joined(row.cells)))
    cells = row.cells
    if paper.colour:
        cells = row.pick(*((inked(cell, "error"), cell) for cell in cells))
    yield f"{row.offset:04x}  {row.joined(cells)}{pad}{words[0]}".rstrip()
    if any(row.marked) and not paper.colour:
        carets = row.pick(*(("^" * len(cell), " " * len(cell)) for cell in cells))
        yield f"{' ' * _LEAD}{row.joined(carets)}".rstrip()
    yield from (f"{' ' * _WORDS}{more}" for more in words[1:])


def _inked(text: str, ink: str, paper: Paper) -> str:
    return inked(text, ink) if paper.colour else text
