# SPDX-License-Identifier: GPL-2.0-only
"""OSCORE (RFC 8613) as an observer opens it: messages in the order of the capture go in, clear
messages come out, or why not.

Everything follows from what was fed: bytes, ends and times of the capture. Tables are bounded;
what is said at each limit tells what is lost beyond it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from analyzer.decryption.oscore_contexts import CannotOpenError, Contexts, Sender
from analyzer.decryption.oscore_message import (
    Outer,
    compose,
    is_plain,
    options_at,
    read_outer,
)
from analyzer.decryption.oscore_sequence import NOTHING, Sealed, Sequences
from dissectors.coap import numbers
from dissectors.coap.oscore import GROUP, LONGEST_PIV, RESERVED, Compressed, read_oscore

__all__ = ["Contexts", "Reason", "Unprotected", "Unprotector"]

MOST_REQUESTS: Final = 32_768
"""So many requests wait for responses, and so many observations for notifications. Beyond it the
oldest is forgotten: its responses are Reason.REQUEST_UNSEEN."""

LONGEST_TOKEN: Final = 64
"""Bytes. A request with a longer token (RFC 8974) is opened, but not remembered: its responses are
Reason.REQUEST_UNSEEN."""

_LONGEST_HEAD: Final = 8 + LONGEST_TOKEN
"""Bytes of what comes before options that are compared."""

_LONGEST_SHOWN: Final = 16
"""Bytes of an id that are told."""

_BLOCKS_OF_REQUEST: Final = (numbers.BLOCK1, numbers.Q_BLOCK1)
_BLOCKS_OF_RESPONSE: Final = (numbers.BLOCK2, numbers.Q_BLOCK2)
_MORE: Final = 0x8


class Reason(StrEnum):
    """Why a message stays opaque."""

    NO_CONTEXTS = "no security context was given"
    NO_CONTEXT = "no security context has its kid"
    KID_CONTEXT = "no security context with its kid has its kid context"
    REQUEST_UNSEEN = "its request was not captured"
    AUTHENTICATION = "authentication failed: the key is wrong, or the message was changed"
    MALFORMED = "its OSCORE option, its options or its ciphertext are malformed"
    OUTER_BLOCK = "it is one of several outer blocks"
    GROUP = "Group OSCORE is not supported"
    CUT = "the capture has not got all of it"
    UNAVAILABLE = "this installation cannot open it"


class Unprotected(NamedTuple):
    """What became of one message with OSCORE.

    `message` is the clear message, framed as the outer one is; empty where `reason` says why
    not, with what it is about in `detail`: words and hex digits, and never a secret. `context` is
    the name of the security context, `kid` the id of who sent it, of which the first 16 bytes;
    `piv` the sequence number it has, -1 without one.

    Facts about the sender, all of them only where it is authentic, 0 where there is none:
    `replay_of` is the frame of the same protected message, sent again but no retransmission;
    `elsewhere` tells that it was between other ends, as it is behind a proxy. `reused_with` is
    the frame that has the same nonce and key with other content: both can be broken. `backwards`
    is by how much the sequence number is behind the highest, where that is beyond the replay
    window (clause 7.4). `misplaced` are numbers of options that were encrypted, of class U.
    `outside` tells that something stands outside that rules look at (oscore_message.is_plain).
    """

    message: bytes
    reason: Reason | None = None
    detail: str = ""
    context: str = ""
    kid: bytes = b""
    kid_context: bytes | None = None
    piv: int = -1
    replay_of: int = 0
    elsewhere: bool = False
    reused_with: int = 0
    backwards: int = 0
    misplaced: tuple[int, ...] = ()
    outside: bool = False

    @property
    def remarkable(self) -> bool:
        """There is more to tell than what the message says."""
        return bool(
            self.replay_of or self.reused_with or self.backwards or self.misplaced or self.outside
        )


class _Request:
    """What its responses need of a request. `senders`: who may have sent it."""

    __slots__ = ("answer", "earlier", "genuine", "opaque", "piv", "senders", "tail")

    def __init__(self, piv: bytes, tail: bytes, senders: tuple[Sender, ...]) -> None:
        self.piv = piv
        self.tail = tail
        self.senders = senders
        self.genuine = True
        """False where anybody may have sent it."""
        self.opaque: Unprotected | None = None
        """Why its responses stay opaque, where nobody may have sent it, or no key opened it and
        none opens them."""
        self.answer: tuple[int, bytes] | None = None
        """Frame and tail of the first response that has its nonce."""
        self.earlier: _Request | None = None
        """The one before with its token: notifications of it may still come."""


_Key = tuple[Hashable, Hashable, bytes]


class Unprotector:
    """Opens the messages of a capture. Knows requests by both ends and token."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._sequences = Sequences()
        self._asked: OrderedDict[_Key, _Request] = OrderedDict()
        self._observed: OrderedDict[_Key, _Request] = OrderedDict()
        """Observations, by themselves: requests do not drive them out."""

    def take(
        self,
        message: bytes,
        source: Hashable,
        destination: Hashable,
        time: int,
        frame: int,
        reliable: bool,
        cut: bool = False,
    ) -> Unprotected | None:
        """What became of a message; None for one without OSCORE. One that the capture `cut` cannot
        be authentic. `time` is ns; `reliable` tells that it came over a stream, framed as RFC 8323
        has it. Never raises."""
        start = options_at(message, reliable)
        if start < 0:
            return None
        outer = read_outer(message, start, reliable)
        if outer is None:
            reason = (Reason.CUT, "") if cut else (Reason.MALFORMED, "its options")
            return Unprotected(b"", *reason)
        said = read_oscore(outer.first(numbers.OSCORE) or b"")
        if flaw := _flaw(outer, said):
            return _opaque(said, Reason.CUT) if cut else flaw
        if not self._contexts:
            return _opaque(said, Reason.NO_CONTEXTS, _named(said) if said.kid is not None else "")
        head, tail = outer.head[:_LONGEST_HEAD], outer.payload[-16:]
        sealed = Sealed(source, destination, time, frame, head, tail, reliable)
        if outer.code < 32:
            return self._request(outer, said, sealed, cut)
        return _opaque(said, Reason.CUT) if cut else self._response(outer, said, sealed)

    def _request(self, outer: Outer, said: Compressed, sealed: Sealed, cut: bool) -> Unprotected:
        senders = self._contexts.senders(said.kid or b"", said.kid_context)
        request = _Request(said.piv, sealed.tail, senders)
        if not senders:
            request.opaque = result = self._without_context(said)
        elif cut:
            result = _opaque(said, Reason.CUT)
        else:
            result = self._opened_request(request, outer, said, sealed)
        if len(outer.token) <= LONGEST_TOKEN:
            observes = not outer.alone and outer.first(numbers.OBSERVE) is not None
            table = self._observed if observes else self._asked
            unproved = result.reason in (Reason.AUTHENTICATION, Reason.CUT)
            request.genuine = bool(senders) and not unproved
            if result.reason is Reason.AUTHENTICATION:
                request.opaque = result
            _remember(table, (sealed.source, sealed.destination, outer.token), request)
        return result

    def _without_context(self, said: Compressed) -> Unprotected:
        detail = _named(said)
        if not self._contexts.knows(said.kid or b""):
            return _opaque(said, Reason.NO_CONTEXT, detail)
        context = (said.kid_context or b"")[:_LONGEST_SHOWN]
        return _opaque(said, Reason.KID_CONTEXT, f'{detail}, kid context "0x{context.hex()}"')

    def _opened_request(
        self, request: _Request, outer: Outer, said: Compressed, sealed: Sealed
    ) -> Unprotected:
        if not outer.alone and (_is_block(outer, _BLOCKS_OF_REQUEST) or _asks_for_block(outer)):
            return _opaque(said, Reason.OUTER_BLOCK)
        ciphertext = outer.payload if outer.alone else _ciphertext(outer)
        try:
            for sender in request.senders:
                nonce, aad = sender.nonce(request.piv), sender.aad(request.piv)
                plaintext = sender.opened(nonce, ciphertext, aad)
                if plaintext is not None:
                    request.senders = (sender,)
                    return self._clear(outer, said, sealed, sender, plaintext)
        except CannotOpenError as lack:
            return _opaque(said, Reason.UNAVAILABLE, str(lack))
        return _opaque(said, Reason.AUTHENTICATION, _of(request))

    def _response(self, outer: Outer, said: Compressed, sealed: Sealed) -> Unprotected:
        if not outer.alone and _is_block(outer, _BLOCKS_OF_RESPONSE):
            return _opaque(said, Reason.OUTER_BLOCK)
        why: Unprotected | None = None
        piv = said.piv
        try:
            for request in self._requests((sealed.destination, sealed.source, outer.token)):
                for sender in request.senders:
                    peer = sender.peer
                    nonce = peer.nonce(piv) if piv else sender.nonce(request.piv)
                    plaintext = peer.opened(nonce, outer.payload, sender.aad(request.piv))
                    if plaintext is not None:
                        request.senders = (sender,)
                        result = self._clear(outer, said, sealed, peer, plaintext)
                        return result if piv else _answered(request, result, sealed)
                why = why or _why(request, said)
        except CannotOpenError as lack:
            return _opaque(said, Reason.UNAVAILABLE, str(lack))
        return why or _opaque(said, Reason.REQUEST_UNSEEN)

    def _clear(
        self, outer: Outer, said: Compressed, sealed: Sealed, sender: Sender, plaintext: bytes
    ) -> Unprotected:
        """What an authentic plaintext says; `sender` sent it."""
        if not plaintext:
            return _opaque(said, Reason.MALFORMED, "its plaintext is empty")
        number = int.from_bytes(said.piv, "big") if said.piv else -1
        message, misplaced = compose(outer, plaintext, number, sealed.reliable)
        fact = NOTHING if number < 0 else self._sequences.judge(sender, number, sealed)
        return Unprotected(
            message,
            None,
            "",
            sender.context.name,
            sender.id,
            said.kid_context,
            number,
            *fact,
            misplaced,
            not is_plain(outer, said),
        )

    def _requests(self, key: _Key) -> Iterator[_Request]:
        """The requests that a response may answer."""
        for table in (self._asked, self._observed):
            request = table.get(key)
            while request is not None:
                yield request
                request = request.earlier


def _remember(table: OrderedDict[_Key, _Request], key: _Key, request: _Request) -> None:
    """Keep a request in front of the one before it with its token. Two are kept that are genuine,
    and one before them that anybody may have sent."""
    before = table.get(key)
    if before is not None:
        if (before.piv, before.tail) == (request.piv, request.tail):
            request = before  # sent again: its responses go on
        else:
            request.earlier = before if before.genuine else before.earlier
            if request.genuine and request.earlier is not None:
                request.earlier.earlier = None
    table[key] = request
    table.move_to_end(key)
    if len(table) > MOST_REQUESTS:
        table.popitem(last=False)


def _flaw(outer: Outer, said: Compressed) -> Unprotected | None:
    """What a message has that nobody can open, told before any key is asked for."""
    reason, detail = Reason.MALFORMED, ""
    if said.flags & RESERVED == GROUP:
        reason = Reason.GROUP
    elif said.flags & RESERVED or said.flags & 7 > LONGEST_PIV or not said.whole:
        detail = "its OSCORE option"
    elif not outer.alone and sum(number == numbers.OSCORE for number, _ in outer.options) > 1:
        detail = "two OSCORE options"
    elif outer.code < 32 and (said.kid is None or not said.piv):
        detail = "its OSCORE option: no kid or no Partial IV"
    elif not outer.payload:
        detail = "no ciphertext"
    else:
        return None
    return Unprotected(b"", reason, detail)


def _opaque(said: Compressed, reason: Reason, detail: str = "") -> Unprotected:
    number = int.from_bytes(said.piv, "big") if said.piv else -1
    kid = (said.kid or b"")[:_LONGEST_SHOWN]
    return Unprotected(b"", reason, detail, "", kid, said.kid_context, number)


def _why(request: _Request, said: Compressed) -> Unprotected:
    """Why the response to a request stays opaque, where none of its senders' keys opens it; kid
    and kid context are those of the request."""
    if request.opaque is None:
        return _opaque(said, Reason.AUTHENTICATION, _of(request))
    return request.opaque._replace(piv=int.from_bytes(said.piv, "big") if said.piv else -1)


def _named(said: Compressed) -> str:
    return f'kid "0x{(said.kid or b"")[:_LONGEST_SHOWN].hex()}"'


def _of(request: _Request) -> str:
    """Whose keys were tried."""
    names = ", ".join(sender.context.name for sender in request.senders[:3])
    return f"tried {names}{', ...' if len(request.senders) > 3 else ''}"


def _is_block(outer: Outer, options: tuple[int, ...]) -> bool:
    """A part of a ciphertext that a proxy divided (clause 4.1.3.4.2)."""
    values = (int.from_bytes(value[-4:], "big") for n, value in outer.options if n in options)
    return any(value >> 4 or value & _MORE for value in values)


def _asks_for_block(outer: Outer) -> bool:
    """A request for a later outer block of a response."""
    values = (outer.first(number) for number in _BLOCKS_OF_RESPONSE)
    return any(int.from_bytes(value[-4:], "big") >> 4 for value in values if value)


def _ciphertext(outer: Outer) -> bytes:
    """The payload; behind EDHOC message_3, a CBOR byte string, where that stands before it
    (RFC 9668 clause 3.2)."""
    payload = outer.payload
    if outer.first(numbers.EDHOC) is None or payload[0] >> 5 != 2:
        return payload
    length, size = payload[0] & 31, 0
    if 24 <= length <= 25:
        size = length - 23
        length = int.from_bytes(payload[1 : 1 + size], "big")
    return payload[1 + size + length :]


def _answered(request: _Request, result: Unprotected, sealed: Sealed) -> Unprotected:
    """A response with the nonce of its request: there may be one alone (clause 8.3)."""
    if request.answer is None:
        request.answer = (sealed.frame, sealed.tail)
    frame, tail = request.answer
    return result if tail == sealed.tail else result._replace(reused_with=frame)
