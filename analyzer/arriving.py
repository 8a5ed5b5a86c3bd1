# SPDX-License-Identifier: GPL-2.0-only
"""A datagram that may be CoAP comes in: its endpoints, its names, its row of the messages table.

Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import flows
from analyzer import messages as m
from analyzer.flows import (
    endpoint_at,
)
from analyzer.state import (
    COUNT,
    ENDPOINT_KEYS,
    ENDPOINTS,
    MESSAGES,
    SENDERS,
    get,
    name,
    put,
)
from analyzer.tables import Cells, set_wide
from dissectors.coap.wire import Defect
from dissectors.kernel import Bytes, Rows, Text

MOST_TEXT: Final = 1024
"""Bytes kept of a URI or UE Service ID."""

MOST_ENDPOINTS: Final = 1 << 20


def _mapped(data: Bytes, at: int) -> bool:
    """An IPv4-mapped IPv6 address (RFC 4291 clause 2.5.5.2)."""
    for place in range(at, at + 10):
        if data[place]:
            return False
    return data[at + 10] == 255 and data[at + 11] == 255


def _is_multicast(data: Bytes, at: int, length: int) -> bool:
    """An IP multicast or limited broadcast address (gate G-MC)."""
    if length == 16:
        return data[at] == 255
    broadcast = data[at] == 255 and data[at + 1] == 255 and data[at + 2] == 255
    return data[at] >> 4 == 14 or (broadcast and data[at + 3] == 255)


def endpoint(
    s: Rows, arena: Text, data: Bytes, at: int, length: int, port: int, connection: int
) -> int:
    """The id of an endpoint; IPv4-mapped IPv6 addresses are IPv4. One that opened a `connection`
    is another one in the next, 0 for none: tokens and Message IDs hold for one connection
    (RFC 8323 clause 3.3, RFC 7252 clause 9.1.1)."""
    if length == 16 and _mapped(data, at):
        at += 12
        length = 4
    number, side = 0, port + connection * 65536
    if length == 4:  # the address is its own name
        number = data[at] * 0x1000000 + data[at + 1] * 0x10000 + data[at + 2] * 0x100 + data[at + 3]
        known = get(s, ENDPOINT_KEYS, number, side, 4)
        if known:
            return known
    address = name(s, arena, data, at, at + length)
    key = number if length == 4 else address
    known = get(s, ENDPOINT_KEYS, key, side, length)
    if known:
        return known
    if s[ENDPOINTS + COUNT] >= MOST_ENDPOINTS:
        return 0
    sender = get(s, ENDPOINT_KEYS, address, -1, 0)
    if sender == 0:
        s[SENDERS + COUNT] += 1
        sender = s[SENDERS + COUNT]
        put(s, ENDPOINT_KEYS, address, -1, 0, sender)
    s[ENDPOINTS + COUNT] += 1
    id = s[ENDPOINTS + COUNT]
    put(s, ENDPOINT_KEYS, key, side, length, id)
    row = endpoint_at(s, id)
    s[row + flows.ADDRESS] = address
    s[row + flows.PORT] = port
    s[row + flows.MULTICAST] = 1 if _is_multicast(data, at, length) else 0
    s[row + flows.SENDER] = sender
    s[row + flows.VERSION] = 4 if length == 4 else 6
    return id


def keep_names(s: Rows, arena: Text, data: Bytes, text: Text, facts: Rows, f: int) -> None:
    """What a message is called by: its URI, its path, its UE, a long token."""
    path_at, path_end = facts[f + fact.PATH_AT], facts[f + fact.PATH_END]
    uri_at, uri_end = facts[f + fact.URI_AT], facts[f + fact.URI_END]
    facts[f + fact.PATH] = facts[f + fact.URI] = 0
    if facts[f + fact.FLAGS] & fact.REQUEST:
        facts[f + fact.PATH] = name(s, arena, text, path_at, min(path_end, path_at + MOST_TEXT))
        facts[f + fact.URI] = facts[f + fact.PATH]
        if uri_at != path_at or uri_end != path_end:
            facts[f + fact.URI] = name(s, arena, text, uri_at, min(uri_end, uri_at + MOST_TEXT))
    ue_at, ue_end = facts[f + fact.UE_AT], facts[f + fact.UE_END]
    if facts[f + fact.FLAGS] & fact.BODY_READ == 0:
        facts[f + fact.UE] = name(s, arena, data, ue_at, min(ue_end, ue_at + MOST_TEXT))
    facts[f + fact.TOKEN_NAME] = 0
    if facts[f + fact.TOKEN_LENGTH] > 8:
        at = facts[f + fact.TOKEN_AT]
        facts[f + fact.TOKEN_NAME] = name(s, arena, data, at, at + facts[f + fact.TOKEN_LENGTH])


def add_message(s: Rows, facts: Rows, f: int, mm: Cells, role: int) -> int:
    """A new row of the messages table."""
    row = s[MESSAGES]
    s[MESSAGES] = row + 1
    facts[f + fact.MESSAGE] = row + 1
    cells = row * m.CELLS
    length = facts[f + fact.TOKEN_LENGTH]
    set_wide(mm, cells + m.TIME, facts[f + fact.TIME])
    set_wide(mm, cells + m.OFFSET, facts[f + fact.PLACE])
    set_wide(mm, cells + m.TOKEN, facts[f + (fact.TOKEN if length <= 8 else fact.TOKEN_NAME)])
    set_wide(mm, cells + m.RESPONSE_TIME, m.NO_RESPONSE_TIME)
    mm[cells + m.FRAME] = facts[f + fact.FRAME]
    mm[cells + m.CAPTURED] = facts[f + fact.CAPTURED]
    mm[cells + m.WIRE] = facts[f + fact.WIRE]
    mm[cells + m.COAP_AT] = facts[f + fact.AT] - facts[f + fact.START]
    mm[cells + m.COAP_LENGTH] = facts[f + fact.END] - facts[f + fact.AT]
    mm[cells + m.PAYLOAD_LENGTH] = facts[f + fact.PAYLOAD_LENGTH]
    mm[cells + m.SOURCE] = facts[f + fact.SOURCE]
    mm[cells + m.DESTINATION] = facts[f + fact.DESTINATION]
    mm[cells + m.URI] = facts[f + fact.URI]
    mm[cells + m.EXCHANGE] = 0
    mm[cells + m.PEER] = 0
    mm[cells + m.FIRST] = 0
    mm[cells + m.OLDER_BLOCK] = 0
    mm[cells + m.UE] = facts[f + fact.UE]
    other_version = facts[f + fact.DEFECTS] >> Defect.VERSION & 1
    mid = 0 if other_version else facts[f + fact.MID]
    mm[cells + m.NUMBERS] = mid + facts[f + fact.INTERFACE] * 0x10000
    kinds = facts[f + fact.TYPE] + facts[f + fact.CODE] * 0x100
    kinds += min(length, m.LONG_TOKEN) * 0x10000 + facts[f + fact.MESSAGE_TYPE] * 0x1000000
    mm[cells + m.KINDS] = kinds
    flags = m.CUT if facts[f + fact.FLAGS] & fact.CUT else 0
    flags |= m.NAT_LEG if facts[f + fact.LEG_OF] else 0
    flags |= m.FRAGMENTED if facts[f + fact.FLAGS] & fact.FRAGMENTED else 0
    flags |= m.CARRIED if facts[f + fact.FLAGS] & fact.CARRIED else 0
    flags |= m.SECURED if facts[f + fact.FLAGS] & fact.SECURED else 0
    flags |= m.UNWRAPPED if facts[f + fact.FLAGS] & fact.UNWRAPPED else 0
    flags |= m.BEGUN if facts[f + fact.FLAGS] & fact.BEGUN else 0
    mm[cells + m.STANDING] = role + flags * 0x10000
    return row
