# SPDX-License-Identifier: GPL-2.0-only
"""Annotations of a GitHub Actions step: workflow commands, a line each.

GitHub shows ten of a kind in a step and drops the rest, so the last of more says how many are left.
The runner takes commands from any line of the log: names from packets must not become one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from analyzer import protected
from analyzer.capture.stdin import DASH
from analyzer.views.escape import escape

if TYPE_CHECKING:
    from analyzer.checking import Check
    from analyzer.grouping import Group

MOST_SHOWN: Final = 10
_KINDS: Final = {"error": "error", "warning": "warning", "note": "notice"}
_LEGACY: Final = "##["
"""Begins a command of the older syntax anywhere in a line."""


def write_check(check: Check, out: TextIO) -> None:
    """Errors, warnings, notices; then the sum as a line of the log."""
    groups = check.groups()
    for severity, kind in _KINDS.items():
        alike = [group for group in groups if group.severity.label == severity]
        out.writelines(f"{line}\n" for line in _annotations(check, kind, alike))
    if unread := protected.sentence(check.session):
        kind = "error" if check.fail_on_opaque else "notice"
        out.write(f"::{kind} title=msgshark::{_data(escape(unread, 400))}\n")
    told = ", ".join(f"{number} {name}" for name, number in check.summary().items())
    out.write(f"msgshark check: {told}\n")


def _annotations(check: Check, kind: str, groups: Sequence[Group]) -> Iterator[str]:
    fit = len(groups) if len(groups) <= MOST_SHOWN else MOST_SHOWN - 1
    for group in groups[:fit]:
        yield _annotation(check, kind, group)
    if fit < len(groups):
        yield f"::{kind} title=msgshark::{len(groups) - fit} more; see the whole report"


def _annotation(check: Check, kind: str, group: Group) -> str:
    finding, session = group.first, check.session
    ue = session.ue_of(finding)
    place = f"frame {finding.frame}" if finding.frame else "capture"
    where = ", ".join(filter(None, (place, escape(ue, 60))))
    times = f" ({group.times} times)" if group.times > 1 else ""
    reference = finding.rule.reference
    message = f"{where}: {reference}: {escape(finding.text, 400)}{times}"
    message += "".join(f"; explained by {cause.rule.id}" for cause in group.causes[:1])
    properties = {"title": finding.rule.id}
    if len(session.paths) == 1 and session.paths[0] != DASH:
        properties["file"] = escape(session.paths[0])
    named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {named}::{_data(message)}"


def _data(text: str) -> str:
    """As @actions/core escapes a message."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(_LEGACY, "##%5B")


def _property(text: str) -> str:
    """As @actions/core escapes a property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
