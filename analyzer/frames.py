# SPDX-License-Identifier: GPL-2.0-only
"""The three tables as Polars frames with ids resolved: for filters, statistics and notebooks."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from analyzer.exchanges.model import CONFIDENCES, MATCHES, State
from analyzer.messages import MESSAGE_TYPE_IDS, Role
from analyzer.rules.catalogue import Severity
from analyzer.session import Session

_SEVERITIES = ("", *(severity.label for severity in Severity))


def messages(session: Session) -> pl.DataFrame:
    """One row per CoAP message that views show; times are nanoseconds, bytes lower-case hex."""
    frame = _with_tokens(session, session.messages.frame()).filter(
        pl.col("role") != Role.UNCONFIRMED
    )
    return _named(
        frame,
        {
            "source": [str(e) for e in session.endpoints.values()],
            "destination": [str(e) for e in session.endpoints.values()],
            "uri": session.names.values(),
            "ue": session.names.values(),
            "role": [role.label for role in Role],
            "message_type": MESSAGE_TYPE_IDS,
            "severity": _SEVERITIES,
        },
    )


def exchanges(session: Session) -> pl.DataFrame:
    """One row per exchange; `id` counts from 1."""
    frame = _with_tokens(session, session.exchanges.frame()).with_columns(id=pl.col("row") + 1)
    return _named(
        frame,
        {
            "client": [str(e) for e in session.endpoints.values()],
            "server": [str(e) for e in session.endpoints.values()],
            "uri": session.names.values(),
            "ue": session.names.values(),
            "state": [state.label for state in State],
            "match": [str(match or "") for match in MATCHES],
            "confidence": [str(confidence or "") for confidence in CONFIDENCES],
            "message_type": MESSAGE_TYPE_IDS,
            "severity": _SEVERITIES,
        },
    )


def _with_tokens(session: Session, frame: pl.DataFrame) -> pl.DataFrame:
    """Tokens as text."""
    pairs = zip(frame["token"], frame["token_length"], strict=True)
    texts = [session.token_bytes(token, length).hex() for token, length in pairs]
    return frame.with_columns(token=pl.Series(texts, dtype=pl.String)).drop("token_length")


def findings(session: Session) -> pl.DataFrame:
    """One row per finding, in the order they were made."""
    rows = [
        {
            "id": finding.id,
            "rule": finding.rule.id,
            "severity": finding.severity.label,
            "spec": finding.rule.spec,
            "clause": finding.rule.clause,
            "frame": finding.frame,
            "exchange": finding.exchange,
            "ue": session.ue_of(finding),
            "message": finding.text,
            "seen": finding.seen,
            "expected": finding.expected,
            "count": finding.count,
            "first_time": finding.first_time,
            "last_time": finding.last_time,
        }
        for finding in session.findings
    ]
    numbers = dict.fromkeys(("id", "frame", "exchange", "count"), pl.UInt32)
    times = dict.fromkeys(("first_time", "last_time"), pl.Int64)
    texts = ("rule", "severity", "spec", "clause", "ue", "message", "seen", "expected")
    schema = {**dict.fromkeys(texts, pl.String), **numbers, **times}
    order = list(rows[0]) if rows else list(schema)
    return pl.DataFrame(rows, schema={name: schema[name] for name in order})


def _named(frame: pl.DataFrame, names: dict[str, Sequence[str]]) -> pl.DataFrame:
    """Replace ids by what they stand for."""
    return frame.with_columns(
        pl.Series(values, dtype=pl.String).gather(frame[column].cast(pl.UInt32)).alias(column)
        for column, values in names.items()
    )
