# SPDX-License-Identifier: GPL-2.0-only
"""What exchanges are together, as scripts read it: bodies that came in blocks, observations."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from analyzer.block_bodies import put_together
from analyzer.messages import WHOLE_BODY
from analyzer.observations import Ending, Notification, Observation, observations
from analyzer.profiles.transmission import SECOND
from dissectors.coap import numbers

if TYPE_CHECKING:
    from analyzer.session import Session


class Operations:
    """The operations of a session that was read to its end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._whole: defaultdict[int, list[int]] = defaultdict(list)
        for row, bits in enumerate(session.messages.octets("flags")):
            if bits & WHOLE_BODY:
                self._whole[session.messages.cell("exchange", row)].append(row)
        self._observed = {found.exchange: found for found in observations(session)}

    def of(self, exchange: int) -> dict[str, Any]:
        """`operation`: the first exchange of the operation, None for none; `bodies`: those that
        were whole with a message of the exchange; `observation`: the one it begins."""
        observed = self._observed.get(exchange)
        return {
            "operation": self._session.exchanges.stored.cell("operation", exchange - 1) or None,
            "bodies": [self._body(row) for row in self._whole.get(exchange, [])],
            "observation": _observation(observed) if observed else None,
        }

    def _body(self, row: int) -> dict[str, Any]:
        messages = self._session.messages
        body = put_together(self._session, row)
        return {
            "frame": messages.cell("frame", row),
            "of": "request" if numbers.is_request(messages.cell("code", row)) else "response",
            "length": len(body.payload) if body else None,
            "frames": [block.frame for block in body.blocks] if body else [],
        }


def _observation(observed: Observation) -> dict[str, Any]:
    seen = observed.ending is not Ending.NOT_SEEN
    return {
        "refreshed_by": list(observed.refreshes),
        "deregistered_by": observed.deregistration or None,
        "ended": str(observed.ending) if seen else None,
        "ended_in": observed.ended_in or None,
        "notifications": [_notification(sent) for sent in observed.notifications],
    }


def _notification(sent: Notification) -> dict[str, Any]:
    return {
        "frame": sent.frame,
        "type": numbers.type_name(sent.type) or None,
        "code": numbers.dotted(sent.code),
        "observe": sent.sequence,
        "order": str(sent.order),
        "gap": None if sent.gap is None else sent.gap / SECOND,
        "max_age": sent.max_age,
        "in_time": sent.in_time,
    }
