# SPDX-License-Identifier: GPL-2.0-only
"""How near an answer that found no request is to a request that found no answer.

Keys that pair them: endpoints and Token for a response (RFC 7252 clause 5.3.2), endpoints and
Message ID for an ACK or RST (clause 4.2), both for a piggybacked response. Of two candidates the
nearer is the one with more keys that agree; then the one between the same endpoints, or else the
same addresses; then the one that still waits; then the one in time; then the one closer in time.

What chance explains as well is no candidate. How many bits have to agree depends on where the two
come from (`_BITS`): an empty Token is none, and a Message ID is 16 that most devices count from 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from analyzer.profiles.transmission import SECOND
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

_BITS: Final = {(True, True): 1, (False, True): 16, (True, False): 32, (False, False): 40}
"""Bits of Token and Message ID that must agree, by whether the answer's source and destination have
the addresses that the request says. A client has few servers, a server a fleet of clients; 32 bits
are what a token needs that nobody else shall guess (RFC 7252 clause 5.3.1)."""

_BITS_OUT_OF_TIME: Final = 16
"""Bits that must agree with a request that was answered, when it was not its time."""

_MESSAGE_ID_BITS: Final = 16

_EARLIEST: Final = 10 * SECOND
"""An answer that stands further before a request, in the file as in time, is none to it."""

_LONGEST_TOKEN: Final = 16
"""Bytes of a token written out."""


class Key(StrEnum):
    """What an answer shares with its request."""

    SOURCE = "source"
    DESTINATION = "destination"
    TOKEN = "token"
    MESSAGE_ID = "message_id"
    TIME = "time"


class Half(NamedTuple):
    """A message that asks or answers. Endpoints, addresses and tokens are ids that compare; `waits`
    says that a request has no answer, `answered` in which frame it has one (0: none)."""

    row: int
    frame: int
    time: int
    source: int
    destination: int
    source_address: int
    destination_address: int
    to_group: bool
    token: int
    token_length: int
    message_id: int
    type: int
    code: int
    waits: bool
    answered: int

    @property
    def responds(self) -> bool:
        return numbers.is_response(self.code)

    @property
    def acknowledges(self) -> bool:
        return self.type in (Type.ACK, Type.RST)


class Likeness(NamedTuple):
    """What a request and an answer have in common; greater is nearer."""

    keys: int
    endpoints: bool
    addresses: int
    waits: bool
    in_time: bool
    closeness: int
    row: int


class Difference(NamedTuple):
    """A key that does not agree: what the answer has, and what the request says it should be."""

    key: Key
    seen: str
    expected: str


class Candidate(NamedTuple):
    """The message that may be what another one lacks.

    `apart` is the time from the request to the answer in ns, negative where the answer was seen
    first; `sentence` says it all in words.
    """

    row: int
    frame: int
    agrees: tuple[Key, ...]
    differs: tuple[Difference, ...]
    apart: int
    sentence: str


def same_token(asked: Half, answer: Half) -> bool:
    """Equal tokens of a request and a response, and not empty."""
    if not (answer.responds and numbers.is_request(asked.code)):
        return False
    return _token(asked) == _token(answer) and asked.token_length > 0


def _token(half: Half) -> tuple[int, int]:
    return half.token, half.token_length


def same_message_id(asked: Half, answer: Half, lifetime: int) -> bool:
    """Equal Message IDs that mean something.

    Those of ACK and RST do, as long as the number was not given anew. A response of its own has one
    of its own: equal ones are a server's mistake only if it had this request to answer.
    """
    if asked.message_id != answer.message_id or Type.TCP in (asked.type, answer.type):
        return False
    apart = answer.time - asked.time
    if answer.acknowledges:
        return abs(apart) <= 2 * lifetime
    return asked.waits and 0 <= apart <= lifetime and _source(asked, answer)


def _source(asked: Half, answer: Half) -> bool:
    """From the endpoint that was asked; of a group, from any (RFC 7252 clause 8.2)."""
    return asked.destination == answer.source or asked.to_group


def likeness(asked: Half, answer: Half, lifetime: int) -> Likeness | None:
    """How much speaks for this answer to this request; None where it may well be chance."""
    if answer.responds and not numbers.is_request(asked.code):
        return None
    apart = answer.time - asked.time
    if apart < -_EARLIEST and answer.row < asked.row:
        return None
    token, mid = same_token(asked, answer), same_message_id(asked, answer, lifetime)
    source, destination = _source(asked, answer), asked.source == answer.destination
    source_address = source or asked.destination_address == answer.source_address
    destination_address = asked.source_address == answer.destination_address
    in_time = 0 <= apart <= lifetime
    bits = (8 * asked.token_length if token else 0) + (_MESSAGE_ID_BITS if mid else 0)
    if bits < _BITS[source_address, destination_address]:
        return None
    if not in_time and not asked.waits and bits < _BITS_OUT_OF_TIME:
        return None
    if not destination_address and not (asked.waits and in_time):
        return None
    return Likeness(
        source + destination + token + mid,
        source and destination,
        source_address + destination_address,
        asked.waits,
        in_time,
        -abs(apart),
        -asked.row - answer.row,
    )


class Texts(NamedTuple):
    """What the ids of a request or an answer stand for."""

    source: str
    destination: str
    token: bytes


def candidate(
    asked: Half, answer: Half, for_answer: bool, lifetime: int, of_asked: Texts, of_answer: Texts
) -> Candidate:
    """The request as candidate for the answer, or else the answer as candidate for the request."""
    agrees = _agreeing(asked, answer, lifetime)
    differs = _differing(asked, answer, lifetime, of_asked, of_answer)
    found, apart = asked if for_answer else answer, answer.time - asked.time
    words = [
        _shared(asked, answer, agrees, for_answer),
        *_keys_in_words(answer, differs),
        *_time_in_words(asked, answer, differs, lifetime),
    ]
    also = f", answered in frame {asked.answered}" if for_answer and asked.answered else ""
    sentence = f"{', '.join(words)} (frame {found.frame}{also})"
    return Candidate(found.row, found.frame, agrees, differs, apart, sentence)


def _agreeing(asked: Half, answer: Half, lifetime: int) -> tuple[Key, ...]:
    found = {
        Key.SOURCE: _source(asked, answer),
        Key.DESTINATION: asked.source == answer.destination,
        Key.TOKEN: same_token(asked, answer),
        Key.MESSAGE_ID: same_message_id(asked, answer, lifetime),
    }
    return tuple(key for key, agrees in found.items() if agrees)


def _differing(
    asked: Half, answer: Half, lifetime: int, of_asked: Texts, of_answer: Texts
) -> tuple[Difference, ...]:
    apart = answer.time - asked.time
    found = []
    if not _source(asked, answer):
        found.append(Difference(Key.SOURCE, of_answer.source, of_asked.destination))
    if asked.source != answer.destination:
        found.append(Difference(Key.DESTINATION, of_answer.destination, of_asked.source))
    if answer.responds and _token(asked) != _token(answer):
        found.append(Difference(Key.TOKEN, _hex(of_answer.token), _hex(of_asked.token)))
    if answer.acknowledges and asked.message_id != answer.message_id:
        seen, expected = (f"0x{half.message_id:04x}" for half in (answer, asked))
        found.append(Difference(Key.MESSAGE_ID, seen, expected))
    if apart > lifetime:
        found.append(Difference(Key.TIME, seconds(apart), f"at most {seconds(lifetime)}"))
    elif apart < 0:
        found.append(Difference(Key.TIME, seconds(apart), "after the request"))
    elif answer.row < asked.row:
        found.append(Difference(Key.TIME, "before the request in the file", "after the request"))
    return tuple(found)


# In words ---------------------------------------------------------------------------------------


def _shared(asked: Half, answer: Half, agrees: tuple[Key, ...], for_answer: bool) -> str:
    if Key.TOKEN in agrees:
        return "same Token and Message ID" if Key.MESSAGE_ID in agrees else "same Token"
    if Key.MESSAGE_ID in agrees:
        return f"same Message ID 0x{answer.message_id:04x}"
    if for_answer:
        return f"the only unanswered {_noun(asked)} between these endpoints"
    return f"the only {_noun(answer)} without a request between these endpoints"


def _keys_in_words(answer: Half, differs: tuple[Difference, ...]) -> Iterator[str]:
    values = {
        difference.key: f"{difference.seen} instead of {difference.expected}"
        for difference in differs
    }
    if Key.TOKEN in values:
        yield f"but Token {values[Key.TOKEN]}"
    if Key.MESSAGE_ID in values:
        yield f"but Message ID {values[Key.MESSAGE_ID]}"
    ways = ((Key.SOURCE, "from"), (Key.DESTINATION, "to"))
    went = [f"{way} {values[key]}" for key, way in ways if key in values]
    if went:
        yield f"{_verb(answer)} {' and '.join(went)}"


def _time_in_words(
    asked: Half, answer: Half, differs: tuple[Difference, ...], lifetime: int
) -> Iterator[str]:
    apart = answer.time - asked.time
    if apart < 0:
        yield f"{_noun(asked)} seen {seconds(-apart)} after the {_noun(answer)}"
    elif apart > lifetime:
        after = f"{seconds(apart)} after the {_noun(asked)}"
        yield f"but {after}, whose lifetime is {seconds(lifetime)}"
    elif answer.row < asked.row:
        yield f"but the {_noun(answer)} stands before the {_noun(asked)} in the file"
    elif not differs:
        yield f"{seconds(apart)} after the {_noun(asked)}"


def _verb(answer: Half) -> str:
    if answer.responds:
        return "answered"
    return "reset" if answer.type == Type.RST else "acknowledged"


def _noun(half: Half) -> str:
    if half.acknowledges and not half.responds:
        return Type(half.type).name
    if half.code == numbers.EMPTY:
        return "ping"
    return "response" if half.responds else "request"


def _hex(token: bytes) -> str:
    more = "…" if len(token) > _LONGEST_TOKEN else ""
    return f"{token[:_LONGEST_TOKEN].hex()}{more}" or "(empty)"


def seconds(duration: int) -> str:
    """Nanoseconds as `0.4 s`, `13 s`: three digits that count."""
    value = duration / SECOND
    return f"{value:.0f} s" if abs(value) >= 100 else f"{value:.3g} s"
