# SPDX-License-Identifier: GPL-2.0-only
"""Which UE each finding is about, by the ids that standings of UEs have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from analyzer.session import Session

    Column = np.ndarray[Any, Any]


class UesOfFindings:
    """Which UE each finding is about. One that does not say so is about that of its exchange, as
    it comes to tell."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ids: dict[str, int] = {}
        self._ues: list[int] = []
        self._exchanges: list[int] = []
        self._severities: list[int] = []

    def __len__(self) -> int:
        return len(self._ues)

    def take_in(self) -> None:
        """Look at what was found since."""
        findings = self._session.findings
        for index in range(len(self._ues), len(findings)):
            finding = findings[index]
            self._ues.append(self._id(finding.ue, finding.exchange, finding.row, finding.id))
            self._exchanges.append(finding.exchange)
            self._severities.append(finding.severity)

    def _id(self, ue: str, exchange: int, row: int, finding: int) -> int:
        if not ue or ue in self._ids:
            return self._ids.get(ue, 0)
        session, id = self._session, 0
        if exchange:
            id = session.exchanges.stored.cell("ue", exchange - 1)
        if session.names[id] != ue and row >= 0:
            id = session.messages.cell("ue", row)
        if session.names[id] != ue:
            id = -finding
        self._ids[ue] = id
        return id

    def _resolve(self, known: list[int]) -> None:
        """Give the ids of exchanges to UEs that findings named first."""
        unknown = {ue: id for ue, id in self._ids.items() if id < 0}
        if not unknown:
            return
        names = ((id, self._session.names[id]) for id in known if id)
        found = {unknown[ue]: (id, ue) for id, ue in names if ue in unknown}
        self._ids |= {ue: id for id, ue in found.values()}
        self._ues = [found[id][0] if id in found else id for id in self._ues]

    def ues(self) -> Column:
        """The ids of UEs, 0 for none, in the order of findings."""
        import numpy as np

        self._resolve(np.unique(self._session.exchanges.stored["ue"]).tolist())
        told = np.array(self._ues, np.int64)
        exchanges = np.array(self._exchanges, np.int64)
        asks = ((told == 0) & (exchanges > 0)).nonzero()[0]
        told[asks] = self._session.exchanges.stored["ue"][exchanges[asks] - 1]
        return told

    def severities(self) -> Column:
        """In the order of findings."""
        import numpy as np

        return np.array(self._severities, np.int64)
