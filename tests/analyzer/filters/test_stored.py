# SPDX-License-Identifier: GPL-2.0-only
"""What the tables say of a field is what its column says, for every field and row."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rules.conversation import Conversation

from analyzer.columns import Columns
from analyzer.filters.conditions import Condition
from analyzer.filters.filter import compiled
from analyzer.filters.judged import judged
from analyzer.filters.kinds import Kind, kind_of
from analyzer.filters.readings import is_stored
from analyzer.filters.relations import size
from analyzer.filters.stored import Stored
from analyzer.session import Session
from dissectors.fields import Field, fields

CAPTURES = Path(__file__).parents[3] / "captures"
SHIPPED = ("field-day", "coap-tour", "pairing")
STORED = [field for field in fields().values() if is_stored(field)]
PACKETS_ALONE = ("option:", "element:", "shown:")


@cache
def session(name: str) -> Session:
    found = Session()
    found.open([CAPTURES / f"{name}.pcapng"])
    found.read_all()
    found.keeper.annotations.mark(range(1, 100, 3), True)
    return found


def long_tokens() -> Session:
    talk = Conversation(client="[2001:db8::1]:40000", server="[2001:db8::2]:5683")
    for token in (b"", b"\x80" * 8, b"\xff\x00", b"123456789", b"1" * 20, b"\x00" * 3):
        talk.con("GET", path="/a", token=token).ack("2.05", payload=b"x")
        talk.con("GET", path="/a", token=token).again(-1).ack().non("2.05", payload=b"x")
    return talk.session()


def written(kind: Kind, value: Any) -> str:
    """A value as a filter has it."""
    if kind in (Kind.TIME, Kind.MOMENT):
        return f"{value // 10**9}.{value % 10**9:09d}" if value >= 0 else "0"
    if kind is Kind.BYTES:
        return ":".join(value[at : at + 2] for at in range(0, len(value), 2)) + ":"
    if kind in (Kind.STRING, Kind.SEVERITY):
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower() if kind is Kind.BOOLEAN else str(value)


def filters_of(field: Field, values: list[Any]) -> list[str]:
    """Existence, and comparisons with a few of the values that there are."""
    kind = kind_of(field)
    flat = [v for value in values for v in (value if isinstance(value, list) else [value])]
    some = list(dict.fromkeys(v for v in flat if v is not None))
    texts = [field.name]
    for value in some[:: max(1, len(some) // 3)][:4]:
        text = written(kind, value)
        compared = COMPARED[:4] if kind is Kind.BOOLEAN else COMPARED
        texts += [f"{how}{field.name} {op} {text}" for how, op in compared]
        texts.append(f"{field.name} in {{{text}}}")
        if kind in (Kind.STRING, Kind.BYTES):
            texts += [f"{field.name} contains {text}", f"{field.name}[0:2] == {text}"]
            texts += [f"{field.name}[-1] != {text}", f"{field.name} matches {PATTERN}"]
        if kind is Kind.BYTES and len(value) > 4:
            part = written(kind, value[2:4])
            texts += [f"{field.name} contains {part}", f"{field.name}[1:1] == {part}"]
            texts += [f"{field.name}[1:] != {part}", f"{field.name}[0,1] == {part}"]
    return texts


COMPARED = (("", "=="), ("", "!="), ("", "==="), ("", "!=="), ("", "<"), ("", ">="), ("all ", ">"))
PATTERN = 'r"[a-m0-4]$"'


@pytest.mark.parametrize("field", STORED, ids=lambda field: field.name)
def test_tables_say_what_columns_say(field: Field) -> None:
    for read in (*map(session, SHIPPED), long_tokens()):
        columns, rows = Columns(read), size(read, field.of)
        values = columns.of(field, field.of, range(rows))
        if field.name == "frame.time":  # as text; compared as a time
            values = read.messages.take("time", range(rows))
        for text in filters_of(field, values):
            (condition,) = compiled(text).conditions
            by_column = judged(condition, values)
            by_tables = judged_by_tables(read, condition, rows)
            for expected, found in zip(by_column, by_tables, strict=True):
                assert found == expected.tolist(), text


def judged_by_tables(read: Session, condition: Condition, rows: int) -> list[list[bool]]:
    """Bit by bit, as a live capture is."""
    stored = Stored(read, condition)
    ends = [*range(0, rows, 50), rows]
    stretches = [stored.judge(a, b) for a, b in pairwise(ends)]
    if not stretches:
        return [[], []]
    return [np.concatenate(part).tolist() for part in zip(*stretches, strict=True)]


def test_all_else_is_what_packets_tell() -> None:
    others = [field for field in fields().values() if not is_stored(field)]
    computed = {field.name for field in others if not field.source.startswith(PACKETS_ALONE)}
    assert computed == {
        *("coap.version", "coap.token_len", "coap.length", "coap.opt.uri_path_recon"),
        *("coap.block.reassembled.in", "coap.block.reassembled.length", "coap.block.count"),
        *("exchange.nearest", "exchange.nearest_frame", "frame.comment"),
    }
