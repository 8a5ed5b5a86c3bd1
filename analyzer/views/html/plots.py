# SPDX-License-Identifier: GPL-2.0-only
"""Response times and activity as bars: SVG stretched to the width there is, words beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from analyzer.rules.catalogue import Severity
from analyzer.views.html.markup import Markup, element, table
from analyzer.views.html.tables import milliseconds
from analyzer.views.html.words import date, duration, plural

if TYPE_CHECKING:
    from analyzer.activity import Activity, Stretch
    from analyzer.round_trips import RoundTrips

_HIGH: Final = 100
_MOST_TICKS: Final = 5
_FEWEST: Final = 20
"""Bars there is room for, at least: one alone is no wall."""


def response_times(times: RoundTrips) -> Iterator[Markup]:
    """Percentiles, and how often each time came."""
    total = times.total
    if not total.requests:
        return
    yield element("h2", "Response times", id="times")
    names = ("requests", "lost", "resent", "measured", "left out")
    counts = (total.requests, total.lost, total.retransmitted, total.measured, total.left_out)
    spread = (total.least, total.median, total.p95, total.p99, total.most)
    heads = [(name, "n") for name in (*names, "min ms", "median", "p95", "p99", "max")]
    yield table(heads, [[*(f"{count:,}" for count in counts), *map(milliseconds, spread)]])
    if not times.bars:
        return
    most = max(bar.responses for bar in times.bars)
    told = [
        f"{plural(bar.responses, 'response')}, {duration(bar.start)} to {duration(bar.end)}"
        for bar in times.bars
    ]
    caption = f"Responses by time, on a logarithmic axis; the highest bar is {most:,}."
    label = f"Histogram of {plural(total.measured, 'response time')}"
    yield element(
        "figure",
        element("figcaption", caption),
        _bars([bar.responses for bar in times.bars], most, told, label),
        _axis([duration(bar.start) for bar in times.bars]),
        class_="plot",
    )


def timeline(active: Activity) -> Iterator[Markup]:
    """Messages in buckets, and below them where there are findings, by severity."""
    if not active.stretches:
        return
    most = max(count for stretch in active.stretches for count in stretch.messages)
    yield element("h2", "Messages over time", id="activity")
    caption = f"A bar is {duration(active.bucket)}; the highest is {plural(most, 'message')}. "
    end = None
    for stretch in active.stretches:
        if end is not None:
            quiet = f"{duration(stretch.start - end)} without messages"
            yield element("p", f"⋮ {quiet}", class_="dim")
        end = stretch.start + len(stretch.messages) * active.bucket
        yield _stretch(stretch, active.bucket, most, caption)
        caption = ""


def _stretch(stretch: Stretch, bucket: int, most: int, caption: str) -> Markup:
    when = [f"+{duration(place * bucket)}" for place in range(len(stretch.messages))]
    told = [
        f"{plural(count, 'message')} from {at} on"
        for count, at in zip(stretch.messages, when, strict=True)
    ]
    label = f"Messages from {date(stretch.start)} on"
    parts = [_bars(stretch.messages, most, told, label)]
    for severity in sorted(Severity, reverse=True):
        counts = [found[severity.label] for found in stretch.findings]
        if any(counts):
            parts.append(_strip(severity, counts, when))
    head = element("figcaption", f"{caption}From {date(stretch.start)} on.")
    return element("figure", head, *parts, _axis(when), class_="plot")


def _bars(counts: Sequence[int], most: int, told: Sequence[str], label: str) -> Markup:
    bars = (
        _bar(place, max(2, round(count * _HIGH / most)), text)
        for place, (count, text) in enumerate(zip(counts, told, strict=True))
        if count
    )
    return _svg(bars, len(counts), "bars", label)


def _strip(severity: Severity, counts: Sequence[int], when: Sequence[str]) -> Markup:
    """Marks in one ink, full height."""
    label = plural(sum(counts), severity.label)
    marks = (
        _bar(place, _HIGH, f"{plural(count, severity.label)} from {when[place]} on")
        for place, count in enumerate(counts)
        if count
    )
    return _svg(marks, len(counts), f"strip {severity.label}", f"{severity.glyph} {label}")


def _svg(bars: Iterator[Markup], count: int, kind: str, label: str) -> Markup:
    return element(
        "svg",
        *bars,
        class_=kind,
        viewBox=f"0 0 {max(count, _FEWEST) * 10} {_HIGH}",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )


def _bar(place: int, height: int, text: str) -> Markup:
    title = element("title", text)
    return element("rect", title, x=place * 10, y=_HIGH - height, width=9, height=height)


def _axis(starts: Sequence[str]) -> Markup:
    """Where some of the bars begin, by the starts of all."""
    starts = [*starts, *[""] * (_FEWEST - len(starts))]
    every = -(-len(starts) // _MOST_TICKS)
    cells = (element("span", "" if place % every else start) for place, start in enumerate(starts))
    return element("div", *cells, class_="axis", aria_hidden="true")
