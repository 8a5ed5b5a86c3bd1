# SPDX-License-Identifier: GPL-2.0-only
"""Protected flows: what their handshakes showed, and how much of each was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analyzer.handshakes import State, outcome
from analyzer.protected import flow_entry

if TYPE_CHECKING:
    from analyzer.session import Session

_TEXT = ("transport", "client", "server", "version", "cipher_suite", "psk_identity", "server_name")
_NUMBERS = ("handshake_retransmissions", "first_frame", "last_frame", "read", "not_read")
_SCHEMA = {
    "number": pl.Int64,
    **dict.fromkeys(_TEXT, pl.String),
    "handshake": pl.String,
    **dict.fromkeys(_NUMBERS, pl.Int64),
    "alerts": pl.String,
    "reason": pl.String,
    "detail": pl.String,
}


def protected_flows(session: Session) -> pl.DataFrame:
    """A row per protected flow of the capture, those first whose handshake failed, then those with
    most unread messages: `number`, which tells them apart; `handshake`, how that came out
    (handshakes.State); the others as protected.flow_entry, `alerts` as one text."""
    found = [_row(session, place) for place in range(len(session.carriers.secured))]
    failed = pl.col("handshake").is_in([state for state in State if state.failed])
    return pl.DataFrame(found, _SCHEMA, orient="row").sort(
        failed, "not_read", "number", descending=[True, True, False]
    )


def _row(session: Session, place: int) -> tuple[object, ...]:
    flow = session.carriers.secured[place]
    entry = flow_entry(flow)
    alerts = ", ".join(f"{alert['by']}: {alert['text']}" for alert in entry["alerts"])
    state = str(outcome(flow).state)
    told = entry | {"number": place, "alerts": alerts or None, "handshake": state}
    return tuple(told[name] for name in _SCHEMA)
