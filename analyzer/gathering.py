# SPDX-License-Identifier: GPL-2.0-only
"""Records -> facts: `gather` walks link, CoAP and JSON of each record of a batch.

It is a kernel (dissectors.kernel) that looks at nothing but the records, so it can run ahead of
the kernels that remember.
"""

from __future__ import annotations

from typing import Final

from analyzer import bodies
from analyzer.bodies import body_facts
from analyzer.capture.records import IS_CARRIED, IS_CARRIER, IS_NOTICE, MARK, NO_INTERFACE, ROW
from analyzer.carried_facts import carried_facts
from analyzer.facts import (
    ADDRESS_LENGTH,
    AT,
    CAPTURED,
    CARRIED,
    CARRIER,
    CHECKSUM,
    CLEAN,
    COAP_PORT,
    COAPS_PORT,
    CODE,
    CONNECTION,
    CONTENT_FORMAT,
    CUT,
    DATA_HASH,
    DEFECT,
    DEFECTS,
    DESTINATION_AT,
    DESTINATION_PORT,
    DTLS,
    END,
    ENDS_IN_TEXT,
    FLAGS,
    FORM,
    FRAGMENT,
    FRAME,
    IN_BLOCKS,
    INTERFACE,
    IP_ID,
    JSON,
    KIND,
    KNOWN_PORT,
    LARGE,
    LINK_HASH,
    LONG_TOKEN,
    MESSAGE_TYPE,
    MID,
    MOST_MESSAGE,
    MOST_PAYLOAD,
    NOTHING,
    NOTICE,
    OBSERVE,
    ODD_BODY,
    OTHER_PORT,
    OTHER_UDP,
    PAYLOAD_HASH,
    PAYLOAD_LENGTH,
    PING,
    PLACE,
    PROTECTED,
    READABLE,
    REQUEST,
    RESPONSE,
    SECURE_PORT,
    SHAPE,
    SLOTS,
    SOURCE_AT,
    SOURCE_PORT,
    START,
    TELLS,
    TIME,
    TOKEN,
    TOKEN_AT,
    TOKEN_LENGTH,
    TTL,
    TYPE,
    UE_AT,
    UE_END,
    WIRE,
)
from analyzer.forms import message_form
from analyzer.option_facts import option_facts, token_number, uri
from analyzer.state import hash_bytes, mix
from dissectors import link
from dissectors.carried import walk as walk_carried
from dissectors.checksum import verify
from dissectors.coap import numbers, wire
from dissectors.coap.wire import Defect
from dissectors.coap.wire import walk as walk_coap
from dissectors.kernel import Bytes, Rows, Text
from dissectors.link import walk as walk_link

# Rows of the option registry that the kernel asks for by name.
_INDEX: Final = wire.option_table().index
_OBSERVE_ROW: Final = _INDEX[numbers.OBSERVE]
_MAX_AGE_ROW: Final = _INDEX[numbers.MAX_AGE]

_TOLERATED: Final = sum(
    1 << defect
    for defect in (
        Defect.UINT_LEADING_ZERO,
        Defect.ELECTIVE_UNKNOWN,
        Defect.CONTEXT_METHOD,
        Defect.REPEATED,
        Defect.CUT,
    )
)
"""Defects with which a datagram still counts as CoAP on a flow that is not known for it."""

_FATAL: Final = sum(1 << defect for defect in wire.FATAL)
_UDP: Final = 17
_MOST_ENDS: Final = 34  # bytes of two addresses and what `uri` adds
_VERSION: Final = 1 << Defect.VERSION
_CUT_BIT: Final = 1 << Defect.CUT


def _may_be_json(data: Bytes, facts: Rows, f: int, at: int, end: int) -> bool:
    """Content-Format says JSON, or the payload starts as a JSON object does. A block alone says
    nothing: its body is read once it is whole."""
    if at < 0 or at >= end or facts[f + FLAGS] & (PROTECTED | IN_BLOCKS):
        return False
    if facts[f + CONTENT_FORMAT] == numbers.JSON:
        return True
    for place in range(at, min(end, at + 64)):
        byte = data[place]
        blank = byte == 32 or byte == 9 or byte == 10 or byte == 13
        mark = byte == 0xEF or byte == 0xBB or byte == 0xBF
        if not (blank or mark):
            return byte == 123
    return False


def _coap_facts(
    data: Bytes,
    facts: Rows,
    f: int,
    seed: int,
    text: Text,
    text_at: int,
    framing: int,
    head: Rows,
    options: Rows,
    defects: Rows,
    codes: bytes,
    index: bytes,
    specs: Rows,
) -> int:
    """What the CoAP message says; where `text` ends."""
    at, end = facts[f + AT], facts[f + END]
    flags = facts[f + FLAGS]
    walk_coap(data, at, end, flags & CUT, framing, head, options, defects, codes, index, specs)
    kinds = 0
    for defect in range(head[wire.DEFECT_COUNT]):
        kinds |= 1 << defects[defect * wire.DEFECT_SLOTS + wire.KIND]
    code = head[wire.CODE]
    length = head[wire.TOKEN_LENGTH]
    payload_at = head[wire.PAYLOAD_AT]
    payload_length = end - payload_at if payload_at >= 0 else 0
    facts[f + TYPE] = head[wire.TYPE]
    facts[f + CODE] = code
    if framing == wire.DATAGRAM:  # else it was given one
        facts[f + MID] = head[wire.MID]
    headed = end - at >= (wire.HEADER if framing == wire.DATAGRAM else wire.FRAMED_HEADER)
    if kinds & _VERSION and headed:  # whoever answers repeats these bytes
        facts[f + MID] = data[at + 2] * 256 + data[at + 3]
    facts[f + TOKEN_AT] = head[wire.TOKEN_AT]
    facts[f + TOKEN_LENGTH] = length
    facts[f + TOKEN] = token_number(data, head[wire.TOKEN_AT], length, seed)
    facts[f + OBSERVE] = facts[f + CONTENT_FORMAT] = -1
    facts[f + DEFECTS] = kinds
    facts[f + PAYLOAD_LENGTH] = payload_length
    if 0 < code < 32:
        flags |= REQUEST
    elif code >> 5 == 2 or code >> 5 == 4 or code >> 5 == 5:
        flags |= RESPONSE
    if kinds & _FATAL == 0 and headed:
        flags |= READABLE
    if kinds & ~_CUT_BIT:
        flags |= DEFECT
    if kinds & ~_TOLERATED == 0 and headed and head[wire.TKL] <= 8:
        flags |= CLEAN
    if flags & CARRIED == 0 and at < end and 20 <= data[at] <= 63:
        flags |= DTLS
    if length > 8:
        flags |= LONG_TOKEN
    if code == 0 and head[wire.TYPE] == 0 and headed:
        flags |= PING
    large = end - at > MOST_MESSAGE or payload_length > MOST_PAYLOAD
    if large and framing == wire.DATAGRAM:
        flags |= LARGE
    facts[f + FLAGS] = flags
    count = head[wire.OPTION_COUNT]
    option_facts(data, facts, f, count, options, index, specs, seed)
    facts[f + PAYLOAD_HASH] = 0
    if payload_length:
        facts[f + PAYLOAD_HASH] = hash_bytes(data, payload_at, end, seed)
    if kinds & _FATAL or code == 0:
        facts[f + DATA_HASH] = hash_bytes(data, at, end, seed)
    else:
        whole = mix(facts[f + DATA_HASH], facts[f + MID] * 65536 + end - at)
        facts[f + DATA_HASH] = mix(whole, facts[f + PAYLOAD_HASH])
    if flags & REQUEST:
        return uri(data, facts, f, count, options, text, text_at)
    return text_at


def gather(
    data: Bytes,
    base: int,
    places: Rows,
    frames: Rows,
    records: Rows,
    first: int,
    after: int,
    first_frame: int,
    links: Rows,
    ports: bytes,
    seed: int,
    facts: Rows,
    text: Text,
    row: Rows,
    head: Rows,
    options: Rows,
    defects: Rows,
    codes: bytes,
    index: bytes,
    specs: Rows,
    syntaxes: bytes,
    found: Rows,
    json_head: Rows,
    nodes: Rows,
    stack: Rows,
    scopes: Rows,
    elements: Rows,
    names: Rows,
    values: Rows,
    letters: bytes,
    word: Text,
    cut_fragments: int,
) -> int:
    """Fill a row of `facts` for each of the records `first` to before `after`.

    `records` are rows of capture.records; `base` is the file offset of data[0], `places` that of
    each record where they do not stand in `data` as in their file, else empty. `links` has the
    link type of each interface. With `cut_fragments`, a first fragment is a datagram that is
    cut. Returns how many rows it filled: fewer when `text` is full.
    """
    text_at = 0
    for number in range(first, after):
        record = number * ROW
        start, captured = records[record], records[record + 1]
        f = (number - first) * SLOTS
        if text_at + captured + _MOST_ENDS > len(text):
            return number - first
        facts[f + TIME] = records[record + 3]
        facts[f + FRAME] = frames[number] if len(frames) else first_frame + number
        facts[f + CAPTURED] = captured
        facts[f + START] = start
        facts[f + FLAGS] = 0
        interface = records[record + 4]
        facts[f + INTERFACE] = interface
        if interface == NO_INTERFACE:
            facts[f + KIND] = NOTHING
            continue
        mark = interface // MARK
        interface = facts[f + INTERFACE] = interface % MARK
        facts[f + WIRE] = records[record + 2]
        facts[f + PLACE] = places[number] if len(places) else base + start
        if mark in (IS_CARRIER, IS_NOTICE):
            facts[f + KIND] = CARRIER if mark == IS_CARRIER else NOTICE
            continue
        if mark == IS_CARRIED:
            walk_carried(data, start, start + captured, row)
        else:
            uncaptured = records[record + 2] - captured
            walk_link(data, start, start + captured, links[interface], row, uncaptured)
        kind = row[link.KIND]
        if row[link.FRAGMENT] and not (cut_fragments and kind == link.UDP):
            lowpan = row[link.FRAGMENT_IN] == link.IN_LOWPAN
            kind = FRAGMENT if lowpan or row[link.FRAGMENT_PROTOCOL] == _UDP else link.OTHER
        facts[f + KIND] = kind
        if kind != link.UDP:
            if kind == link.TCP:
                facts[f + KIND] = link.OTHER
            continue
        at, end = row[link.PAYLOAD_AT], row[link.PAYLOAD_END]
        source, destination = row[link.SOURCE_PORT], row[link.DESTINATION_PORT]
        known = ports[source] == COAP_PORT or ports[destination] == COAP_PORT
        secure = ports[source] == COAPS_PORT or ports[destination] == COAPS_PORT
        if mark != IS_CARRIED and not known and not secure:
            foreign = ports[source] == OTHER_PORT or ports[destination] == OTHER_PORT
            if foreign or at >= end or data[at] >> 6 != 1:
                facts[f + KIND] = OTHER_UDP
                continue
        facts[f + AT] = at
        facts[f + END] = end
        facts[f + SOURCE_AT] = row[link.SOURCE_AT]
        facts[f + DESTINATION_AT] = row[link.DESTINATION_AT]
        facts[f + CONNECTION] = flags = 0
        if row[link.ADDRESS_IN]:  # 6LoWPAN: they do not stand in the frame
            flags = ENDS_IN_TEXT
            facts[f + SOURCE_AT] = text_at
            for item in range(row[link.ADDRESS_LENGTH]):
                text[text_at] = row[row[link.SOURCE_AT] + item]
                text_at += 1
            facts[f + DESTINATION_AT] = text_at
            for item in range(row[link.ADDRESS_LENGTH]):
                text[text_at] = row[row[link.DESTINATION_AT] + item]
                text_at += 1
        if mark != IS_CARRIED:
            verify(data, row)
        facts[f + CHECKSUM] = row[link.CHECKSUM]
        facts[f + ADDRESS_LENGTH] = row[link.ADDRESS_LENGTH]
        facts[f + SOURCE_PORT] = source
        facts[f + DESTINATION_PORT] = destination
        facts[f + IP_ID] = row[link.IP_ID]
        facts[f + TTL] = row[link.TTL]
        facts[f + LINK_HASH] = hash_bytes(data, start, row[link.IP_AT], seed)
        if row[link.PAYLOAD_LENGTH] > end - at:
            flags |= CUT
        if known:
            flags |= KNOWN_PORT
        if secure:
            flags |= SECURE_PORT
        facts[f + FLAGS] = flags
        framing = wire.DATAGRAM
        if mark == IS_CARRIED:
            framing = carried_facts(data, start, facts, f)
        text_at = _coap_facts(
            data,
            facts,
            f,
            seed,
            text,
            text_at,
            framing,
            head,
            options,
            defects,
            codes,
            index,
            specs,
        )
        payload_at = head[wire.PAYLOAD_AT]
        facts[f + MESSAGE_TYPE] = facts[f + TELLS] = 0
        facts[f + UE_AT] = facts[f + UE_END] = 0
        facts[f + SHAPE] = 0 if payload_at >= 0 and payload_at < end else 1
        if _may_be_json(data, facts, f, payload_at, end):
            body_facts(
                data,
                payload_at,
                end,
                seed,
                found,
                json_head,
                nodes,
                stack,
                scopes,
                elements,
                names,
                values,
                letters,
                word,
            )
            facts[f + FLAGS] |= JSON | (ODD_BODY if found[bodies.ODD] else 0)
            facts[f + MESSAGE_TYPE] = found[bodies.MESSAGE_TYPE]
            facts[f + UE_AT] = found[bodies.UE_AT]
            facts[f + UE_END] = found[bodies.UE_END]
            facts[f + TELLS] = found[bodies.TELLS]
            facts[f + SHAPE] = found[bodies.SHAPE]
        count = head[wire.OPTION_COUNT]
        facts[f + FORM] = message_form(
            data, facts, f, count, options, payload_at, end, syntaxes, json_head, nodes, stack
        )
    return after - first
