# SPDX-License-Identifier: GPL-2.0-only
"""What the status line says of a capture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.capture.spool import size_text
from analyzer.decryption.security import quoted
from analyzer.recording.wish import Statistics
from analyzer.rules.catalogue import Severity
from analyzer.views.escape import escape
from analyzer.views.info import Line, Piece
from analyzer.views.inks import GLYPHS, SEVERITY_INKS
from analyzer.views.places import Page
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.wording import plural

if TYPE_CHECKING:
    from analyzer.session import Session

_BACKLOG: Final = 1000
"""Packets recorded and not read yet that are worth saying: fewer are on their way anyhow."""

_REASON: Final = 40
_MOST_WORDS: Final = 150
_MOST_FLOWS: Final = 200
"""Of so many it is said how their handshakes came out; the screen is painted often."""


def status(view: CaptureView, shown: Shown | None = None) -> list[Line]:
    """Findings and counts, the most important first; `shown` where a filter hides rows."""
    if view.error:
        return [(("✖ cannot be read", "error"),)]
    session = view.session
    if session is None:
        return [(("opening …", "dim"),)]
    from analyzer.protected import messages_not_read
    from analyzer.report import notices as capture_notices  # loads the engine

    counts = session.counts
    messages = _count(counts.coap, "CoAP message")
    exchanges = _count(len(session.exchanges), "exchange")
    findings = _findings(view.finding_counts())
    ignored = session.findings.ignored + len(view.hidden_ids)
    if view.live or view.recording is not None:
        parts = [*_live(view), findings, messages, exchanges]
    else:
        packets = _count(counts.records, "packet")
        parts = [packets, *_lost(view.statistics), messages, exchanges, findings]
    if shown is not None:
        parts.insert(0, ((f"shown {shown.rows:,}", "bold"), (f" ({shown.share})", "")))
    if ignored:
        parts.append(((f"{ignored:,} ignored", "dim"),))
    unread = messages_not_read(session)
    if unread:
        parts.append(((f"{unread:,} not read", "warning"),))
    notices = sum(1 for _ in capture_notices(session))
    if notices:
        parts.append(((f"! {notices} notice{'' if notices == 1 else 's'}", "warning"),))
    if view.unmasked:
        parts.append((("credentials shown", "warning"),))
    if view.recording is not None:
        parts.append(((size_text(view.statistics.octets), "dim"),))
    return parts


class Shown(NamedTuple):
    """Rows of a page that a filter lets through, `of` all."""

    rows: int
    of: int

    @property
    def share(self) -> str:
        """`0.1 %`, `100 %`."""
        share = 100 * self.rows / self.of if self.of else 0.0
        return f"{share:.0f} %" if share in (0, 100) else f"{min(99.9, max(0.1, share)):.1f} %"


def _live(view: CaptureView) -> Iterator[Line]:
    """Whether packets come in and how many, what was lost, and what still waits to be read."""
    yield _state(view)
    if view.paused:
        yield ((f"❚❚ paused, {view.waiting:,} wait", "warning"),)
    yield from _lost(view.statistics)
    kept = view.statistics.kept
    rate = round(view.rate.per_second)
    yield _count(kept, "packet") + ((f"  {rate:,}/s", "dim"),) * (view.live and rate > 0)
    if view.reading and view.backlog >= _BACKLOG:
        yield ((f"{view.backlog:,} to read", "warning"),)


def _state(view: CaptureView) -> Line:
    recording = view.recording
    if recording is None or not recording.ended:
        return (("● live", "success"),)
    if recording.reason:
        return ((f"■ {escape(recording.reason, _REASON)}", "error"),)
    return (("■ stopped", "dim"),)


def _lost(statistics: Statistics) -> Iterator[Line]:
    """Packets that the kernel or the interface dropped: the rest is judged without them."""
    if statistics.lost:
        yield ((f"! {statistics.lost:,} dropped", "warning"),)


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


def searched(view: CaptureView, page: Page, shown: Shown | None) -> str:
    """What a filter comes to on a page: rows found, and how far looking at them is."""
    filtering = view.filtering
    if filtering.failed:
        return f"✖ {filtering.failed}"
    if shown is None or view.session is None:
        return ""
    share = filtering.progress(page)
    if share is None:
        return f"{shown.rows:,} of {shown.of:,}"
    how_far = "stopped at" if filtering.stopped else "searching,"
    return f"{how_far} {share:.0%}, {shown.rows:,} found"


def hidden(view: CaptureView, page: Page) -> str:
    """What to say where a filter lets nothing through."""
    if view.filtering.progress(page) is not None and not view.filtering.stopped:
        return "Nothing found yet\n\nEsc leaves it at that"
    return "Nothing passes the filter\n\n/ changes it, and with an empty one all is listed again"


def emptiness(view: CaptureView) -> str:
    """What to say in place of rows; lines separated by newlines."""
    if view.error:
        return f"This cannot be read\n\n{view.error}\n\nq quits"
    protected = view.session is not None and bool(view.session.carriers.secured)
    if view.live and view.recording is not None and not protected:
        interfaces = escape(", ".join(view.recording.wish.interfaces), 60)
        return f"Waiting for packets on {interfaces} …"
    if view.session is None or (view.reading and not (view.live and protected)):
        return "Reading …"
    if not view.session.counts.records:
        return "This capture holds no packets"
    return "\n".join(_no_messages(view.session))


def _no_messages(session: Session) -> Iterator[str]:
    """Why a capture has no messages, and what to do."""
    counts, flows = session.counts, list(session.carriers.secured)
    if not flows:
        over = f", {counts.carriers:,} TCP on ports of CoAP" if counts.carriers else ""
        yield "No CoAP in this capture"
        yield ""
        yield f"{counts.records:,} packets, {counts.udp:,} of them UDP{over}."
        yield "CoAP on another port than 5683 is found with -d udp.port==PORT,coap"
        return
    from analyzer.handshakes import State, outcome
    from analyzer.protected import sentence

    kinds = sorted({flow.security.transport for flow in flows})
    kinds += ["TCP"] * (session.carriers.met > len(flows))
    yield (
        f"No CoAP that can be read: {plural(counts.records, 'packet')}, {counts.carriers:,} of "
        f"{' and '.join(kinds)} in {plural(len(flows), 'protected flow')}"
    )
    yield ""
    states = [outcome(flow).state for flow in flows[:_MOST_FLOWS]]
    if not session.closed and State.UNFINISHED in states:
        yield "Not finished so far; l shows what was seen, message by message"
        return
    if len(flows) == 1:
        identity = flows[0].security.psk_identity
        named = f", identity {quoted(identity)}" if identity else ""
        yield escape(f"Handshake {states[0]}{named}", _MOST_WORDS)
    elif len(flows) <= _MOST_FLOWS:
        told = (f"{states.count(state):,} {state}" for state in State if state in states)
        yield f"Handshakes: {', '.join(told)}"
    if unread := sentence(session):
        yield escape(unread, _MOST_WORDS)
        yield "Keys: --psk-file FILE (IDENTITY:KEY, the key in hex) or --keylog-file FILE"
    yield f"l shows {'it' if len(flows) == 1 else 'them'}, message by message"
