# SPDX-License-Identifier: GPL-2.0-only
"""What the plots of the statistics show: messages, retransmissions, response times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from analyzer.rules.catalogue import Severity
from analyzer.statistics.model import Found, Part
from analyzer.views.info import Line, Piece
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.times import TimeFormat, duration, span
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.statistics import edge, severities
from analyzer.views.tui.widgets.bar_plot import NO_BARS, Bars

_PERCENTILES: Final = (("median", "p50"), ("p95", "p95"), ("p99", "p99"))


def bars_of(view: CaptureView, found: Found) -> Bars | None:
    """The plot of a part, None where it has none."""
    if found.times is not None:
        return _response_times(found)
    return None if found.over_time is None else _over_time(view, found)


def title_of(view: CaptureView, found: Found) -> tuple[str, str]:
    """What the plot shows, and how long a bar is."""
    if found.times is not None:
        total = found.times.total
        told = [(name, getattr(total, name)) for name, _ in _PERCENTILES]
        words = [f"{name} {duration(round(time))}" for name, time in told if time is not None]
        return "Response times", ", ".join((f"{total.measured:,} measured", *words))
    what = "Messages" if found.part is Part.TRAFFIC else "Share of messages sent again"
    into = found.over_time.buckets if found.over_time else None
    if into is None:
        return what, ""
    clock = "time of day" if view.time_format is TimeFormat.ABSOLUTE else "s since the first packet"
    return what, f"per {span(into.length)}, {clock}"


def _over_time(view: CaptureView, found: Found) -> Bars:
    assert found.over_time is not None
    into, counts = found.over_time
    if into is None:
        return NO_BARS
    heights, value = counts["messages"].to_list(), cast("Callable[[float], str]", short)
    if found.part is Part.RETRANSMISSIONS:
        again = counts["retransmissions"].to_list()
        heights = [part / whole if whole else 0 for part, whole in zip(again, heights, strict=True)]
        value = _percent
    marks: dict[int, Line] = {}
    for severity in Severity:  # the worst one last, and there it stays
        for place in counts[severity.label].to_numpy().nonzero()[0].tolist():
            marks[place] = line(GLYPHS[severity], SEVERITY_INKS[severity])
    return Bars(
        heights, max(heights), value, lambda place: edge(view, found, into.edge(place)), marks
    )


def _response_times(found: Found) -> Bars:
    """On a logarithmic axis, with percentiles below."""
    assert found.times is not None
    _, total, bars = found.times
    if not bars:
        return NO_BARS
    marks: dict[int, Line] = {}
    for name, label in _PERCENTILES:
        time = getattr(total, name)
        at = next(place for place, of in enumerate(bars) if time < of.end or of is bars[-1])
        before = marks.get(at, line("▴", "note"))
        marks[at] = (*before, (f"{label} ", "note"))
    heights = [of.responses for of in bars]
    return Bars(heights, max(heights), short, lambda place: duration(bars[place].start), marks)


def caption_of(view: CaptureView, found: Found, first: int, last: int) -> Line:
    """What the bars from the first to the last stand for."""
    if found.times is not None:
        bars = found.times.bars[first : last + 1]
        if not bars:
            return ()
        count = sum(of.responses for of in bars)
        span = f"{duration(bars[0].start)} to {duration(bars[-1].end)}"
        return (f"{span}: ", "bold"), (f"{_noun(count, 'response')}", "")
    assert found.over_time is not None
    into, counts = found.over_time
    if into is None:
        return ()
    total = counts[first : last + 1].sum().row(0, named=True)
    start, end = (edge(view, found, into.edge(place)) for place in (first, last + 1))
    pieces: list[Piece] = [
        (f"{start} to {end}: ", "bold"),
        (_noun(total["messages"], "message"), ""),
    ]
    if total["retransmissions"]:
        pieces.append((f", {total['retransmissions']:,} resent", "warning"))
    flagged = severities(total)
    return (*pieces, *((("  with findings: ", "dim"), *flagged) if flagged else ()))


def _noun(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def short(number: float) -> str:
    """`1,234`, `56.7k`, `1.23M`: six cells at most."""
    if number < 10_000:
        return f"{number:,.0f}" if number >= 3 or number == int(number) else f"{number:.1f}"
    units = iter("kMGTP")
    while number >= 999.5:
        number, unit = number / 1000, next(units)
    return f"{number:.3g}{unit}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 or not share else f"{share:.1%}"
