# SPDX-License-Identifier: GPL-2.0-only
"""Protected flows as reports tell them: how much of them was read, and why not the rest.

Nothing here is a secret: it is what handshakes show to anybody who captured them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.session import Session

MOST_REASONS: Final = 4
"""Reasons that the sentence names; others are counted."""

_UNTOLD: Final = "records that do not open"
_OSCORE: Final = "OSCORE"


class Unread(NamedTuple):
    """Messages that were not read for one reason, a sentence without capital and stop: not escaped,
    a peer may have named something in it. `flows` counts associations, connections, and pairs of
    ends under OSCORE; 0 where nobody counted."""

    detail: str
    messages: int
    flows: int


def unread(session: Session) -> list[Unread]:
    """Why messages were not read, what costs most first. A record of application data counts for a
    message; of flows that nobody can open, a packet does."""
    known = _KNOWN.get(session)
    if known is None or known[0] != session.version:
        _KNOWN[session] = known = session.version, _unread(session)
    return known[1]


_KNOWN: Final = WeakKeyDictionary["Session", tuple[int, list[Unread]]]()
"""What was found when the session had this version: screens ask often, and flows may be many."""


def _unread(session: Session) -> list[Unread]:
    found: dict[str, Unread] = {}
    for flow in session.carriers.secured:
        if flow.opaque:
            detail = _detail(flow)
            before = found.get(detail, Unread(detail, 0, 0))
            found[detail] = Unread(detail, before.messages + flow.opaque, before.flows + 1)
    for entry in session.carriers.unopened.entries:
        detail = f"{_OSCORE}: {entry.text}"
        before = found.get(detail, Unread(detail, 0, 0))
        found[detail] = Unread(detail, before.messages + entry.messages, before.flows + 1)
    if more := session.carriers.unopened.more:
        found[_OSCORE] = Unread(f"{_OSCORE}: more ends than are told", more, 0)
    return sorted(found.values(), key=lambda one: (-one.messages, one.detail))


def messages_not_read(session: Session) -> int:
    """How many protected messages were not read."""
    return sum(one.messages for one in unread(session))


def sentence(session: Session) -> str:
    """What was not evaluated and why, `""` where all was; not escaped.

    312 messages in 4 flows were not evaluated: identity "ue-7" has no key (2 flows), ...
    """
    reasons = unread(session)
    if not reasons:
        return ""
    messages, flows = sum(r.messages for r in reasons), sum(r.flows for r in reasons)
    where = f" in {_flows(flows)}" if flows else ""
    were = "1 message" if messages == 1 else f"{messages} messages"
    told = [_reason(one, len(reasons) > 1) for one in reasons[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        told.append(f"and {len(reasons) - MOST_REASONS} reasons more")
    verb = "was" if messages == 1 else "were"
    return f"{were}{where} {verb} not evaluated: {', '.join(told)}"


def _reason(one: Unread, several: bool) -> str:
    if not several:
        return one.detail
    return f"{one.detail} ({_flows(one.flows) if one.flows else one.messages})"


def _flows(number: int) -> str:
    return "1 flow" if number == 1 else f"{number} flows"


def _detail(flow: SecuredFlow) -> str:
    return flow.security.detail or (flow.security.reason or _UNTOLD)


def entry(session: Session) -> dict[str, Any]:
    """All of it for scripts: totals, reasons, flows."""
    carriers = session.carriers
    return {
        "read": sum(flow.opened for flow in carriers.secured),
        "not_read": messages_not_read(session),
        "reasons": [one._asdict() for one in unread(session)],
        "flows": [flow_entry(flow) for flow in carriers.secured],
    }


def flow_entry(flow: SecuredFlow) -> dict[str, Any]:
    """A flow as scripts read it; what its handshake did not show is null. Text that peers sent is
    not escaped."""
    security = flow.security
    return {
        "transport": security.transport,
        "client": str(flow.client),
        "server": str(flow.server),
        "version": security.version_name or None,
        "cipher_suite": security.suite_name or None,
        "psk_identity": _text(security.psk_identity),
        "server_name": _text(security.server_name),
        "client_subject": security.client_subject or None,
        "server_subject": security.server_subject or None,
        "client_connection_id": _hex(security.client_cid),
        "server_connection_id": _hex(security.server_cid),
        "resumed": security.resumed,
        "established": security.established,
        "cookie_exchanges": security.cookie_exchanges,
        "handshake_retransmissions": security.handshake_retransmissions,
        "alerts": [
            {
                "frame": alert.frame,
                "by": "client" if alert.forward else "server",
                "text": alert.text,
            }
            for alert in security.alerts
        ],
        "first_frame": security.first_frame,
        "last_frame": security.last_frame,
        "read": flow.opened,
        "not_read": flow.opaque,
        "reason": str(security.reason) if security.reason else None,
        "detail": _detail(flow) if flow.opaque else security.detail or None,
    }


def lines(session: Session, most: int) -> Iterator[str]:
    """A line for each flow of which something was not read; not escaped."""
    flows = [flow for flow in session.carriers.secured if flow.opaque]
    for flow in flows[:most]:
        known = [flow.security.version_name or flow.security.transport, flow.security.suite_name]
        named = ", ".join(filter(None, known))
        messages = "1 message" if flow.opaque == 1 else f"{flow.opaque} messages"
        yield f"{flow.client} - {flow.server} ({named}): {messages} not read: {_detail(flow)}"
    if len(flows) > most:
        yield f"and {len(flows) - most} flows more; --format json lists all"


def _text(name: bytes) -> str | None:
    return name.decode("utf-8", "backslashreplace") or None


def _hex(octets: bytes | None) -> str | None:
    return None if octets is None else octets.hex()
