# SPDX-License-Identifier: GPL-2.0-only
"""A finding as the text of an issue, in Markdown: what was seen, what is expected by which clause,
how to fix it, and the messages around it.

Our own words are prose; what comes from packets stands in code, where nothing is markup.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from analyzer.findings import Finding
from analyzer.ladders import Ladder, window
from analyzer.profiles.transmission import SECOND
from analyzer.scopes import Scope, rows_in
from analyzer.views.copies.model import Copied, CopyError, Subject
from analyzer.views.ladder_text import drawn
from analyzer.views.markdown import code, words
from analyzer.views.session_view import SessionView
from analyzer.views.terminal import Paper

_AROUND: Final = 6
"""Messages before the one the finding points at."""

_MOST: Final = 20
_MOST_FRAMES: Final = 24
_LONGEST: Final = 1000


def copied(subject: Subject) -> Copied:
    finding = subject.finding
    if finding is None:
        raise CopyError("nothing was found here")
    lines = [*_told(subject.view, finding), *_explained(finding), *_ladder(subject.view, finding)]
    return Copied("\n".join(lines))


def _told(view: SessionView, finding: Finding) -> Iterator[str]:
    rule, session = finding.rule, view.opened
    reference = f"[{rule.reference}]({rule.link})" if rule.link else rule.reference
    yield f"## {rule.id}: {words(rule.title)}"
    yield ""
    yield f"{finding.severity.label}, {reference}"
    yield ""
    yield f"{code(finding.text, _LONGEST)}"
    yield ""
    nearest = view.candidates.of_finding(finding)
    facts = {
        "Seen": code(finding.seen, _LONGEST),
        "Expected": code(finding.expected, _LONGEST),
        "Nearest": code(nearest.sentence, _LONGEST) if nearest else "",
        "Capture": ", ".join(code(os.path.basename(path)) for path in session.paths[:4]),
        "Frames": _frames(finding),
        "UE": code(session.ue_of(finding)),
    }
    yield from (f"- {name}: {fact}" for name, fact in facts.items() if fact)


def _frames(finding: Finding) -> str:
    frames = ", ".join(map(str, finding.frames[:_MOST_FRAMES]))
    if len(finding.frames) > _MOST_FRAMES:
        frames += f" and {len(finding.frames) - _MOST_FRAMES} more"
    if finding.count > 1:
        lasting = (finding.last_time - finding.first_time) / SECOND
        frames += f" ({finding.count} times within {lasting:.6f} s)"
    return frames


def _explained(finding: Finding) -> Iterator[str]:
    rule = finding.rule
    for heading, text in (("What", rule.what), ("Why", rule.why), ("Fix", rule.fix)):
        yield from ("", f"### {heading}", "", words(text))


def _ladder(view: SessionView, finding: Finding) -> Iterator[str]:
    ladder = _excerpt(view, finding)
    if ladder is None or not ladder.steps:
        return
    block = list(drawn(ladder, Paper()))
    longest = max((len(run) for line in block for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from ("", "### Messages", "", f"{fence}text", *block, fence)


def _excerpt(view: SessionView, finding: Finding) -> Ladder | None:
    """The messages of the exchange around the one the finding points at."""
    session = view.opened
    exchange = finding.exchange
    if not exchange and finding.row >= 0:
        exchange = session.messages.cell("exchange", finding.row)
    if not exchange:
        return None
    rows = rows_in(session, exchange, Scope.EXCHANGE)
    at = int(rows.searchsorted(finding.row)) if finding.row >= 0 else 0
    return window(session, rows, max(0, at - _AROUND), _MOST)
