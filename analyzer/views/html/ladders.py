# SPDX-License-Identifier: GPL-2.0-only
"""Ladders of the exchanges with an error or a warning: a column an endpoint, a row a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from analyzer.ladders import Ladder, Step, ladders
from analyzer.messages import Role
from analyzer.profiles.transmission import SECOND
from analyzer.report import worst_first
from analyzer.rules.catalogue import Severity
from analyzer.views.html.markup import Markup, element, joined, safe
from analyzer.views.html.style import MOST_LANES
from analyzer.views.html.words import severity_mark
from analyzer.views.info import Line
from analyzer.views.ladder_words import gap, heading, reason, words
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    from analyzer.checking import Check
    from analyzer.findings import Finding
    from analyzer.grouping import Group

MOST_LADDERS: Final = 200
MOST_STEPS: Final = 50
"""Messages of one ladder."""

_MOST_FOUND: Final = 8
"""Findings told at one message."""

_OPEN: Final = 3
"""Ladders that are unfolded without a click."""


def troubled(groups: Sequence[Group]) -> list[int]:
    """Exchanges with an error or a warning: of each group the first one, then all others."""
    worse = [group for group in groups if group.severity > Severity.NOTE]
    first = (next((f.exchange for f in group.findings if f.exchange), 0) for group in worse)
    others = (finding.exchange for group in worse for finding in group.findings)
    found = dict.fromkeys((*first, *others))
    found.pop(0, None)
    return list(found)


def drawn(check: Check, exchanges: Sequence[int]) -> Iterator[Markup]:
    """The ladders of the first MOST_LADDERS exchanges."""
    if not exchanges:
        return
    yield element("h2", "Exchanges with errors or warnings", id="exchanges")
    groups = [[id] for id in exchanges[:MOST_LADDERS]]
    for place, ladder in enumerate(ladders(check.session, groups, MOST_STEPS)):
        yield _ladder(ladder, place < _OPEN)
    if len(exchanges) > MOST_LADDERS:
        more = (
            f"{len(exchanges) - MOST_LADDERS:,} more; msgshark exchanges --format ladder has all."
        )
        yield element("p", more, class_="dim")


def _ladder(ladder: Ladder, unfolded: bool) -> Markup:
    findings = worst_first([*ladder.findings, *(f for s in ladder.steps for f in s.findings)])
    worst = findings[0].severity if findings else None
    mark = (severity_mark(worst), " ") if worst else ()
    rows = [_names(ladder)]
    for step in ladder.steps:
        rows += _step(ladder, step)
    if ladder.left_out:
        rows.append(_said(ladder, "", f"{ladder.left_out:,} more messages"))
    rows += (_said(ladder, "warning", safe(_ended(ending.text))) for ending in ladder.endings)
    rows += (_found(ladder, finding) for finding in ladder.findings[:_MOST_FOUND])
    body = element("div", *rows, id=f"exchange-{ladder.heads[0].id}")
    title = element("summary", *mark, _line(heading(ladder)))
    kind = f"ladder {worst.label}" if worst else "ladder"
    return joined(element("details", title, body, class_=kind, open=unfolded), Markup("\n"))


def _ended(text: str) -> str:
    return text[:1].upper() + text[1:]


def _line(line: Line) -> Markup:
    """Text that has gone through `escape`."""
    return safe(", ".join(text for text, _ in line))


def _lanes(ladder: Ladder) -> int:
    return min(MOST_LANES, len(ladder.participants))


def _names(ladder: Ladder) -> Markup:
    count = _lanes(ladder)
    names = [str(endpoint) for endpoint in ladder.participants[:count]]
    if len(ladder.participants) > count:
        names[-1] = f"{len(ladder.participants) - count + 1} others"
    cells = (element("span", name) for name in names)
    track = element("div", *cells, class_="heads")
    return element("div", element("span", "frame · time", class_="when"), track, class_="names")


def _step(ladder: Ladder, step: Step) -> Iterator[Markup]:
    silence = gap(step)
    if silence:
        yield _row(ladder, "", element("div", f"⋮ {silence}", class_="silence"))
    last = _lanes(ladder) - 1
    source, destination = min(step.source, last), min(step.destination, last)
    label = [_line(words(step))]
    if len(ladder.participants) > last + 1 and last in (source, destination):
        ends = (ladder.participants[step.source], ladder.participants[step.destination])
        label.append(safe(f" ({ends[0]} to {ends[1]})"))
    way = element("span", "→ " if source <= destination else "← ", class_="way")
    kind = _kind(step, source, destination)
    when = f"{step.frame} · {step.time / SECOND:.6f} s"
    arrow = element("div", way, *label, class_=f"arrow {kind}")
    found = (_told(finding, step.row) for finding in step.findings[:_MOST_FOUND])
    yield _row(ladder, when, arrow, *found)


def _kind(step: Step, source: int, destination: int) -> str:
    """Classes of an arrow: ACK and RST are dashed, as in other ladders."""
    kinds = ["reply"] if step.type in (Type.ACK, Type.RST) else []
    if step.role in (Role.RETRANSMISSION, Role.DUPLICATE_ACK):
        kinds.append("again")
    if source == destination:
        return " ".join((*kinds, "own", "all"))
    start, end = sorted((source, destination))
    way = "right" if source < destination else "left"
    return " ".join((*kinds, way, f"f{start}", f"t{end}"))


def _row(ladder: Ladder, when: str, *cells: Markup) -> Markup:
    track = element("div", *cells, class_=f"track p{_lanes(ladder)}")
    return element("div", element("span", when, class_="when"), track, class_="step")


def _said(ladder: Ladder, kind: str, text: str) -> Markup:
    return _row(ladder, "", element("div", text, class_=f"said {kind}".strip()))


def _found(ladder: Ladder, finding: Finding) -> Markup:
    return _row(ladder, "", _told(finding))


def _told(finding: Finding, row: int = -1) -> Markup:
    times = f" ({finding.count:,} times)" if finding.count > 1 else ""
    link = element("a", finding.rule.id, href=f"#{finding.rule.id}")
    text = safe(reason(finding, row))
    mark = severity_mark(finding.severity)
    label = finding.severity.label
    return element("div", mark, " ", link, f"{times}: ", text, class_=f"said {label}")
