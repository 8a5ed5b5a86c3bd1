# SPDX-License-Identifier: GPL-2.0-only
"""Findings as cards, worst first, and the rules they break as the catalogue explains them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from analyzer.candidates import Candidates
from analyzer.rules.catalogue import Rule
from analyzer.views.html.markup import Markup, code, element, joined, safe, told
from analyzer.views.html.words import place, plural, severity_mark
from analyzer.views.offending import Excerpt, excerpt

if TYPE_CHECKING:
    from analyzer.checking import Check
    from analyzer.findings import Finding
    from analyzer.grouping import Group

MOST_ROWS: Final = 1_000
"""Rows of findings; the JSON report has them all."""

_MOST_CAUSES: Final = 8


def findings(check: Check, groups: Sequence[Group], drawn: Collection[int]) -> Iterator[Markup]:
    """A card a group; exchanges that are `drawn` are linked."""
    yield element("h2", "Findings", id="findings")
    if not groups:
        yield element("p", "Nothing was found." if not check.known else "Nothing new was found.")
        return
    if len(groups) < len(check.findings):
        rows = plural(len(groups), "row")
        yield element("p", f"{plural(len(check.findings), 'finding')} in {rows}.", class_="dim")
    yield _filter(check)
    candidates = Candidates(check.session)
    for group in groups[:MOST_ROWS]:
        yield _card(check, group, candidates, drawn)
    if len(groups) > MOST_ROWS:
        more = f"{len(groups) - MOST_ROWS:,} more; --format json lists all."
        yield element("p", more, class_="dim")


def rules(found: Iterable[Finding]) -> Iterator[Markup]:
    """What the catalogue says of each rule that was broken: cards and ladders link to it."""
    shown = {finding.rule.id: finding.rule for finding in found}
    if shown:
        yield element("h2", "Rules", id="rules")
    for _, rule in sorted(shown.items()):
        yield _rule(rule)


def _filter(check: Check) -> Markup:
    """Hidden until the script can do what it offers."""
    kinds = sorted({finding.severity for finding in check.findings}, reverse=True)
    boxes = (
        element(
            "label",
            element("input", type="checkbox", value=kind.label, checked=True),
            " ",
            severity_mark(kind),
        )
        for kind in kinds
    )
    search = element("input", type="search", placeholder="UE, rule, text", aria_label="Filter")
    return element("div", *boxes, search, element("output", ""), class_="filter", hidden=True)


def _card(check: Check, group: Group, candidates: Candidates, drawn: Collection[int]) -> Markup:
    finding = group.first
    parts = [_header(check, group, drawn), element("p", told(finding.text))]
    if finding.seen or finding.expected:
        seen, expected = code(finding.seen, 200), code(finding.expected, 200)
        parts.append(element("p", "seen ", seen, "; expected ", expected))
    shown = excerpt(check.session, finding)
    if shown is not None:
        parts.append(_bytes(shown))
    candidate = candidates.of_finding(finding)
    if candidate:
        parts.append(element("p", "nearest: ", safe(candidate.sentence)))
    parts.append(element("p", element("b", "Fix: "), told(finding.rule.fix, 2000)))
    parts += _causes(group)
    return joined(
        element("article", *parts, class_=f"finding {group.severity.label}"), Markup("\n")
    )


def _header(check: Check, group: Group, drawn: Collection[int]) -> Markup:
    finding = group.first
    ue = check.session.ue_of(finding)
    parts = [severity_mark(finding.severity), element("span", place(finding))]
    if finding.exchange:
        text = f"exchange {finding.exchange}"
        link = element("a", text, href=f"#exchange-{finding.exchange}")
        parts.append(link if finding.exchange in drawn else element("span", text, class_="dim"))
    if ue:
        parts.append(code(ue, 80))
    rule = finding.rule
    parts.append(
        joined(element("a", rule.id, href=f"#{rule.id}"), Markup(" "), told(rule.reference))
    )
    if group.times > 1:
        parts.append(element("span", _repeated(check, group), class_="times"))
    return element("header", *parts)


def _repeated(check: Check, group: Group) -> str:
    return f"{group.times:,} times {group.when(check.session.first_time or 0)}"


def _bytes(shown: Excerpt) -> Markup:
    """A hex line whose offending bytes are marked."""
    before, after = ("…" if more else " " for more in (shown.before, shown.after))
    cells = (
        element("mark", text) if marked else safe(text)
        for text, marked in zip(shown.texts, shown.marked, strict=True)
    )
    line = Markup(" ".join(cells))
    head, tail = safe(f"{shown.start:04x} {before}"), safe(f"{after}  {shown.letters}")
    return element("pre", head, line, tail, class_="bytes")


def _causes(group: Group) -> Iterator[Markup]:
    if not group.causes:
        return
    lines = []
    for cause in group.causes[:_MOST_CAUSES]:
        link = element("a", cause.rule.id, href=f"#{cause.rule.id}")
        where = f" {place(cause)}, "
        text = told(cause.text)
        lines.append(element("p", severity_mark(cause.severity), where, link, ": ", text))
    if len(group.causes) > _MOST_CAUSES:
        lines.append(element("p", f"{len(group.causes) - _MOST_CAUSES:,} more"))
    yield element("div", element("p", "Explained by", class_="dim"), *lines, class_="below")


def _rule(rule: Rule) -> Markup:
    said = (
        ("What", rule.what),
        ("Why", rule.why),
        ("Bad", rule.bad),
        ("Good", rule.good),
        ("Fix", rule.fix),
    )
    lines = (
        part
        for name, text in said
        if text
        for part in (element("dt", name), element("dd", told(text, 2000)))
    )
    title = element("h3", rule.id, " ", element("span", rule.reference, class_="dim"))
    body = (title, element("p", rule.title), element("dl", *lines))
    return joined(element("section", *body, class_="rule", id=rule.id), Markup("\n"))
