# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from analyzer.exchanges.model import (
    CONFIDENCE_OF,
    CONFIDENCES,
    MATCHES,
    REASONS,
    STORED,
    State,
    reason,
)
from analyzer.exchanges.table import Exchanges
from analyzer.messages import MESSAGES
from analyzer.relations import Confidence, Match
from analyzer.session import Session


def test_every_match_has_a_confidence_and_a_number() -> None:
    assert set(CONFIDENCE_OF) == {match for match in MATCHES if match}
    assert set(CONFIDENCE_OF.values()) < set(CONFIDENCES)


def test_every_pairing_that_there_is_has_a_reason() -> None:
    """A match has its confidence or is ambiguous, unless it has the Message ID; an Empty message
    that is not empty is low."""
    pairs = set(CONFIDENCE_OF.items())
    pairs |= {(match, Confidence.AMBIGUOUS) for match in CONFIDENCE_OF}
    pairs -= {(Match.MID_TOKEN, Confidence.AMBIGUOUS), (Match.MID, Confidence.AMBIGUOUS)}
    assert pairs | {(Match.MID, Confidence.LOW)} == REASONS.keys()
    assert len(set(REASONS.values())) == len(REASONS)
    assert reason(0, 0) is None
    assert reason(MATCHES.index(Match.MID_TOKEN), CONFIDENCES.index(Confidence.EXACT)) == (
        "Message ID and Token"
    )


def test_columns_hold_what_they_must() -> None:
    assert len(State) < 32, "sets of states are bits of a cell"
    assert len(MATCHES) < 1 << 16
    assert STORED.columns["match"] == STORED.columns["confidence"] == "u2"
    assert STORED.cell("match") == STORED.cell("confidence")


def test_every_column_of_an_exchange_is_stored_or_told_by_a_message() -> None:
    session = Session()
    for name in Exchanges.columns:
        assert len(session.exchanges[name]) == 0
    assert session.exchanges.frame().columns == ["row", *Exchanges.columns]
    assert "exchange" in MESSAGES.columns
