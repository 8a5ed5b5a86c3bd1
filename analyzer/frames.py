# SPDX-License-Identifier: GPL-2.0-only
"""The three tables as Polars frames with ids resolved: for statistics, notebooks and tests.

Columns have the names and values of the JSON reports (README, "Output for scripts"), and of fields
without their prefix (dissectors.fields), where those have them. What is not there is null.

Times are UTC, `Datetime("ns")` without a zone, as a zone needs a data base that not every system
has; stretches of time are `Duration("ns")`. Frame numbers and exchange ids count from 1. Tokens are
lower-case hex, codes dotted (`2.05`). Severities are ordered: note < warning < error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from analyzer.exchanges.model import CONFIDENCES, MATCHES, State
from analyzer.messages import MESSAGE_TYPE_IDS, NO_RESPONSE_TIME, Role
from analyzer.report import FRAME_LISTS, findings_in_order
from analyzer.rules.catalogue import Severity
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    from analyzer.session import Session

_TIME: Final = pl.Datetime("ns")
_STRETCH: Final = pl.Duration("ns")
_SEVERITY: Final = pl.Enum([severity.label for severity in Severity])
_FRAMES: Final = pl.List(pl.UInt32)

_SEVERITIES: Final = (None, *(severity.label for severity in Severity))
_CODES: Final = tuple(map(numbers.dotted, range(256)))
_METHODS: Final = tuple(map(numbers.method_name, range(256)))
_IS_RESPONSE: Final = pl.Series([numbers.is_response(code) for code in range(256)])


def messages(session: Session) -> pl.DataFrame:
    """One row per CoAP message that views show, in the order of the capture.

    `time_relative` counts from the first packet, `length` is that of the packet on the wire.
    `response_in` is the frame of the response to a request, `response_to` that of the request of a
    response, which has the `response_time`; `first_in` the first transmission of what was sent
    again.
    """
    table = session.messages.frame().filter(pl.col("role") != Role.UNCONFIRMED)
    endpoints, names = list(map(str, session.endpoints.values())), session.names.values()
    answers = pl.Series([0, *session.exchanges["response_frame"].tolist()], dtype=pl.UInt32)
    again = pl.col("role") == Role.RETRANSMISSION
    of_exchange = answers.gather(table["exchange"])
    table = table.with_columns(
        is_response=_IS_RESPONSE.gather(table["code"].cast(pl.UInt32)),
        peer=pl.when(again & (pl.col("peer") == 0)).then(of_exchange).otherwise("peer"),
    )
    is_response = pl.col("is_response")
    return table.select(
        "frame",
        pl.col("time").cast(_TIME),
        (pl.col("time") - (session.first_time or 0)).cast(_STRETCH).alias("time_relative"),
        _of(table["source"], endpoints),
        _of(table["destination"], endpoints),
        _of(table["type"], [numbers.type_name(kind) for kind in Type]),
        _of(table["code"], _CODES),
        pl.when(pl.col("type") != Type.TCP).then(pl.col("message_id")).alias("message_id"),
        _tokens(session, table),
        _of(table["uri"], names),
        "payload_length",
        pl.col("wire").alias("length"),
        "interface",
        _number("exchange"),
        _of(table["role"], [role.label for role in Role]),
        pl.when(~is_response).then(_number("peer")).alias("response_in"),
        pl.when(is_response).then(_number("peer")).alias("response_to"),
        pl.when(is_response).then(_response_time()).alias("response_time"),
        _number("first").alias("first_in"),
        _of(table["message_type"], MESSAGE_TYPE_IDS),
        _of(table["ue"], names).alias("ue_service_id"),
        _of(table["severity"], _SEVERITIES, _SEVERITY),
    )


def exchanges(session: Session) -> pl.DataFrame:
    """One row per exchange, in the order of their requests; `time` is that of the request.

    `operation` is the first exchange of the block-wise transfer or observation it belongs to,
    `severity` that of the worst finding about it.
    """
    types = session.messages["type"][session.exchanges.stored["request_row"]]
    table = session.exchanges.frame().with_columns(type=pl.Series(types.copy()))
    endpoints, names = list(map(str, session.endpoints.values())), session.names.values()
    found = table.select(
        (pl.col("row") + 1).alias("id"),
        pl.col("request_time").cast(_TIME).alias("time"),
        _of(table["client"], endpoints),
        _of(table["server"], endpoints),
        _of(table["method"], _METHODS),
        _of(table["uri"], names),
        pl.when(pl.col("type") != Type.TCP).then(pl.col("message_id")).alias("message_id"),
        _tokens(session, table),
        _of(table["state"], [state.label for state in State]),
        pl.when(pl.col("responses") > 0).then(_of(table["response_code"], _CODES)),
        _response_time(),
        "request_frame",
        _number("ack_frame"),
        _number("reset_frame"),
        _of(table["match"], [match and str(match) for match in MATCHES]).alias("matched_by"),
        _of(table["confidence"], [sure and str(sure) for sure in CONFIDENCES]),
        _number("operation"),
        _of(table["message_type"], MESSAGE_TYPE_IDS),
        _of(table["ue"], names).alias("ue_service_id"),
        _of(table["severity"], _SEVERITIES, _SEVERITY),
    )
    return _with_frame_lists(session, found)


def _with_frame_lists(session: Session, found: pl.DataFrame) -> pl.DataFrame:
    """Frames of the messages that belong to each exchange, by what they are in it."""
    columns = {name: session.messages[name].copy() for name in ("exchange", "role", "frame")}
    listed = pl.DataFrame(columns)
    for name, roles in FRAME_LISTS.items():
        frames = (
            listed.filter(pl.col("role").is_in(roles))
            .group_by(pl.col("exchange").alias("id"), maintain_order=True)
            .agg(pl.col("frame").alias(name))
        )
        found = found.join(frames, on="id", how="left", maintain_order="left")
    lists = pl.col(*FRAME_LISTS)
    return found.with_columns(lists.fill_null(pl.lit([], dtype=_FRAMES)))


def findings(session: Session) -> pl.DataFrame:
    """One row per finding by frame, those about the capture as a whole last.

    `frames` are all that it is about, `frame` the one it points at; `count` says how many alike
    are one finding, from `time` to `last_time`.
    """
    rows = [
        (
            finding.rule.id,
            finding.severity.label,
            finding.rule.spec,
            finding.rule.clause,
            finding.frame or None,
            finding.frames,
            finding.exchange or None,
            session.ue_of(finding) or None,
            finding.text,
            finding.seen,
            finding.expected,
            finding.rule.fix,
            finding.count,
            finding.first_time,
            finding.last_time,
        )
        for finding in findings_in_order(session)
    ]
    return pl.DataFrame(rows, schema=_FINDING, orient="row")


_FINDING: Final = {
    "rule": pl.String(),
    "severity": _SEVERITY,
    "spec": pl.String(),
    "clause": pl.String(),
    "frame": pl.UInt32(),
    "frames": _FRAMES,
    "exchange": pl.UInt32(),
    "ue_service_id": pl.String(),
    "message": pl.String(),
    "seen": pl.String(),
    "expected": pl.String(),
    "fix": pl.String(),
    "count": pl.UInt32(),
    "time": _TIME,
    "last_time": _TIME,
}


def _of(ids: pl.Series, names: Sequence[str | None], dtype: pl.DataType | None = None) -> pl.Series:
    """What ids stand for, under the name of their column; null for what has no name."""
    values: Iterable[str | None] = (name or None for name in names)
    known = pl.Series(ids.name, values, dtype=dtype or pl.String())
    return known.gather(ids.cast(pl.UInt32))


def _number(column: str) -> pl.Expr:
    """A frame or an id, null for 0."""
    return pl.when(pl.col(column) > 0).then(pl.col(column)).alias(column)


def _response_time() -> pl.Expr:
    time = pl.col("response_time")
    return pl.when(time != NO_RESPONSE_TIME).then(time).cast(_STRETCH).alias("response_time")


def _tokens(session: Session, table: pl.DataFrame) -> pl.Series:
    """Tokens as hex; the empty one is no null."""
    pairs = zip(table["token"], table["token_length"], strict=True)
    texts = [session.token_bytes(token, length).hex() for token, length in pairs]
    return pl.Series("token", texts, dtype=pl.String)
