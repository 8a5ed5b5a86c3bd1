# SPDX-License-Identifier: GPL-2.0-only
"""What a step of reading added: for those who tell of packets while they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from analyzer.flows import MOST_FLOWS
from analyzer.messages import Role

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session

_MOST_HIDDEN: Final = 64
"""Messages of one flow that wait to be shown: several times flows.MOST_PENDING."""


class Arrivals:
    """Messages and findings of a session, each told once: those since the last time.

    Messages of a flow that is not known to be CoAP (gate G-FLOW) are told when it is, before the
    one that proves it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._messages = self._findings = 0
        self._hidden: dict[tuple[int, int], list[int]] = {}  # rows by flow

    def messages(self) -> list[int]:
        """Rows of the messages that views show by now, in file order."""
        messages = self._session.messages
        rows = range(self._messages, len(messages))
        self._messages = len(messages)
        if not rows:
            return []
        columns = (messages.take(name, rows) for name in ("role", "source", "destination"))
        found: list[int] = []
        late = False
        for row, role, source, destination in zip(rows, *columns, strict=True):
            if role == Role.UNCONFIRMED:
                self._hide(row, source, destination)
            elif self._hidden and (shown := self._shown(source, destination)):
                late = True
                found += [*shown, row]
            else:
                found.append(row)
        return sorted(found) if late else found

    def findings(self) -> Sequence[Finding]:
        """In the order in which they were made."""
        findings = self._session.findings
        ids = range(self._findings, len(findings))
        self._findings = len(findings)
        return [findings[id] for id in ids]

    def _hide(self, row: int, source: int, destination: int) -> None:
        flow = min(source, destination), max(source, destination)
        rows = self._hidden.setdefault(flow, [])
        if len(rows) < _MOST_HIDDEN:
            rows.append(row)
        if len(self._hidden) > MOST_FLOWS:
            del self._hidden[next(iter(self._hidden))]

    def _shown(self, source: int, destination: int) -> list[int]:
        """What was hidden of a flow that is known to be CoAP now."""
        flow = min(source, destination), max(source, destination)
        rows = self._hidden.pop(flow, ())
        roles = self._session.messages.take("role", rows)
        return [row for row, role in zip(rows, roles, strict=True) if role != Role.UNCONFIRMED]
