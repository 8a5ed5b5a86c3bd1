# SPDX-License-Identifier: GPL-2.0-only
"""The head of the page, its sums, and what each UE did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from analyzer import report
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Severity
from analyzer.views.html.markup import Content, Markup, code, element, joined, table, told
from analyzer.views.html.words import date, duration

if TYPE_CHECKING:
    from analyzer.checking import Check
    from analyzer.response_times import Spread
    from analyzer.round_trips import RoundTrips
    from analyzer.ue_table import UeRow

MOST_UES: Final = 1_000
_MOST_NAMED: Final = 50
"""Files and interfaces by name; the rest are counted."""

_MS: Final = SECOND // 1000


def _read(capture: dict[str, Any]) -> str:
    """`17 packets, 0 UDP datagrams, 17 packets of DTLS or TCP`: those are counted apart."""
    told = f"{capture['packets']:,} packets, {capture['udp_datagrams']:,} UDP datagrams"
    carriers = capture["carrier_packets"]
    return f"{told}, {carriers:,} packets of DTLS or TCP" if carriers else told


def head(check: Check) -> Iterator[Markup]:
    """Verdict, what was read and how it was judged."""
    verdict = "failed" if check.failed else "passed"
    yield element("h1", "msgshark check: ", element("span", verdict, class_=verdict))
    capture = report.capture_entry(check.session)
    lines: list[tuple[str, Content]] = [
        ("Files", _listed([code(path) for path in capture["files"]])),
        ("Interfaces", _listed([_interface(entry) for entry in capture["interfaces"]])),
        ("Time", _time(check)),
        ("Read", _read(capture)),
        ("Spec profile", code(capture["spec_profile"])),
        ("Transmission", code(capture["transmission"] or "of no name")),
    ]
    if check.baseline is not None:
        lines.append(("New since", code(check.baseline.path)))
    parts = (part for name, text in lines for part in (element("dt", name), element("dd", text)))
    yield element("dl", *parts)
    for notice in capture["notices"][:_MOST_NAMED]:
        yield element("p", element("span", "Notice: ", class_="warn"), told(notice))
    yield _sums(check, capture["coap_messages"], capture["exchanges"])


def _listed(names: list[Markup]) -> Markup:
    if not names:
        return told("none")
    shown = Markup(", ".join(names[:_MOST_NAMED]))
    more = len(names) - _MOST_NAMED
    return joined(shown, told(f" and {more:,} more")) if more > 0 else shown


def _interface(entry: dict[str, str | None]) -> Markup:
    link = told(entry["link"] or "")
    return (
        joined(code(entry["name"], 80), Markup(" ("), link, Markup(")")) if entry["name"] else link
    )


def _time(check: Check) -> str:
    first, last = check.session.first_time, check.session.last_time
    if first is None or last is None:
        return "no packets"
    return f"{date(first)} to {date(last)} ({duration(last - first)})"


_HEADS: Final = {
    "error": ("errors", Severity.ERROR),
    "warning": ("warnings", Severity.WARNING),
    "note": ("notes", Severity.NOTE),
}


def _sums(check: Check, messages: int, exchanges: int) -> Markup:
    """Errors, warnings, notes; ignored and known; messages and exchanges."""
    cells = []
    for name, count in check.summary().items():
        words, severity = _HEADS.get(name, (name, None))
        if severity is not None:
            words = f"{severity.glyph} {'new ' if check.baseline else ''}{words}"
            cells.append(_sum(count, element("span", words, class_=f"severity {name}")))
        else:
            cells.append(_sum(count, told(words)))
    cells += [_sum(messages, told("CoAP messages")), _sum(exchanges, told("exchanges"))]
    return element("ul", *cells, class_="sums")


def _sum(count: int, words: Markup) -> Markup:
    return element("li", element("b", f"{count:,}"), words)


def ues(rows: Sequence[UeRow], times: RoundTrips) -> Iterator[Markup]:
    """A row a UE, the worst first."""
    if not rows:
        return
    yield element("h2", "UEs", id="ues")
    heads = [("UE Service ID", "")]
    numbers = ("exchanges", "answered", "registrations", "registered", "lost", "resent")
    heads += [(f"{severity.glyph} {words}", "n") for words, severity in _HEADS.values()]
    heads += [(name, "n") for name in (*numbers, "median ms", "p95 ms")]
    yield table(
        heads, [_row(row, times.by_ue.get(row.ue)) for row in rows[:MOST_UES]], class_="sorted who"
    )
    if len(rows) > MOST_UES:
        yield element("p", f"{len(rows) - MOST_UES:,} more", class_="dim")
    yield element(
        "p",
        "Registered: registrations answered 2.xx. Lost: no response within MAX_TRANSMIT_WAIT. "
        "Times of requests sent once, from pairings that are certain.",
        class_="dim",
    )


def _row(row: UeRow, spread: Spread | None) -> list[Content]:
    name = code(row.ue, 80) if row.ue else element("span", "none named", class_="dim")
    numbers = (row.exchanges, row.answered, row.registrations, row.registered)
    lost, resent = (spread.lost, spread.retransmitted) if spread else (0, 0)
    shown: list[Content] = []
    for label in _HEADS:
        count = row.findings[label]
        shown.append(element("span", f"{count:,}", class_=f"severity {label}") if count else "0")
    shown += [f"{number:,}" for number in (*numbers, lost, resent)]
    shown += [milliseconds(time) for time in (spread and spread.median, spread and spread.p95)]
    return [name, *shown]


def milliseconds(time: float | None) -> str:
    """`-` for none."""
    return "-" if time is None else f"{time / _MS:,.3f}"
