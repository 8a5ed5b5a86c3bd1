# SPDX-License-Identifier: GPL-2.0-only
"""Codes: requests by method, responses by code, and what is neither."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from analyzer.messages import Role
from analyzer.statistics.counted import Counted
from dissectors.coap import numbers
from dissectors.coap.numbers import Type


class Kind(StrEnum):
    """What a code says a message is."""

    REQUEST = "request"
    RESPONSE = "response"
    EMPTY = "empty"
    RESERVED = "reserved"


def kind_of(code: int) -> Kind:
    """RFC 7252 clause 12.1."""
    if code == numbers.EMPTY:
        return Kind.EMPTY
    if numbers.is_request(code):
        return Kind.REQUEST
    return Kind.RESPONSE if numbers.is_response(code) else Kind.RESERVED


_KINDS: Final = tuple(Kind)


def codes(counted: Counted) -> pl.DataFrame:
    """A row per code that was seen: requests, then responses, by code.

    `code` as a number, its `kind`; `messages`, and their `share` of all of the kind (0 to 1);
    `octets` (bytes of their packets on the wire); how many are `con`, `non`, `ack`, `rst`, which
    over TCP none is; `retransmissions`; `flagged` ones have a finding.
    """
    types = [
        (pl.col("type") == int(kind)).sum().alias(kind.name.lower())
        for kind in Type
        if kind != Type.TCP
    ]
    found = (
        counted.frame("code", "wire", "type", "role", "severity")
        .group_by("code")
        .agg(
            pl.len().alias("messages"),
            pl.col("wire").cast(pl.UInt64).sum().alias("octets"),
            *types,
            (pl.col("role") == Role.RETRANSMISSION).sum().alias("retransmissions"),
            (pl.col("severity") > 0).sum().alias("flagged"),
        )
        .sort("code")
    )
    kinds = [kind_of(code) for code in found["code"].to_list()]
    order = np.array([_KINDS.index(kind) for kind in kinds], np.int64)
    named = found.with_columns(pl.Series("kind", kinds, pl.String)).with_columns(
        (pl.col("messages") / pl.col("messages").sum().over("kind")).alias("share")
    )
    return named[np.argsort(order, kind="stable")].select(
        *("code", "kind", "messages", "share", "octets", "con", "non", "ack", "rst"),
        *("retransmissions", "flagged"),
    )
