# SPDX-License-Identifier: GPL-2.0-only
"""The page: what each part tells, in the order in which an engineer asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TextIO

from analyzer.activity import activity
from analyzer.round_trips import round_trips
from analyzer.ue_table import ue_rows
from analyzer.views.html import plots, tables
from analyzer.views.html.findings import findings, rules
from analyzer.views.html.ladders import MOST_LADDERS, drawn, troubled
from analyzer.views.html.markup import Markup, element, joined
from analyzer.views.html.style import POLICY, SCRIPT, STYLE

if TYPE_CHECKING:
    from analyzer.checking import Check

_START: Final = Markup('<!DOCTYPE html>\n<html lang="en">\n')


def write_check(check: Check, out: TextIO) -> None:
    """The whole page, part by part."""
    out.write(_START)
    out.write(_head(check))
    out.write("<body>\n<main>\n")
    for part in _parts(check):
        out.write(part + "\n")
    out.write("</main>\n")
    out.write(element("script", Markup(SCRIPT)))
    out.write("\n</body>\n</html>\n")


def _head(check: Check) -> Markup:
    verdict = "failed" if check.failed else "passed"
    parts = (
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=Markup(POLICY)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"msgshark check: {verdict}"),
        element("style", Markup(STYLE)),
    )
    return joined(element("head", *parts), Markup("\n"))


def _parts(check: Check) -> Iterator[Markup]:
    session, groups = check.session, check.groups()
    exchanges, times = troubled(groups), round_trips(session)
    yield from tables.head(check)
    yield from plots.timeline(activity(session, check.findings))
    yield from findings(check, groups, frozenset(exchanges[:MOST_LADDERS]))
    yield from tables.ues(ue_rows(session, check.findings), times)
    yield from plots.response_times(times)
    yield from drawn(check, exchanges)
    yield from rules(session.findings)
