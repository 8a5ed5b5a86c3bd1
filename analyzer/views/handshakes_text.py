# SPDX-License-Identifier: GPL-2.0-only
"""Handshakes for people: a line for each flow, below it a line for each step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TextIO

from analyzer.handshakes import agreed, outcome
from analyzer.profiles.transmission import SECOND
from analyzer.views.escape import escape
from analyzer.views.wording import plural

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.decryption.steps import Step
    from analyzer.session import Session

_MOST_TEXT: Final = 400


def write_handshakes(session: Session, flows: Iterable[SecuredFlow], out: TextIO) -> None:
    """Flows one below the other, a blank line between them."""
    separator = ""
    for flow in flows:
        out.write(separator)
        separator = "\n"
        out.writelines(f"{line}\n" for line in lines(session, flow))


def lines(session: Session, flow: SecuredFlow) -> Iterator[str]:
    """Its ends and how it came out; what was agreed on; steps as tshark prints packets."""
    yield from head(flow)
    origin = session.first_time or 0
    first, last = flow.security.steps.kept()
    yield from (_step(step, origin) for step in first)
    if left_out := flow.security.steps.left_out:
        yield f"      ({plural(left_out, 'step')} left out)"
    yield from (_step(step, origin) for step in last)


def head(flow: SecuredFlow) -> Iterator[str]:
    """What stands above the steps."""
    found, transport = outcome(flow), flow.security.transport
    yield f"{transport} {flow.client} → {flow.server}: {escape(found.text, _MOST_TEXT)}"
    if known := agreed(flow):
        yield f"      {escape(known, 2 * _MOST_TEXT)}"
    if found.mostly:
        yield f"      {escape(found.mostly, _MOST_TEXT)}"


def _step(step: Step, origin: int) -> str:
    words = [step.name, step.facts]
    if step.again:
        words.append(f"[Retransmission of frame {step.again}]")
    told = escape("  ".join(filter(None, words)), 2 * _MOST_TEXT)
    arrow = "→" if step.forward else "←"
    return f"{step.frame:>5} {(step.time - origin) / SECOND:>11.6f} {arrow} {told}"
