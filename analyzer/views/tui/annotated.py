# SPDX-License-Identifier: GPL-2.0-only
"""A capture with what the user wrote about it: marks, comments, names, findings to ignore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from analyzer.annotations.model import Annotations
from analyzer.views.escape import escape
from analyzer.views.session_view import SessionView
from analyzer.waiving import Hidden, Waived

if TYPE_CHECKING:
    from analyzer.annotations.model import Waiver
    from analyzer.endpoints import Endpoint
    from analyzer.findings import Finding

_LONGEST_NAME: Final = 40

REFERENCE: Final = "*REF*"
"""In place of the time of a packet that times count from, as in Wireshark."""


NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


class Annotated(SessionView):
    """One capture on screen, annotated. `given` names come from a file of the user's."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__()
        self.named = True
        self.shows_hidden = False
        self.given = given
        self._nothing = Annotations()
        self._hidden: Hidden | None = None
        self._marked: tuple[object, frozenset[int]] = (None, frozenset())
        self._longest: tuple[object, int] = (None, 0)
        self._times: dict[int, int] = {}  # of time references

    @property
    def annotations(self) -> Annotations:
        """What the user wrote."""
        return self.session.keeper.annotations if self.session is not None else self._nothing

    @property
    def marks(self) -> frozenset[int]:
        """Rows of the messages table in marked packets, as far as they are read."""
        if self.session is None or not self.annotations.marks:
            return frozenset()
        import numpy as np

        count = len(self.session.messages)
        asked = self.annotations.version, count
        if self._marked[0] != asked:
            marks = self.annotations.marks
            wanted = np.fromiter(marks, np.int64, len(marks))
            rows = np.isin(self.session.messages["frame"][:count], wanted).nonzero()[0]
            self._marked = asked, frozenset(rows.tolist())
        return self._marked[1]

    # Times --------------------------------------------------------------------------------------

    def start_of(self, frame: int) -> int:
        """The capture time from which that of a packet counts: of the time reference before it,
        else of the first packet; a frame of 0 is before all references."""
        first = self.opened.first_time or 0
        reference = self.annotations.reference_of(frame) if frame else 0
        if not reference:
            return first
        if reference not in self._times:
            messages: Any = self.opened.messages
            rows = (messages["frame"] == reference).nonzero()[0]
            if not len(rows):
                return first
            self._times[reference] = messages.cell("time", int(rows[0]))
        return self._times[reference]

    # Names --------------------------------------------------------------------------------------

    def name_of(self, what: str) -> str:
        """The name of an address or UE Service ID while names are shown, as it was written; `""`
        for none."""
        if not self.named:
            return ""
        return self.annotations.names.get(what) or self.given.get(what, "")

    @property
    def longest_name(self) -> int:
        """Columns that names of addresses need while they are shown, about; 0 without names."""
        if not self.named:
            return 0
        names = self.annotations.names
        asked = len(names), self.annotations.version if names else 0
        if self._longest[0] != asked:
            own = ((what, name) for known in (names, self.given) for what, name in known.items())
            needed = max((_columns(name) for what, name in own if "@" not in what), default=0)
            self._longest = asked, min(needed, _LONGEST_NAME)
        return self._longest[1]

    def address(self, endpoint: Endpoint) -> str:
        """The address, or its name."""
        name = self.name_of(endpoint.address)
        return escape(name, _LONGEST_NAME) if name else endpoint.address

    def endpoint(self, endpoint: Endpoint) -> str:
        """Address and port; a name stands for the address, or for both."""
        both = self.name_of(str(endpoint))
        if both:
            return escape(both, _LONGEST_NAME)
        name = self.name_of(endpoint.address)
        return f"{escape(name, _LONGEST_NAME)}:{endpoint.port}" if name else str(endpoint)

    def ue_name(self, ue: str) -> str:
        """The UE Service ID, or its name: to be escaped."""
        return self.name_of(ue) or ue

    # Findings -----------------------------------------------------------------------------------

    @property
    def hidden(self) -> Hidden:
        """The findings that the user ignores."""
        if self._hidden is None:
            self._hidden = Hidden(self.opened)
        return self._hidden

    @property
    def hidden_ids(self) -> frozenset[int]:
        """Their ids."""
        return self._hidden.ids if self._hidden is not None else frozenset()

    def waivers_of(self, finding: Finding) -> list[Waiver]:
        """By what a finding is ignored."""
        return list(Waived(self.opened, self.annotations.waivers).by(finding))

    def findings_of_row(self, row: int) -> Sequence[Finding]:
        found = super().findings_of_row(row)
        hidden = self.hidden_ids
        return [finding for finding in found if finding.id not in hidden] if hidden else found

    def severity(self, row: int) -> int:
        """The worst of a message that is not ignored."""
        severity = self.opened.messages.cell("severity", row)
        return severity if self._hidden is None else self._hidden.rows.get(row, severity)

    def severity_of_exchange(self, exchange: int) -> int:
        """The worst of an exchange that is not ignored."""
        severity = self.opened.exchanges.stored.cell("severity", exchange - 1)
        if self._hidden is None:
            return severity
        return self._hidden.exchanges.get(exchange, severity)

    def finding_counts(self) -> dict[str, int]:
        """How many findings of each severity are not ignored, worst first."""
        counts = self.opened.findings.summary()
        hidden = self._hidden.by_severity() if self.hidden_ids and self._hidden else {}
        return {label: count - hidden.get(label, 0) for label, count in counts.items()}


def _columns(name: str) -> int:
    return len(name) if name.isprintable() else len(escape(name, _LONGEST_NAME))
