# SPDX-License-Identifier: GPL-2.0-only
"""Which exchanges are MSGin5G registrations, and what each UE did before.

A request is a registration when its body names one in Message Type; or, where that element is
missing or unreadable, when a POST has elements only a registration has, its answer carries a
Registration result, or it goes to a path that this capture shows to be used by registrations and
by nothing else (spec/rules: never by port or path alone). What cannot be told at the request is
decided at its answer, or when none came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from analyzer.endpoints import Endpoint
from analyzer.events import Acknowledged, Event, Match, Responded, Seen, Unanswered
from analyzer.exchanges.model import Exchange
from analyzer.messages import Message, Role
from dissectors.coap import numbers
from dissectors.coap.numbers import Type
from dissectors.msgin5g.elements import MessageType, registration_only

_MOST_UES: Final = 1 << 17
_MOST_ENDPOINTS: Final = 16
_MOST_UNDECIDED: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class RegistrationRequested:
    """A request that is a registration; `by` says what shows it."""

    exchange: Exchange
    by: str

    @property
    def message(self) -> Message:
        return self.exchange.request


@dataclass(frozen=True, slots=True)
class RegistrationAnswered:
    """The first response to a registration; `stood` when the UE was registered already."""

    exchange: Exchange
    message: Message
    match: Match
    stood: bool


@dataclass(frozen=True, slots=True)
class UeMoved:
    """A UE Service ID continues from another endpoint; `gap` in ns since it was last seen."""

    message: Message
    ue: str
    before: Endpoint
    gap: int


@dataclass(frozen=True, slots=True)
class UeCollision:
    """A UE Service ID registers from an endpoint it had left for another."""

    message: Message
    ue: str
    other: Endpoint


RegistrationEvent: TypeAlias = RegistrationRequested | RegistrationAnswered | UeMoved | UeCollision


@dataclass(slots=True)
class _Ue:
    """What was seen of one UE Service ID."""

    endpoint: Endpoint
    server: Endpoint
    last: int
    registered: bool = False
    registered_from: list[Endpoint] = field(default_factory=list)


class Registrations:
    """Follows events and yields what they mean for registrations, before each is judged."""

    def __init__(self, configured_path: str = "") -> None:
        self._configured = "/" + configured_path.strip("/") if configured_path else ""
        self._undecided: dict[Exchange, None] = {}
        self._paths: dict[tuple[Endpoint, str], bool] = {}
        self._ues: dict[str, _Ue] = {}

    def follow(self, event: Event) -> Iterator[RegistrationEvent]:
        """Registration events that this event brings."""
        match event:
            case Seen(message) if message.role == Role.REQUEST and message.exchange is not None:
                yield from self._request(message, message.exchange)
            case Responded(exchange, message, found):
                yield from self._response(exchange, message, found)
            case Unanswered(exchange):
                yield from self._decide(exchange, None)
            case Acknowledged(sent, message) if message.type == Type.RST and sent.exchange:
                yield from self._decide(sent.exchange, None)

    def _request(self, message: Message, exchange: Exchange) -> Iterator[RegistrationEvent]:
        if message.protected or message.in_blocks or message.nat_leg_of is not None:
            return
        kind = message.message_type
        exchange.message_type = kind
        exchange.ue = message.ue_service_id
        if kind == MessageType.REG:
            yield from self._register(exchange, "Message Type")
            return
        if kind:
            self._learn_path(message, registration=False)
            yield from self._moved(message)
            return
        if message.code != numbers.POST or message.path == "/akma":
            return
        telling = sorted(name for name in registration_only() if message.elements.tells(name))
        if telling:
            yield from self._register(exchange, telling[0])
        elif message.path == self._configured:
            yield from self._register(exchange, "configured path")
        else:
            self._undecided[exchange] = None
            if len(self._undecided) > _MOST_UNDECIDED:
                del self._undecided[next(iter(self._undecided))]

    def _response(
        self, exchange: Exchange, message: Message, match: Match
    ) -> Iterator[RegistrationEvent]:
        yield from self._decide(exchange, message)
        exchange.ue = exchange.ue or message.ue_service_id
        first = exchange.response is message
        ue = self._ues.get(exchange.ue)
        if exchange.registration and first:
            stood = ue is not None and ue.registered
            yield RegistrationAnswered(exchange, message, match, stood)
            result = message.elements.values.get("registration_result", "success")
            if ue is not None and message.code >> 5 == 2 and result == "success":
                ue.registered = True
        elif exchange.message_type == MessageType.DEREG and ue is not None:
            ue.registered = ue.registered and message.code >> 5 != 2

    def _decide(self, exchange: Exchange, answer: Message | None) -> Iterator[RegistrationEvent]:
        """Settle a POST that did not say what it is."""
        if exchange not in self._undecided:
            return
        del self._undecided[exchange]
        request = exchange.request
        if answer is not None and answer.elements.tells("registration_result"):
            exchange.ue = exchange.ue or answer.ue_service_id
            yield from self._register(exchange, "Registration result in the answer")
        elif self._paths.get((request.destination, request.path)) and self._unreadable(request):
            yield from self._register(exchange, "path used by registrations alone")
        elif request.elements.values:
            self._learn_path(request, registration=False)

    @staticmethod
    def _unreadable(request: Message) -> bool:
        """The body cannot contradict: there is none, or no JSON object in it."""
        return not request.coap.payload or not request.document.is_object

    def _register(self, exchange: Exchange, by: str) -> Iterator[RegistrationEvent]:
        message = exchange.request
        exchange.registration = True
        exchange.message_type = MessageType.REG
        if by == "Message Type" or by in registration_only():
            self._learn_path(message, registration=True)
        yield RegistrationRequested(exchange, by)
        yield from self._moved(message)
        ue = self._ues.get(exchange.ue)
        if ue is None:
            return
        left = message.source in ue.registered_from[:-1]
        if left and ue.registered_from[-1] != message.source:
            yield UeCollision(message, exchange.ue, ue.registered_from[-1])
        if not ue.registered_from or ue.registered_from[-1] != message.source:
            ue.registered_from.append(message.source)
            del ue.registered_from[:-_MOST_ENDPOINTS]

    def _moved(self, message: Message) -> Iterator[RegistrationEvent]:
        """Follow a UE's endpoint; a server that forwards for a UE is not the UE."""
        name = message.ue_service_id
        if not name:
            return
        ue = self._ues.get(name)
        if ue is None:
            if len(self._ues) < _MOST_UES:
                self._ues[name] = _Ue(message.source, message.destination, message.time)
            return
        if ue.server != message.destination:
            return
        if ue.endpoint != message.source:
            yield UeMoved(message, name, ue.endpoint, message.time - ue.last)
        ue.endpoint, ue.last = message.source, message.time

    def _learn_path(self, message: Message, registration: bool) -> None:
        """Once seen with anything else, a path proves nothing any more."""
        key = (message.destination, message.path)
        if len(self._paths) < _MOST_UES or key in self._paths:
            self._paths[key] = registration and self._paths.get(key, True)
