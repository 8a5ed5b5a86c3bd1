# SPDX-License-Identifier: GPL-2.0-only
"""A finding in full, and the rule it breaks, explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from analyzer.findings import Finding
from analyzer.views.escape import escape
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.times import seconds
from analyzer.views.tui.widgets.sheet import Entry

_MOST_FRAMES: Final = 24
_BLANK: Final = Entry(text=((" ", ""),))


def explanation(
    finding: Finding, ue: str, nearest: str = "", ignored: Sequence[str] = ()
) -> list[Entry]:
    """Heading, facts, then what the rule says, in groups with a blank line between; `ignored` are
    the user's reasons not to heed it."""
    rule, severity = finding.rule, finding.severity
    label = f"{GLYPHS[severity]} {severity.label.capitalize()}  "
    entries = [
        Entry(text=((label, SEVERITY_INKS[severity]), (rule.title, "bold"))),
        Entry(text=line(f"{rule.reference}, {rule.scope} scope", "dim")),
        _BLANK,
        Entry(text=line(escape(finding.text, 1000))),
    ]
    facts = {
        "Ignored": "\n".join(escape(reason, 1000) for reason in ignored),
        "Seen": escape(finding.seen, 1000),
        "Expected": escape(finding.expected, 1000),
        "Nearest": nearest,
        "Frames": _frames(finding),
        "UE": escape(ue),
    }
    words = {"What": rule.what, "Why": rule.why, "Fix": rule.fix}
    examples = {"Bad": rule.bad, "Good": rule.good}
    for group, ink in ((facts, ""), (words, ""), (examples, "path")):
        entries += [_BLANK, *_entries(group, ink)]
    return entries


def _entries(group: dict[str, str], ink: str) -> Iterator[Entry]:
    for name, text in group.items():
        for number, part in enumerate(text.strip().splitlines()):
            yield Entry(line("" if number else name, "heading"), line(part or " ", ink))


def _frames(finding: Finding) -> str:
    frames = ", ".join(map(str, finding.frames[:_MOST_FRAMES]))
    more = len(finding.frames) - _MOST_FRAMES
    text = frames + (f" and {more} more" if more > 0 else "")
    if finding.count > 1:
        lasting = seconds(finding.last_time - finding.first_time)
        text += f" ({finding.count} times within {lasting} s)"
    return text
