# SPDX-License-Identifier: GPL-2.0-only
"""Ladders: who sent what to whom in an exchange, in the order of the capture, as plain values.

Views draw them. A ladder holds one exchange, or several interleaved as they were captured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from analyzer.endpoints import Endpoint
from analyzer.exchanges.model import State
from analyzer.findings import Finding, Findings
from analyzer.messages import MESSAGE_TYPE_IDS, NAT_LEG, Role
from analyzer.profiles.transmission import SECOND
from analyzer.report import visible_messages, worst_first
from analyzer.rules.message_layer import seconds
from dissectors.coap import numbers
from dissectors.coap.message import Message as CoapMessage
from dissectors.coap.message import dissect
from dissectors.coap.numbers import Type
from dissectors.coap.values import Block, decode_value

if TYPE_CHECKING:
    import numpy as np

    from analyzer.session import Session

_MANY: Final = 2_000
"""Rows from which on NumPy is worth loading."""


class Head(NamedTuple):
    """One exchange in a few words; `response_code` is 0 for none."""

    id: int
    method: int
    uri: str
    token: bytes
    ue: str
    state: State
    response_code: int


class Step(NamedTuple):
    """One message. `time` and `gap` in ns since the first message of the ladder and since the one
    before; `source` and `destination` index the participants; texts are as they were sent.

    `token` is None where it tells nothing: in a ladder of one exchange, that of the request.
    """

    row: int
    frame: int
    exchange: int
    time: int
    gap: int
    source: int
    destination: int
    type: Type
    code: int
    message_id: int
    token: bytes | None
    uri: str
    observe: int | None
    blocks: tuple[tuple[str, Block], ...]
    role: Role
    translated: bool
    message_type: str
    findings: tuple[Finding, ...]


class Ending(NamedTuple):
    """What never came in an exchange, or what ended it, in words."""

    exchange: int
    text: str


class Ladder(NamedTuple):
    """Participants: clients first, then servers, then who else took part, each as they appear.

    `findings` are those about an exchange that point at none of its messages. When not all messages
    were asked for, `passed` come before the steps and `left_out` after them.
    """

    heads: tuple[Head, ...]
    participants: tuple[Endpoint, ...]
    steps: tuple[Step, ...]
    endings: tuple[Ending, ...]
    findings: tuple[Finding, ...]
    left_out: int = 0
    passed: int = 0


class _Found:
    """Findings by where they point."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._of_rows: defaultdict[int, list[Finding]] = defaultdict(list)
        self._of_frames: defaultdict[int, list[Finding]] = defaultdict(list)
        self._of_exchanges: defaultdict[int, list[Finding]] = defaultdict(list)
        for finding in findings:
            if finding.row >= 0:
                self._of_rows[finding.row].append(finding)
            elif finding.exchange:
                self._of_exchanges[finding.exchange].append(finding)
            if finding.count > 1 and finding.rule.spec != "capture":
                for frame in finding.frames[1:]:
                    self._of_frames[frame].append(finding)

    def about(self, row: int, frame: int, exchange: int) -> tuple[Finding, ...]:
        """Those that point at a message, and those that began in another exchange and count it;
        not what is wrong with the capture, which would be said everywhere."""
        listed = (f for f in self._of_frames.get(frame, ()) if f.exchange != exchange)
        found = {f.id: f for f in (*self._of_rows.get(row, ()), *listed)}
        return tuple(worst_first(found.values()))

    def loose(self, ids: Iterable[int]) -> tuple[Finding, ...]:
        """Those about exchanges as a whole."""
        return tuple(worst_first(f for id in ids for f in self._of_exchanges.get(id, ())))


_latest: WeakKeyDictionary[Findings, tuple[int, _Found]] = WeakKeyDictionary()


def _found(findings: Findings) -> _Found:
    """All findings by where they point; looked through anew only when there are more."""
    now = findings.version
    version, found = _latest.get(findings, (-1, None))
    if found is None or version != now:
        found = _Found(findings)
        _latest[findings] = now, found
    return found


def ladders(
    session: Session, groups: Sequence[Sequence[int]], most: int | None = None
) -> Iterator[Ladder]:
    """A ladder of each group of exchanges, with its first `most` messages.

    Reads the messages again from the file, one ladder after the other.
    """
    found = _found(session.findings)
    rows = _rows(session, [id for ids in groups for id in ids])
    for ids in groups:
        yield _ladder(session, ids, sorted(row for id in ids for row in rows[id]), found, most)


def whole(session: Session, findings: Iterable[Finding]) -> Ladder:
    """All messages of a small capture in one ladder, those of no exchange too, with these findings.

    It has no heads: it is what was seen, not how it belongs together.
    """
    ids = range(1, len(session.exchanges) + 1)
    found = list(findings)
    rows = list(visible_messages(session))
    ladder = _ladder(session, ids, rows, _Found(found), None)
    steps = tuple(_told_alone(session, step) for step in ladder.steps)
    shown = {finding.id for step in steps for finding in step.findings}
    others = tuple(worst_first(finding for finding in found if finding.id not in shown))
    return ladder._replace(heads=(), steps=steps, findings=others)


def window(session: Session, rows: np.ndarray[Any, Any], first: int, most: int) -> Ladder:
    """Of a ladder of messages, given by their rows in file order, `most` from the `first` on.

    Heads, endings and findings are of the exchanges in it; times count from the very first message.
    """
    messages, inside = session.messages, rows[first : first + most].tolist()
    owners = dict.fromkeys(messages.cell("exchange", row) for row in inside)
    ids = sorted(id for id in owners if id)
    ladder = _ladder(session, ids, inside, _found(session.findings), None)
    after = len(rows) - first - len(inside)
    steps = ladder.steps
    if first and steps:
        start, before, here = (messages.cell("time", int(rows[at])) for at in (0, first - 1, first))
        steps = tuple(step._replace(time=step.time + here - start) for step in steps)
        steps = (steps[0]._replace(gap=here - before), *steps[1:])
    endings = ladder.endings
    if after:  # what goes on below is not over
        below = set(messages["exchange"][rows[first + most :]].tolist())
        endings = tuple(ending for ending in endings if ending.exchange not in below)
    return ladder._replace(steps=steps, endings=endings, left_out=after, passed=first)


def _told_alone(session: Session, step: Step) -> Step:
    """With its token, though it be that of the request."""
    token = session.token(step.row)
    return step._replace(token=token if token or step.code != numbers.EMPTY else None)


def _rows(session: Session, ids: Iterable[int]) -> Mapping[int, list[int]]:
    """Rows of the messages of each exchange."""
    rows: dict[int, list[int]] = {id: [] for id in ids}
    for row in _among(session, list(rows)):
        rows[session.messages.cell("exchange", row)].append(row)
    return rows


def _among(session: Session, ids: Sequence[int]) -> Iterable[int]:
    """Rows of the messages of these exchanges, in file order."""
    messages = session.messages
    if len(messages) < _MANY:
        wanted = set(ids)
        return [row for row in range(len(messages)) if messages.cell("exchange", row) in wanted]
    import numpy as np

    rows: list[int] = np.isin(messages["exchange"], ids).nonzero()[0].tolist()
    return rows


def _ladder(
    session: Session, ids: Sequence[int], every: Sequence[int], found: _Found, most: int | None
) -> Ladder:
    rows = every[:most]
    heads = tuple(_head(session, id) for id in ids)
    alone = heads[0].token if len(heads) == 1 else None
    cells = [session.messages.row(row) for row in rows]
    places = _participants(session, ids, cells)
    steps: list[Step] = []
    start = before = cells[0]["time"] if cells else 0
    for row, of_row in zip(rows, cells, strict=True):
        place = (places[of_row["source"]], places[of_row["destination"]])
        time = (of_row["time"] - start, of_row["time"] - before)
        findings = found.about(row, of_row["frame"], of_row["exchange"])
        steps.append(_step(session, row, of_row, place, time, alone, findings))
        before = of_row["time"]
    return Ladder(
        heads,
        tuple(session.endpoints[endpoint] for endpoint in places),
        tuple(steps),
        tuple(_endings(session, heads, steps, len(rows) == len(every))),
        found.loose(ids),
        len(every) - len(rows),
    )


def _head(session: Session, id: int) -> Head:
    cells = session.exchanges.row(id - 1)
    return Head(
        id,
        cells["method"],
        session.names[cells["uri"]],
        session.token_bytes(cells["token"], cells["token_length"]),
        session.names[cells["ue"]],
        State(cells["state"]),
        cells["response_code"] if cells["responses"] else 0,
    )


def _participants(
    session: Session, ids: Iterable[int], cells: Iterable[Mapping[str, int]]
) -> dict[int, int]:
    """Places of endpoints, by their ids in the session."""
    stored, messages = session.exchanges.stored, session.messages
    requests = [messages.row(stored.cell("request_row", id - 1)) for id in ids]
    found = dict.fromkeys(request["source"] for request in requests)
    found |= dict.fromkeys(request["destination"] for request in requests)
    for row in cells:
        found |= dict.fromkeys((row["source"], row["destination"]))
    return {endpoint: place for place, endpoint in enumerate(found)}


def _step(
    session: Session,
    row: int,
    cells: Mapping[str, int],
    place: tuple[int, int],
    time: tuple[int, int],
    alone: bytes | None,
    findings: tuple[Finding, ...],
) -> Step:
    code = cells["code"]
    token = session.token_bytes(cells["token"], cells["token_length"])
    tells = token != alone and (code != numbers.EMPTY or token)
    # An Empty message has no options (RFC 7252 clause 4.1): nothing to read.
    coap = dissect(b"") if code == numbers.EMPTY else session.dissected(row)
    return Step(
        row,
        cells["frame"],
        cells["exchange"],
        *time,
        *place,
        Type(cells["type"]),
        code,
        cells["message_id"],
        token if tells else None,
        session.names[cells["uri"]] if numbers.is_request(code) else "",
        coap.uint(numbers.OBSERVE),
        tuple(_blocks(coap)),
        Role(cells["role"]),
        bool(cells["flags"] & NAT_LEG),
        MESSAGE_TYPE_IDS[cells["message_type"]],
        findings,
    )


def _blocks(coap: CoapMessage) -> Iterator[tuple[str, Block]]:
    for number in numbers.BLOCK_OPTIONS:
        option = coap.first(number)
        value = decode_value(number, option.value) if option is not None else None
        if isinstance(value, Block):
            yield numbers.option_name(number), value


# What never came --------------------------------------------------------------------------------


def _endings(
    session: Session, heads: Iterable[Head], steps: Iterable[Step], whole: bool
) -> Iterator[Ending]:
    """Of steps that are not all, none can be said to lack an ACK."""
    by_exchange: defaultdict[int, list[Step]] = defaultdict(list)
    for step in steps:
        by_exchange[step.exchange].append(step)
    for head in heads:
        of_head = by_exchange[head.id]
        for text in (
            *(_unacknowledged(of_head) if whole else ()),
            *_unanswered(session, head),
            session.icmp_texts.get(head.id, ""),
        ):
            if text:
                yield Ending(head.id, text)


def _unacknowledged(steps: Sequence[Step]) -> Iterator[str]:
    """Confirmable responses, first transmissions, that the client left without ACK and RST."""
    confirmed = {
        (step.destination, step.message_id)
        for step in steps
        if step.type in (Type.ACK, Type.RST) and step.code == numbers.EMPTY
    }
    for step in steps:
        first = step.role in (Role.RESPONSE, Role.NOTIFICATION)
        if first and step.type == Type.CON and (step.source, step.message_id) not in confirmed:
            yield f"no ACK of the {step.role.label} in frame {step.frame}"


def _unanswered(session: Session, head: Head) -> Iterator[str]:
    """What the state of an exchange says is owed."""
    row = session.exchanges.stored.cell("request_row", head.id - 1)
    request = session.messages.row(row)
    ended = f"until the capture ends, {seconds((session.last_time or 0) - request['time'])} later"
    until = ended if session.closed else "so far"
    if head.state == State.OBSERVING:
        yield "still observing when the capture ends" if session.closed else "observing"
    elif head.state == State.ACKNOWLEDGED:
        yield f"an ACK, but no response {until}"
    elif head.state in (State.OPEN, State.UNANSWERED):
        if head.state == State.UNANSWERED:
            until = f"within {session.settings.timers.max_transmit_wait / SECOND:g} s"
        multicast = session.endpoints[request["destination"]].multicast
        confirmable = request["type"] == Type.CON and not multicast
        if head.method == numbers.EMPTY:
            yield f"no RST {until}"
        else:
            yield f"no ACK, no response {until}" if confirmable else f"no response {until}"
            wants = session.dissected(row).uint(numbers.NO_RESPONSE)
            if wants:  # RFC 7967 clause 2.1; 0 wants all
                yield f"a response may be withheld: No-Response {wants}"
