# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the exchange list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analyzer.exchanges.model import CONFIDENCES, MATCHES, State
from analyzer.views.escape import escape
from analyzer.views.info import Line, code_ink
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.inks import GLYPHS, SEVERITY_INKS, line
from analyzer.views.tui.times import duration
from analyzer.views.tui.widgets.columns import Column
from dissectors.coap import numbers

_STATE_INKS: Final = {
    State.OPEN: "dim",
    State.ACKNOWLEDGED: "dim",
    State.ANSWERED: "success",
    State.RESET: "client-error",
    State.UNANSWERED: "error",
    State.OBSERVING: "request",
}


class ExchangeRows:
    """Exchanges as their list shows them; index + 1 is the id."""

    columns = (
        Column("severity", "", 1),
        Column("id", "No.", align="right"),
        Column("time", "Time", align="right", give_up=6),
        Column("client", "Client"),
        Column("server", "Server", give_up=5),
        Column("method", "Method", 6),
        Column("uri", "URI", flexible=True, least=22),
        Column("ue", "UE Service ID", give_up=4),
        Column("state", "State", 12),
        Column("match", "Matched by", 17, give_up=1),
        Column("code", "Response", 12, wide=17),
        Column("response_time", "After", 8, align="right", give_up=3),
        Column("retransmissions", "Retr.", 5, align="right", give_up=2),
    )

    def __init__(self, view: CaptureView) -> None:
        self.view = view
        self._count = 0
        self._widths = {"client": 9, "server": 9, "ue": 0}
        self._measured = {"endpoints": 0, "exchanges": 0}

    def refresh(self) -> None:
        """Take in what was read since."""
        self._count = len(self.view.session.exchanges) if self.view.session else 0

    def __len__(self) -> int:
        return self._count

    def identity(self, index: int) -> int:
        """The id of the exchange in a row."""
        return index + 1

    def find(self, identity: int) -> int | None:
        """The row of an exchange."""
        return identity - 1 if 0 < identity <= self._count else None

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        if key == "id":
            return max(3, len(str(self._count)))
        if key == "time":
            return 15 if self.view.time_format == "absolute" else 11
        self._measure()
        return self._widths[key]

    def _measure(self) -> None:
        if self.view.session is None:
            return
        endpoints, names = self.view.opened.endpoints, self.view.opened.names
        for index in range(self._measured["endpoints"], len(endpoints)):
            needed = min(len(str(endpoints[index])), 45)
            self._widths["client"] = max(self._widths["client"], needed)
        self._widths["server"] = self._widths["client"]
        ues = set(self.view.opened.exchanges["ue"][self._measured["exchanges"] :].tolist())
        for ue in ues:
            self._widths["ue"] = max(self._widths["ue"], min(len(escape(names[ue], 24)), 24))
        self._measured = {"endpoints": len(endpoints), "exchanges": self._count}

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        session = self.view.opened
        cells = session.exchanges.row(index)
        previous = int(session.exchanges["request_time"][index - 1]) if index else None
        severity, retransmissions = cells["severity"], cells["retransmissions"]
        ping = cells["method"] == numbers.EMPTY
        time = cells["response_time"]
        return (
            line(GLYPHS[severity], SEVERITY_INKS[severity]),
            line(str(index + 1)),
            line(self.view.time(cells["request_time"], previous), "dim"),
            line(str(session.endpoints[cells["client"]])),
            line(str(session.endpoints[cells["server"]])),
            line("Ping" if ping else numbers.code_name(cells["method"]), "request"),
            line(escape(session.names[cells["uri"]]), "path"),
            line(escape(session.names[cells["ue"]], 64), "msgin5g"),
            line(State(cells["state"]).label, _STATE_INKS[State(cells["state"])]),
            _matched_by(cells),
            _response(cells),
            line(duration(time) if cells["response_frame"] else "", "dim"),
            line(str(retransmissions) if retransmissions else "", "warning"),
        )

    def row_ink(self, index: int) -> str:
        """All rows in the plain ink."""
        return ""


def _matched_by(cells: Mapping[str, int]) -> Line:
    """`mid+token`; a pairing that is not certain says so."""
    match, confidence = MATCHES[cells["match"]], CONFIDENCES[cells["confidence"]]
    if match is None:
        return line("")
    if confidence in (None, "exact") or confidence == match:
        return line(match, "dim")
    return ((f"{match} ", "dim"), (f"({confidence})", "warning"))


def _response(cells: Mapping[str, int]) -> Line:
    code = cells["response_code"]
    if not cells["response_frame"]:
        return line("RST", "client-error") if cells["reset_frame"] else line("")
    return line(numbers.code_name(code), code_ink(code))
