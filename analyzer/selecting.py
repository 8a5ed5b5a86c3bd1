# SPDX-License-Identifier: GPL-2.0-only
"""Which exchanges a user asks for: by a packet, a UE Service ID, a token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.messages import LONG_TOKEN, Role
from dissectors.coap import numbers

if TYPE_CHECKING:
    from analyzer.session import Session

_MOST_COMPARED: Final = 2000
"""Names that are compared for a hint: more would take longer than reading the capture."""

_MOST_NAMED: Final = 3
_WHY: Final = {
    Role.ORPHAN: "no request was captured for it",
    Role.UNREADABLE: "it is malformed",
}


class Selection(NamedTuple):
    """What is asked for: any of one kind, and every kind that is given.

    `frames`: numbers of packets, whatever they are in their exchange. `ues`: UE Service IDs.
    `tokens`: of a request or of any message that was taken for its response.
    """

    frames: tuple[int, ...] = ()
    ues: tuple[str, ...] = ()
    tokens: tuple[bytes, ...] = ()


class SelectionError(Exception):
    """Nothing was found; the text says what is near."""


def select(session: Session, asked: Selection) -> Sequence[int]:
    """Ids of the exchanges asked for, ascending; all where nothing is asked.

    Raises SelectionError when there are exchanges and none of them is asked for.
    """
    every = range(1, len(session.exchanges) + 1)
    if not every or not any(asked):
        return every
    chosen = set(every)
    for found, hint in _by_kind(session, asked):
        if not found:
            raise SelectionError(hint())
        chosen &= found
    if not chosen:
        raise SelectionError("no exchange is all that; each of the options alone finds some")
    return sorted(chosen)


def _by_kind(session: Session, asked: Selection) -> Iterator[tuple[set[int], Callable[[], str]]]:
    """What each kind asked for finds, and what is said when that is nothing."""
    frames, ues, tokens = asked
    if frames:
        yield _of_frames(session, frames), lambda: _near_frame(session, frames[0])
    if ues:
        yield _of_ues(session, ues), lambda: _near_ue(session, ues[0])
    if tokens:
        yield _of_tokens(session, tokens), lambda: _near_token(session, tokens[0])


def grouped(
    session: Session, ids: Iterable[int], operation: bool = False, together: bool = False
) -> list[list[int]]:
    """Exchanges as they are shown: each alone, each with the rest of its operation, or all in one
    group."""
    groups = _operations(session, ids) if operation else [[id] for id in ids]
    if together and groups:
        return [sorted(id for group in groups for id in group)]
    return groups


def _operations(session: Session, ids: Iterable[int]) -> list[list[int]]:
    """The block-wise operations and observations (RFC 7959, RFC 7641) of exchanges, each with all
    its exchanges; those that belong to none stand alone."""
    of_each = [
        operation or id for id, operation in enumerate(session.exchanges["operation"].tolist(), 1)
    ]
    wanted = dict.fromkeys(of_each[id - 1] for id in ids)
    groups: dict[int, list[int]] = {operation: [] for operation in wanted}
    for id, operation in enumerate(of_each, 1):
        if operation in groups:
            groups[operation].append(id)
    return list(groups.values())


# By packet --------------------------------------------------------------------------------------


def _of_frames(session: Session, frames: Iterable[int]) -> set[int]:
    """Exchanges of the messages in packets; of a packet captured twice, those of the first."""
    found: set[int] = set()
    twice: set[int] = set()
    for cells in _in_frames(session, set(frames)):
        if cells["exchange"]:
            found.add(cells["exchange"])
        elif cells["role"] == Role.CAPTURE_DUPLICATE:
            twice.add(cells["first"])
    return found | _of_frames(session, twice) if twice else found


def _in_frames(session: Session, frames: set[int]) -> Iterator[dict[str, int]]:
    for row, frame in enumerate(session.messages["frame"].tolist()):
        if frame in frames:
            cells = session.messages.row(row)
            if cells["role"] != Role.UNCONFIRMED:
                yield cells


def _near_frame(session: Session, frame: int) -> str:
    packets = session.counts.records
    if frame > packets:
        return f"no packet {frame}: the capture has {packets}"
    reason = "no CoAP in it"
    for cells in _in_frames(session, {frame}):
        reason = _WHY.get(Role(cells["role"]), "its message stands alone")
    columns = (session.messages[name].tolist() for name in ("frame", "exchange"))
    near = min(
        (near for near, exchange in zip(*columns, strict=True) if exchange),
        key=lambda near: abs(near - frame),
    )
    return f"packet {frame} belongs to no exchange: {reason}; the nearest that does is {near}"


# By UE Service ID -------------------------------------------------------------------------------


def _of_ues(session: Session, ues: Sequence[str]) -> set[int]:
    names = session.exchanges["ue"].tolist()
    wanted = {name for name in set(names) if name and session.names[name] in ues}
    return {id for id, name in enumerate(names, 1) if name in wanted}


def _near_ue(session: Session, ue: str) -> str:
    seen = dict.fromkeys(session.exchanges["ue"].tolist())
    known = [session.names[name] for name in list(seen)[:_MOST_COMPARED] if name]
    if not known:
        return f"no exchange of UE {ue}: none of this capture names a UE Service ID"
    near = get_close_matches(ue, known, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known[:_MOST_NAMED])}"
    return f"no exchange of UE {ue}; {hint}"


# By token ---------------------------------------------------------------------------------------


def _of_tokens(session: Session, tokens: Iterable[bytes]) -> set[int]:
    wanted = set(tokens)
    return {exchange for exchange, token in _tokens(session) if token in wanted}


def _tokens(session: Session) -> Iterator[tuple[int, bytes]]:
    """The token of every message of an exchange; Empty ones have none (RFC 7252 clause 4.1)."""
    columns = (
        session.messages[name].tolist() for name in ("exchange", "code", "token", "token_length")
    )
    known: dict[tuple[int, int], bytes] = {}
    for exchange, code, token, length in zip(*columns, strict=True):
        if not exchange or code == numbers.EMPTY:
            continue
        if length < LONG_TOKEN:
            yield exchange, session.token_bytes(token, length)
            continue
        if (token, length) not in known:
            known[token, length] = session.token_bytes(token, length)
        yield exchange, known[token, length]


def _near_token(session: Session, token: bytes) -> str:
    seen: dict[str, None] = {}
    for _, other in _tokens(session):
        seen[other.hex()] = None
        if len(seen) == _MOST_COMPARED:
            break
    near = get_close_matches(token.hex(), [text for text in seen if len(text) < 64], 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else "msgshark exchanges --format json has all"
    return f"no exchange with the token {token.hex() or '(empty)'}; {hint}"
