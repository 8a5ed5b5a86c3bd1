# SPDX-License-Identifier: GPL-2.0-only
"""What ladders say of their messages, in the words of the Info line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analyzer.exchanges.model import State
from analyzer.handshakes import HandshakeLadder, Move, agreed
from analyzer.handshakes import State as Outcome
from analyzer.messages import Role
from analyzer.profiles.transmission import SECOND
from analyzer.views.escape import escape
from analyzer.views.info import REMARKS, Line, Piece, code_ink, header_unread, token_text
from dissectors.coap import numbers
from dissectors.coap.numbers import Type
from dissectors.coap.values import Block
from dissectors.msgin5g.elements import MESSAGE_TYPE_NAMES, MessageType
from dissectors.tls import numbers as tls

if TYPE_CHECKING:
    from analyzer.decryption.steps import Step as HandshakeStep
    from analyzer.findings import Finding
    from analyzer.ladders import Head, Ladder, Step

_INKS: Final = {
    Outcome.FINISHED: "success",
    Outcome.ALERT: "error",
    Outcome.UNFINISHED: "error",
    Outcome.NOT_CAPTURED: "dim",
}

GAP: Final = SECOND
"""A time without messages that is shown as such, in ns."""

_MOST_HEADS: Final = 20
_MOST_TEXT: Final = 200


def heading(ladder: Ladder | HandshakeLadder) -> Line:
    """`Exchange 9`, `GET`, `/a`, token, UE, how it stands; of several, ids; of none, nothing. Of a
    handshake what was agreed on, and how it came out."""
    if isinstance(ladder, HandshakeLadder):
        return _of_handshake(ladder)
    if not ladder.heads:
        return ()
    if len(ladder.heads) > 1:
        ids = ", ".join(str(head.id) for head in ladder.heads[:_MOST_HEADS])
        more = f" and {len(ladder.heads) - _MOST_HEADS} more"
        return ((f"Exchanges {ids}{more if len(ladder.heads) > _MOST_HEADS else ''}", ""),)
    return tuple(_heading(ladder.heads[0]))


def _heading(head: Head) -> Iterator[Piece]:
    ping = head.method == numbers.EMPTY
    yield f"Exchange {head.id}", ""
    yield "Ping" if ping else numbers.code_name(head.method), "request"
    if head.uri:
        yield escape(head.uri), "path"
    if not ping:
        yield f"token {token_text(head.token) or '(empty)'}", "dim"
    if head.ue:
        yield f"UE {escape(head.ue, 80)}", "msgin5g"
    answered = head.state == State.ANSWERED
    yield f"answered {numbers.code_name(head.response_code)}" if answered else head.state.label, ""


def _of_handshake(ladder: HandshakeLadder) -> Line:
    found = ladder.outcome
    known = escape(agreed(ladder.flow), 2 * _MOST_TEXT) or ladder.flow.security.transport
    return (*((part, "") for part in known.split(", ")), (str(found.state), _INKS[found.state]))


def words(step: Step | Move) -> Line:
    """`CON`, `MID:1234`, `GET`, `/a`, `Observe:0`, `[Retransmission]`, ...; of a handshake
    `ClientHello`, `DTLS 1.2`, `3 suites`, `[Retransmission of frame 4]`, ..."""
    return tuple(_of_step(step.step) if isinstance(step, Move) else _words(step))


def _of_step(step: HandshakeStep) -> Iterator[Piece]:
    alert = step.kind == tls.ALERT
    ink = "request" if step.forward else ""
    if alert:
        ink = "error" if step.level == tls.FATAL else "warning"
    yield step.name, ink
    if step.facts:
        for part in escape(step.facts, 2 * _MOST_TEXT).split(", "):
            yield part, ""
    if step.again:
        yield f"[Retransmission of frame {step.again}]", "warning"


def _words(step: Step) -> Iterator[Piece]:
    if step.role == Role.UNREADABLE:
        yield REMARKS[step.role]
        if header_unread(step.type, step.code, step.message_id):
            return
    empty = step.code == numbers.EMPTY
    if step.type != Type.TCP:
        yield numbers.type_name(step.type), ""
        yield f"MID:{step.message_id}", "dim"
    yield "Empty" if empty else numbers.code_name(step.code), code_ink(step.code)
    if step.token is not None:
        yield f"TKN:{token_text(step.token) or '(empty)'}", "dim"
    if step.uri:
        yield escape(step.uri), "path"
    if step.observe is not None:
        yield f"Observe:{step.observe}", ""
    for name, block in step.blocks:
        yield f"{name}:{_block(block)}", ""
    if step.role in REMARKS and step.role != Role.UNREADABLE:
        yield REMARKS[step.role]
    if step.translated:
        yield "[Behind NAT]", "dim"
    if step.message_type:
        yield MESSAGE_TYPE_NAMES[MessageType(step.message_type)], "msgin5g"


def _block(block: Block) -> str:
    """NUM/M/size, as RFC 7959 clause 3 writes it."""
    return f"{block.num}/{int(block.more)}/{block.size}"


def gap(step: Step | Move) -> str:
    """`2.010 s` where nothing was seen before a message for long, or time went back; else ``."""
    return f"{step.gap / SECOND:.3f} s" if abs(step.gap) >= GAP else ""


def verdict(finding: Finding) -> Line:
    """Severity and rule."""
    severity = finding.severity.label
    times = f" ({finding.count} times)" if finding.count > 1 else ""
    return (severity, severity), (f"{finding.rule.id}{times}:", "")


def reason(finding: Finding, row: int = -1) -> str:
    """What was found, in a sentence; a message in another row than it points at is not the first
    of its kind."""
    if row not in (-1, finding.row):
        return f"as in frame {finding.frame}"
    return escape(finding.text, _MOST_TEXT * (3 if finding.flow else 1))
