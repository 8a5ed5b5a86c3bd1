# SPDX-License-Identifier: GPL-2.0-only
"""The Info line of a message, in the style of Wireshark's CoAP dissector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from analyzer.messages import CARRIED, CUT, MESSAGE_TYPE_IDS, Role
from analyzer.views.escape import escape
from dissectors import carried
from dissectors.coap import numbers, signalling
from dissectors.coap.message import dissect
from dissectors.coap.numbers import Type
from dissectors.coap.values import describe_value, option_name
from dissectors.coap.wire import HEADER
from dissectors.msgin5g.elements import MESSAGE_TYPE_NAMES, MessageType

if TYPE_CHECKING:
    from analyzer.session import Session

Piece: TypeAlias = tuple[str, str]
"""Text and the name of its ink, `""` for the plain one."""

Line: TypeAlias = tuple[Piece, ...]

_LONGEST_TOKEN: Final = 16
_LONGEST_TEXT: Final = 80

REMARKS: Final = {
    Role.RETRANSMISSION: ("[Retransmission]", "warning"),
    Role.DUPLICATE_ACK: ("[Duplicate ACK]", "warning"),
    Role.CAPTURE_DUPLICATE: ("[Captured twice]", "dim"),
    Role.ORPHAN: ("[No request seen]", "warning"),
    Role.UNREADABLE: ("[Malformed]", "error"),
    Role.NOTIFICATION: ("[Notification]", "dim"),
    Role.PING: ("[Ping]", "dim"),
}
"""What is said of messages by their role, where it does not go without saying."""

SHORTENED: Final = ("[Packet size limited during capture]", "warning")


def is_msgin5g(cells: Mapping[str, int]) -> bool:
    """The payload speaks MSGin5G: it has a Message Type or a UE Service ID."""
    return bool(cells["message_type"] or cells["ue"])


def code_ink(code: int) -> str:
    """Requests, and responses by class."""
    return {0: "request", 2: "success", 4: "client-error", 5: "server-error"}.get(code >> 5, "")


def token_text(token: bytes) -> str:
    """`0a 0b`, a long one cut."""
    more = "…" if len(token) > _LONGEST_TOKEN else ""
    return token[:_LONGEST_TOKEN].hex(" ") + more


def info(session: Session, cells: Mapping[str, int], ue_name: Callable[[str], str] = str) -> Line:
    """`CON, MID:1234, POST, TKN:0a 0b, /path, [Retransmission]`, of a reliable transport without
    type and Message ID, then what MSGin5G says; a UE by
    what `ue_name` makes of its UE Service ID."""
    pieces = [piece for part in _parts(session, cells, ue_name) for piece in ((", ", "dim"), part)]
    return tuple(pieces[1:])


def _parts(
    session: Session, cells: Mapping[str, int], ue_name: Callable[[str], str]
) -> Iterator[Piece]:
    role = Role(cells["role"])
    if role == Role.UNREADABLE:
        cut = cells["flags"] & CUT
        yield SHORTENED if cut and cells["coap_length"] < HEADER else REMARKS[role]
        if header_unread(cells["type"], cells["code"], cells["message_id"]):
            return
    code = cells["code"]
    if cells["type"] != Type.TCP:
        yield numbers.type_name(cells["type"]), ""
        yield f"MID:{cells['message_id']}", "dim"
    yield "Empty" if code == numbers.EMPTY else numbers.code_name(code), code_ink(code)
    token = session.token_bytes(cells["token"], cells["token_length"])
    if token:
        yield f"TKN:{token_text(token)}", "dim"
    uri = session.names[cells["uri"]]
    if uri:
        yield escape(uri), "path" if numbers.is_request(code) else "dim"
    if signalling.is_signalling(code):
        yield from _signalled(session, cells)
    if role in REMARKS and role != Role.UNREADABLE:
        yield REMARKS[role]
    if is_msgin5g(cells):
        yield _msgin5g(session, cells, ue_name)


def header_unread(kind: int, code: int, message_id: int) -> bool:
    """Of an unreadable message: too short or of another version, so that it has no header."""
    return not code and (kind == Type.TCP or not (kind or message_id))


def _signalled(session: Session, cells: Mapping[str, int]) -> Iterator[Piece]:
    """`Max-Message-Size 1152`, `Block-Wise-Transfer`, and what an Abort says."""
    if not cells["flags"] & CARRIED:
        return
    data = session.carriers.store.read(cells["offset"], cells["captured"])
    at = cells["coap_at"]
    if len(data) <= at:  # the capture was closed
        return
    message = data[at : at + cells["coap_length"]]
    coap = dissect(message, framing=data[carried.FRAMING_AT])
    for option in coap.options:
        name = escape(option_name(option.number, coap.code))
        value = describe_value(option.number, option.value, coap.code) if option.value else ""
        yield f"{name} {escape(value, _LONGEST_TEXT)}".rstrip(), ""
    if coap.payload:
        yield escape(coap.payload.decode("utf-8", "replace"), _LONGEST_TEXT), "dim"


def _msgin5g(session: Session, cells: Mapping[str, int], ue_name: Callable[[str], str]) -> Piece:
    """`Registration meter-0011@iot.example`."""
    kind = MESSAGE_TYPE_IDS[cells["message_type"]]
    words = [MESSAGE_TYPE_NAMES[MessageType(kind)]] if kind else []
    ue = ue_name(session.names[cells["ue"]])
    return " ".join([*words, *([escape(ue, 80)] if ue else [])]), "msgin5g"
