# SPDX-License-Identifier: GPL-2.0-only
"""What the status line says of a capture."""

from __future__ import annotations

from analyzer.rules.catalogue import Severity
from analyzer.views.info import Line, Piece
from analyzer.views.inks import GLYPHS, SEVERITY_INKS
from analyzer.views.tui.capture_view import CaptureView


def status(view: CaptureView) -> list[Line]:
    """Findings and counts, the most important first."""
    if view.error:
        return [(("✖ cannot be read", "error"),)]
    session = view.session
    if session is None:
        return [(("opening …", "dim"),)]
    from analyzer.report import notices as capture_notices  # loads the engine

    counts = session.counts
    parts: list[Line] = [
        _count(counts.records, "packet"),
        _count(counts.coap, "CoAP message"),
        _count(len(session.exchanges), "exchange"),
        _findings(session.findings.summary()),
    ]
    if session.findings.ignored:
        parts.append(((f"{session.findings.ignored:,} ignored", "dim"),))
    if view.live:
        parts.insert(0, (("● live", "success"),))
    notices = sum(1 for _ in capture_notices(session))
    if notices:
        parts.append(((f"! {notices} notice{'' if notices == 1 else 's'}", "warning"),))
    if view.unmasked:
        parts.append((("credentials shown", "warning"),))
    return parts


def _count(count: int, what: str) -> Line:
    return ((f"{count:,} ", "bold"), (f"{what}{'' if count == 1 else 's'}", ""))


def _findings(summary: dict[str, int]) -> Line:
    """`✖ 3  ▲ 12  · 40`."""
    pieces: list[Piece] = []
    for severity in reversed(Severity):
        count = summary.get(severity.label, 0)
        if count:
            pieces.append((f"{GLYPHS[severity]} {count:,}", SEVERITY_INKS[severity]))
            pieces.append(("  ", ""))
    return tuple(pieces[:-1]) or (("no findings", "success"),)


def emptiness(view: CaptureView) -> str:
    """What to say in place of rows; lines separated by newlines."""
    if view.error:
        return f"This cannot be read\n\n{view.error}\n\nq quits"
    if view.session is None or view.reading:
        return "Reading …"
    counts = view.session.counts
    if not counts.records:
        return "This capture holds no packets"
    return (
        "No CoAP in this capture\n\n"
        f"{counts.records:,} packets, {counts.udp:,} of them UDP.\n"
        "CoAP on another port than 5683 is found with -d udp.port==PORT,coap"
    )
