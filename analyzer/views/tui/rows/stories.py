# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the story of a UE: a line for each moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analyzer.exchanges.model import State
from analyzer.rules.catalogue import Severity
from analyzer.ue_stories import Kind, Moment, Story, story
from analyzer.views.escape import escape
from analyzer.views.info import Line, code_ink
from analyzer.views.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.places import Page, Place
from analyzer.views.times import TimeFormat, duration
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.widgets.columns import Column
from dissectors.coap import numbers
from dissectors.msgin5g.elements import MESSAGE_TYPE_NAMES, MessageType

_WORDS: Final = {
    Kind.ADDRESS: ("Address", "warning"),
    Kind.REGISTRATION: ("Registration", "msgin5g"),
    Kind.DEREGISTRATION: ("De-registration", "msgin5g"),
    Kind.AGAIN: ("Sent again", "warning"),
    Kind.UNANSWERED: ("No answer", "error"),
}

_STATES: Final = {
    State.OPEN: ("waits for an answer", "dim"),
    State.ACKNOWLEDGED: ("acknowledged, waits for an answer", "dim"),
    State.RESET: ("answered by Reset", "error"),
    State.UNANSWERED: ("not answered", "error"),
}


class StoryRows:
    """What happened to the UE chosen by `show`, as far as it was read."""

    columns = (
        Column("severity", "", 1),
        Column("time", "Time", align="right"),
        Column("frame", "Frame", align="right", give_up=1),
        Column("what", "What", 15),
        Column("text", "How", flexible=True, least=24),
    )

    def __init__(self, view: CaptureView) -> None:
        self.view = view
        self.ue = 0
        self._story: Story | None = None
        self._told: tuple[int, int, frozenset[int]] | None = None

    def show(self, ue: int) -> None:
        """Tell of another UE from the next refresh on; 0 for none."""
        self.ue = ue

    def refresh(self) -> None:
        """Take in what was read since."""
        session = self.view.session
        hidden = self.view.hidden_ids
        told = (session.version, self.ue, hidden) if session is not None and self.ue else None
        if told != self._told:
            self._told = told
            found = self.view.standings.findings_of(self.ue) if told else []
            found = [index for index in found if index + 1 not in hidden]
            self._story = story(self.view.opened, self.ue, found) if told else None

    def __len__(self) -> int:
        return len(self._story) if self._story is not None else 0

    def __getitem__(self, index: int) -> Moment:
        assert self._story is not None
        moment: Moment = self._story[index]
        return moment

    def identity(self, index: int) -> int:
        """What names a moment among those of its UE."""
        assert self._story is not None
        return self._story.key(index)

    def find(self, identity: int) -> int | None:
        """The row of a moment."""
        return self._story.find(identity) if self._story is not None else None

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest moment before or after that is an error or a warning."""
        rows = range(index + step, len(self) if step > 0 else -1, step)
        return next((row for row in rows if self._is_flagged(self[row])), None)

    def _is_flagged(self, moment: Moment) -> bool:
        return moment.finding is not None and moment.finding.severity >= Severity.WARNING

    def place(self, index: int) -> Place:
        """Where a moment is seen in full."""
        moment = self[index]
        if moment.finding is not None:
            return Place(Page.FINDINGS, moment.finding.id)
        if moment.kind in (Kind.AGAIN, Kind.ADDRESS):
            return Place(Page.PACKETS, moment.frame)
        return Place(Page.EXCHANGES, moment.exchange)

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        if key == "frame":
            return len(str(self.view.opened.counts.records)) if self.view.session else 5
        return 15 if self.view.time_format is TimeFormat.ABSOLUTE else 11

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        moment = self[index]
        previous = self[index - 1].time if index else None
        severity = moment.finding.severity if moment.finding else 0
        return (
            line(GLYPHS[severity], SEVERITY_INKS[severity]),
            line(self.view.time(moment.time, previous), "dim"),
            line(str(moment.frame) if moment.frame else "", "dim"),
            _what(moment),
            _how(moment, self.view.opened.settings.timers.max_transmit_wait),
        )

    def row_ink(self, index: int) -> str:
        """All rows in the plain ink."""
        return ""


def _what(moment: Moment) -> Line:
    if moment.finding is not None:
        severity = Severity(moment.finding.severity)
        return line(severity.label.capitalize(), SEVERITY_INKS[severity])
    if moment.kind in _WORDS:
        return (_WORDS[moment.kind],)
    return line(_asked(moment), "request")


def _asked(moment: Moment) -> str:
    """`Message`, `GET`: what a request is."""
    if moment.message_type:
        return MESSAGE_TYPE_NAMES[MessageType(moment.message_type)]
    return "Ping" if moment.method == numbers.EMPTY else numbers.code_name(moment.method)


def _how(moment: Moment, wait: int) -> Line:
    match moment.kind:
        case Kind.FINDING:
            assert moment.finding is not None
            return (
                (escape(moment.finding.text, 300), ""),
                (f"  {moment.finding.rule.id}", "dim"),
            )
        case Kind.ADDRESS:
            return _moved(moment)
        case Kind.AGAIN:
            return _again(moment)
        case Kind.UNANSWERED:
            text = f"to the {_asked(moment)} in frame {moment.frame} within {duration(wait)}"
            return line(text)
    return (*_path(moment), *_answer(moment))


def _path(moment: Moment) -> Line:
    """Where a request goes; of what is passed on, by whom and to whom."""
    uri = (escape(moment.uri, 60), "path")
    if moment.kind is not Kind.PASSED_ON:
        return uri, ("  ", "")
    return uri, (f" passed on by {moment.source} to {moment.destination}  ", "dim")


def _answer(moment: Moment) -> Line:
    """`→ 2.01 in 2.27 ms, success`."""
    if moment.after is None or not moment.code:
        return (_STATES.get(moment.state, (str(moment.state.label), "dim")),)
    result = f", {escape(moment.result, 40)}" if moment.result else ""
    return (
        ("→ ", "dim"),
        (numbers.code_name(moment.code), code_ink(moment.code)),
        (f" in {duration(moment.after)}", "dim"),
        (result, "error" if moment.result != "success" else "success"),
    )


def _moved(moment: Moment) -> Line:
    """An address translator that forgot the UE gives it another port, seldom another address."""
    assert moment.before is not None
    assert moment.source is not None
    same = moment.before.packed == moment.source.packed
    said = "the same address, another port" if same else "another address"
    return ((f"{moment.before} → {moment.source}", ""), (f"  {said}", "dim"))


def _again(moment: Moment) -> Line:
    answer = "ACK" if moment.method == numbers.EMPTY else "the answer"
    what = _asked(moment) if numbers.is_request(moment.method) else answer
    after = "" if moment.after is None else f"  {duration(moment.after)} after it was first sent"
    return ((f"{what}, retransmission {moment.again}", ""), (after, "dim"))
