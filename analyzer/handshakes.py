# SPDX-License-Identifier: GPL-2.0-only
"""Handshakes of protected flows as plain values: how each came out, its steps, its ladder.

Nothing here is a secret: it is what handshakes show to anybody who captured them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.decryption.security import quoted
from analyzer.ladders import Ending
from analyzer.profiles.transmission import SECOND
from analyzer.protected import flow_entry
from analyzer.report import worst_first
from dissectors.tls import numbers

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.decryption.security import Alert
    from analyzer.decryption.steps import Step
    from analyzer.endpoints import Endpoint
    from analyzer.findings import Finding
    from analyzer.session import Session


class State(StrEnum):
    """How the newest handshake of a flow came out."""

    FINISHED = "finished"
    ALERT = "broken off"
    UNFINISHED = "never finished"
    NOT_CAPTURED = "not captured"

    @property
    def failed(self) -> bool:
        return self in (State.ALERT, State.UNFINISHED)


class Outcome(NamedTuple):
    """`detail` is a sentence without capital and stop, not escaped; `mostly` what it mostly comes
    from, empty where nothing can be said."""

    state: State
    detail: str = ""
    mostly: str = ""

    @property
    def failed(self) -> bool:
        return self.state.failed

    @property
    def text(self) -> str:
        """`never finished: stops behind Finished of the client`."""
        return f"{self.state}: {self.detail}" if self.detail else str(self.state)


def outcome(flow: SecuredFlow) -> Outcome:
    """Of the newest handshake, as far as was captured."""
    security = flow.security
    alert = next((one for one in security.alerts if one.ends_it(security.newer)), None)
    passed = security.handshakes <= 1 and (flow.opened or flow.opaque)
    if security.established or all(security.finished) or passed:
        if alert is not None:
            return Outcome(State.ALERT, f"later, {_said(alert)}")
        begun = bool(security.client_random)
        return Outcome(State.FINISHED) if begun else Outcome(State.NOT_CAPTURED)
    if alert is not None:
        return Outcome(State.ALERT, _said(alert))
    if not security.client_random:
        return Outcome(State.NOT_CAPTURED)
    from analyzer.decryption.stopping import mostly, repeats  # most captures need none

    return Outcome(State.UNFINISHED, _stop(flow), mostly(security) if repeats(security) else "")


def _said(alert: Alert) -> str:
    return f"{alert.text} of the {'client' if alert.forward else 'server'} in frame {alert.frame}"


def _stop(flow: SecuredFlow) -> str:
    """What it stops behind."""
    from analyzer.decryption.stopping import newest

    steps = newest(flow.security)
    if not any(not step.forward for step in steps):
        times = sum(step.message == numbers.CLIENT_HELLO for step in flow.security.steps)
        return f"ClientHello {f'{times} times' if times > 1 else 'once'}, no answer"
    last = next((one for one in reversed(steps) if not one.again), steps[-1])
    finished = last.sealed and flow.security.finished[0 if last.forward else 1]
    name = "Finished" if finished else last.name
    return f"stops behind {name} of the {'client' if last.forward else 'server'}"


def failed(session: Session) -> list[SecuredFlow]:
    """Flows whose handshake failed, in the order they were met."""
    return [flow for flow in list(session.carriers.secured) if outcome(flow).failed]


def agreed(flow: SecuredFlow) -> str:
    """`DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8, identity "ue-1"`; not escaped."""
    security = flow.security
    told = [security.version_name, security.suite_name]
    for what, name in (("identity", security.psk_identity), ("server name", security.server_name)):
        told.append(f"{what} {quoted(name)}" if name else "")
    for what, subject in (
        ("server", security.server_subject),
        ("client", security.client_subject),
    ):
        told.append(f"{what} certificate {quoted(subject.encode())}" if subject else "")
    told.append("session resumed" if security.resumed else "")
    return ", ".join(filter(None, told))


# For scripts ------------------------------------------------------------------------------------


def entries(session: Session, flows: Iterable[SecuredFlow]) -> Iterator[dict[str, Any]]:
    """Flows as scripts read them: what `check` tells of each, how the handshake came out, its
    steps. Text that peers sent is not escaped."""
    origin = session.first_time or 0
    for flow in flows:
        found = outcome(flow)
        yield flow_entry(flow) | {
            "outcome": str(found.state),
            "outcome_detail": found.detail or None,
            "mostly": found.mostly or None,
            "steps": [_step_entry(step, origin) for step in flow.security.steps],
            "steps_left_out": flow.security.steps.left_out,
        }


def _step_entry(step: Step, origin: int) -> dict[str, Any]:
    return {
        "frame": step.frame,
        "time": (step.time - origin) / SECOND,
        "by": "client" if step.forward else "server",
        "epoch": step.epoch,
        "name": step.name,
        "facts": step.facts or None,
        "retransmission_of": step.again or None,
    }


# As a ladder ------------------------------------------------------------------------------------

_NO_EXCHANGE: Final = 0


class Move(NamedTuple):
    """A step as ladders draw it; times are in ns since the first one and since the one before."""

    frame: int
    time: int
    gap: int
    source: int
    destination: int
    step: Step
    findings: tuple[Finding, ...]
    row: int = -1
    """Of the messages table: it is none."""
    exchange: int = _NO_EXCHANGE


class HandshakeLadder(NamedTuple):
    """Client and server and what they sent each other; `missing` steps are not there, behind as
    many as `missing_at`."""

    flow: SecuredFlow
    outcome: Outcome
    participants: tuple[Endpoint, ...]
    steps: tuple[Move, ...]
    endings: tuple[Ending, ...]
    findings: tuple[Finding, ...]
    missing: int
    missing_at: int
    heads: tuple[()] = ()


def ladder(session: Session, flow: SecuredFlow) -> HandshakeLadder:
    """The ladder of a flow, with what was found about it."""
    first, last = flow.security.steps.kept()
    steps = [*first, *last]
    about = worst_first(found for found in session.findings if found.flow == flow.number)
    ends = {step.frame: row for row, step in enumerate(steps)}
    moves = []
    for row, step in enumerate(steps):
        before = steps[row - 1] if row else step
        here = ends[step.frame] == row
        moves.append(
            Move(
                step.frame,
                step.time - steps[0].time,
                step.time - before.time,
                0 if step.forward else 1,
                1 if step.forward else 0,
                step,
                tuple(found for found in about if here and found.frame == step.frame),
            )
        )
    found = outcome(flow)
    told = [found.text] if not about and (found.failed or not steps) else []
    endings = [Ending(_NO_EXCHANGE, text) for text in told]
    loose = tuple(finding for finding in about if finding.frame not in ends)
    missing = flow.security.steps.left_out
    ends_of = (flow.client, flow.server)
    return HandshakeLadder(
        flow, found, ends_of, tuple(moves), tuple(endings), loose, missing, len(first)
    )
