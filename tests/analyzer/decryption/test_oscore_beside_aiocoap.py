# SPDX-License-Identifier: GPL-2.0-only
"""What aiocoap's OSCORE protects, ours opens: any algorithm, ids, options and payloads."""

from __future__ import annotations

from typing import Any

import aiocoap
from aiocoap.message import Direction
from aiocoap.numbers import types
from hypothesis import given
from hypothesis import strategies as st
from oscore_peer import encoded, peers, received

from analyzer.decryption.oscore import Contexts, Unprotector
from analyzer.secrets.oscore_context import HASHES, Context
from dissectors.coap.cose import ALGORITHMS

REQUESTS = ("GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH")
RESPONSES = ("CREATED", "DELETED", "VALID", "CHANGED", "CONTENT", "BAD_REQUEST", "NOT_FOUND")


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    algorithm = draw(st.sampled_from(list(ALGORITHMS.values())))
    ids = st.binary(max_size=algorithm.longest_id)
    pair = draw(st.tuples(ids, ids).filter(lambda pair: pair[0] != pair[1]))
    return Context(
        "drawn",
        draw(st.binary(min_size=1, max_size=40)),
        draw(st.binary(max_size=16)),
        *pair,
        draw(st.none() | st.binary(max_size=30)),
        algorithm,
        draw(st.sampled_from(HASHES)),
    )


PATHS = st.lists(st.text("ab/ü", max_size=20), max_size=3).map(tuple)
NUMBERS = st.integers(0, 0xFFFF)


@st.composite
def requests(draw: st.DrawFn) -> Any:
    message = aiocoap.Message(
        code=getattr(aiocoap.Code, draw(st.sampled_from(REQUESTS))),
        payload=draw(st.binary(max_size=300)),
        uri_path=draw(PATHS),
        uri_query=draw(PATHS),
        content_format=draw(st.none() | NUMBERS),
        accept=draw(st.none() | NUMBERS),
        uri_host=draw(st.none() | st.text("ab.", min_size=1, max_size=30)),
        observe=draw(st.sampled_from((None, None, 0, 1))),
        if_match=draw(st.lists(st.binary(max_size=8), max_size=2)),
    )
    message.direction = Direction.OUTGOING
    return message


@st.composite
def responses(draw: st.DrawFn) -> Any:
    message = aiocoap.Message(
        code=getattr(aiocoap.Code, draw(st.sampled_from(RESPONSES))),
        payload=draw(st.binary(max_size=300)),
        content_format=draw(st.none() | NUMBERS),
        etag=draw(st.none() | st.binary(min_size=1, max_size=8)),
        location_path=draw(PATHS),
        max_age=draw(st.none() | NUMBERS),
    )
    message.direction = Direction.OUTGOING
    return message


@given(
    contexts(),
    requests(),
    responses(),
    st.binary(max_size=8),
    st.integers(0, 2**40 - 2),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_what_aiocoap_seals(
    context: Context,
    request: Any,
    response: Any,
    token: bytes,
    sequence: int,
    own_nonce: bool,
    say_context: bool,
    reliable: bool,
) -> None:
    client, server = peers(context, sequence)
    unprotector = Unprotector(Contexts([context]))
    outer, asked = client.protect(request, kid_context=say_context)
    header = (types.CON, 0x1234, token)
    sealed = encoded(outer, header, reliable)
    opened = unprotector.take(sealed, "client", "server", 0, 1, reliable)
    assert opened is not None
    assert opened.message == encoded(request, header, reliable)
    assert (opened.reason, opened.piv, opened.kid) == (None, sequence, context.client_id)

    _, answers = server.unprotect(received(outer))
    if own_nonce:
        answers.can_reuse_nonce = False
    outer, _ = server.protect(response, answers)
    header = (types.ACK, 0x1234, token)
    sealed = encoded(outer, header, reliable)
    opened = unprotector.take(sealed, "server", "client", 1, 2, reliable)
    assert opened is not None
    assert opened.message == encoded(response, header, reliable)
    assert opened.piv == (sequence // 2 if own_nonce else -1)
    theirs, _ = client.unprotect(received(outer), asked)
    assert theirs.payload == response.payload
