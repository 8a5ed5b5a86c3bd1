# SPDX-License-Identifier: GPL-2.0-only
"""The rule catalogue: every rule is declared once, by the function that finds its breaches.

`rule` registers a declaration together with its predicate; `defect_rule` registers one whose
breaches the option walk already tells. `explain`, `rules`, the TUI and every report read the same
declaration. A predicate takes one event and the context and yields breaches; it never raises.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Hashable, Iterator
from dataclasses import field
from enum import IntEnum, StrEnum
from functools import cache
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    NamedTuple,
    TypeAlias,
    TypeVar,
    get_args,
    get_type_hints,
)

from analyzer import facts
from analyzer.events import Seen
from dissectors.coap.wire import Defect

if TYPE_CHECKING:
    from analyzer.rules.context import Context
    from analyzer.subjects import Exchange, Flow, Message
    from dissectors.coap.message import Flaw


class Severity(IntEnum):
    """Error: a MUST broken, provable from seen bytes. Warning: a SHOULD, or a MUST whose proof
    rests on what was not seen. Note: worth knowing."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()

    @property
    def glyph(self) -> str:
        """Its sign: a severity is never told by its colour alone."""
        return " ·▲✖"[self]


E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE


class Scope(StrEnum):
    """How much of the capture a rule looks at."""

    MESSAGE = "message"
    EXCHANGE = "exchange"
    CONVERSATION = "conversation"


class Rule(NamedTuple):
    """One rule as users see it.

    `causes` are rules whose breach, by the same message or in the same exchange, explains a breach
    of this one. `absence`: what breaks it is something that was not seen, so it is no error.
    """

    id: str
    severity: Severity
    scope: Scope
    spec: str
    clause: str
    title: str
    what: str
    why: str
    bad: str
    good: str
    fix: str
    since: str = "0.1"
    profiles: tuple[tuple[str, Severity | None], ...] = ()
    strict: Severity | None = None
    causes: tuple[str, ...] = ()
    absence: bool = False

    def severity_in(self, profile: str, strict: bool = False) -> Severity | None:
        """Severity under a spec profile, and under a transmission profile that is strict or not;
        None when the rule is off there."""
        severity = dict(self.profiles).get(profile, self.severity)
        return self.strict if strict and severity and self.strict else severity

    @property
    def reference(self) -> str:
        """`RFC 7252 4.2`, `TS 24.538 6.3.1.1.1 a)`, or `capture`."""
        return f"{self.spec} {self.clause}".strip()

    @property
    def link(self) -> str:
        """Where the clause can be read; nothing for facts about the capture."""
        document, _, number = self.spec.partition(" ")
        if document == "RFC":
            return f"https://www.rfc-editor.org/rfc/rfc{number}#section-{self.clause}"
        if document == "TS":
            return f"https://www.3gpp.org/dynareport/{number.replace('.', '')}.htm"
        draft = document.startswith("draft-")
        return f"https://datatracker.ietf.org/doc/html/{document}" if draft else ""


class Alike(NamedTuple):
    """A group of all breaches in a flow that are of one kind. What is of the same form there, by an
    event that is told once per form, is only counted from then on."""

    flow: Flow
    kind: Hashable = None


class Breach(NamedTuple):
    """One place where a rule is broken, as its predicate tells it.

    `span` is the offending byte range in the CoAP message of `message`, `within` one in its payload
    or in the body that came in blocks; `group` makes breaches with an equal group one finding with
    a count; `frames` are further frames that matter; `flow` is the number of the protected flow it
    is about, 0 for none.
    """

    text: str
    message: Message | None = None
    seen: str = ""
    expected: str = ""
    span: tuple[int, int] | None = None
    within: tuple[int, int] | None = None
    severity: Severity | None = None
    exchange: Exchange | None = None
    frame: int = 0
    frames: tuple[int, ...] = ()
    ue: str = ""
    group: Hashable = None
    rule: str = ""
    flow: int = 0


Predicate: TypeAlias = "Callable[[Any, Context], Iterator[Breach]]"
_Found = TypeVar("_Found", bound="Callable[[Any, Any], Iterator[Breach]]")
Adjust: TypeAlias = "Callable[[Message, Flaw, Context], Severity | None]"


class Judgement(NamedTuple):
    """A predicate, the rule its breaches break unless they name another, and when to ask it: of a
    message (`Seen`) only if one of the bits `when` of facts.FLAGS is set. It `reads_values` that
    are no part of a form (forms.py)."""

    rule: Rule | None
    predicate: Predicate
    when: int
    reads_values: bool


RULES: Final[dict[str, Rule]] = {}
"""Every rule by id, in catalogue order; filled by `load`, read-only after."""

PREDICATES: Final[dict[type, list[Judgement]]] = {}
"""Predicates by the type of event they judge."""


class DefectRule(NamedTuple):
    """A rule whose breach is a defect of the option walk; `says` and `expected` are templates.
    Of the options `but_for`, rules of their own tell more."""

    rule: Rule
    says: str
    expected: str
    adjust: Adjust | None = field(default=None)
    but_for: frozenset[int] = frozenset()


DEFECT_RULES: Final[dict[Defect, DefectRule]] = {}

_AREAS: Final = (
    "capture",
    "lower_layers",
    "streams",
    "secured",
    "unopened",
    "akma",
    "framing",
    "tokens",
    "codes",
    "options",
    "option_use",
    "uri",
    "proxying",
    "content_format",
    "payload",
    "link_format",
    "conditional",
    "block_options",
    "block_sizes",
    "q_block",
    "observe_options",
    "no_response",
    "group_requests",
    "oscore",
    "oscore_outside",
    "oscore_sequence",
    "edhoc",
    "signalling",
    "message_layer",
    "retransmission",
    "acknowledgement",
    "repeated_answers",
    "orphans",
    "reuse",
    "patience",
    "request_response",
    "methods",
    "critical_options",
    "conditional_responses",
    "group_responses",
    "asking_again",
    "blockwise",
    "block_responses",
    "block_sequence",
    "block_representation",
    "q_block_bodies",
    "notifications",
    "observation_ends",
    "registering",
    "proxy_loops",
    "registration_request",
    "registration_elements",
    "registration_response",
    "registration_response_elements",
    "registration_history",
)


def rule(
    id: str,
    severity: Severity,
    scope: Scope,
    spec: str,
    clause: str,
    *,
    profiles: str = "",
    strict: Severity | None = None,
    causes: tuple[str, ...] = (),
    absence: bool = False,
    when: int = 0,
    reads_values: bool = False,
    **texts: str,
) -> Callable[[_Found], _Found]:
    """Declare a rule; the decorated predicate's `event` annotation tells which events it judges,
    `when` which messages (facts.FLAGS), so that nobody looks at the others. `reads_values`: its
    verdict on a message (`Formed`) depends on the bytes of a path, a host, a Proxy-Uri or a
    payload.

    `profiles` gives the severities of other spec profiles, as in "rel17=W rel18=-"; `strict` that
    of a breach of transmission parameters where these are agreed upon (gate G-PARAM); `causes` and
    `absence` are those of `Rule`.
    """
    declared = declare(
        id,
        severity,
        scope,
        spec,
        clause,
        profiles=profiles,
        strict=strict,
        causes=causes,
        absence=absence,
        **texts,
    )

    def register(function: _Found) -> _Found:
        _register(declared, function, when, reads_values)
        return function

    return register


def predicate(*, when: int = 0, reads_values: bool = False) -> Callable[[_Found], _Found]:
    """Register a predicate of several declared rules: each of its breaches names its own."""

    def register(function: _Found) -> _Found:
        _register(None, function, when, reads_values)
        return function

    return register


def _register(declared: Rule | None, function: Predicate, when: int, reads_values: bool) -> None:
    asked = get_type_hints(function)["event"]
    for event in get_args(asked) or (asked,):
        if (event is Seen) != bool(when):
            raise TypeError(f"{function.__name__}: `when` is for rules on messages; they need it")
        PREDICATES.setdefault(event, []).append(Judgement(declared, function, when, reads_values))


def rules_on(*events: type) -> frozenset[str]:
    """Ids of the rules that judge events of these types."""
    judgements = (judgement for event in events for judgement in PREDICATES.get(event, ()))
    return frozenset(judgement.rule.id for judgement in judgements if judgement.rule)


def asked_of_messages() -> int:
    """Bits of facts.FLAGS that rules ask for."""
    bits = facts.DEFECT if DEFECT_RULES else 0
    for judgement in PREDICATES[Seen]:
        bits |= judgement.when
    return bits


def declare(
    id: str,
    severity: Severity,
    scope: Scope,
    spec: str,
    clause: str,
    *,
    profiles: str = "",
    strict: Severity | None = None,
    causes: tuple[str, ...] = (),
    absence: bool = False,
    **texts: str,
) -> Rule:
    """Add a rule to the catalogue; its breaches are found by another rule's predicate."""
    if id in RULES:
        raise ValueError(f"rule {id} is declared twice")
    letters = {"E": E, "W": W, "N": N, "-": None}
    others = tuple(
        (name, letters[letter]) for name, letter in (p.split("=") for p in profiles.split())
    )
    declared = Rule(
        id,
        severity,
        scope,
        spec,
        clause,
        profiles=others,
        strict=strict,
        causes=causes,
        absence=absence,
        **texts,
    )
    RULES[id] = declared
    return declared


def defect_rule(
    defect: Defect,
    id: str,
    severity: Severity,
    spec: str,
    clause: str,
    *,
    says: str,
    expected: str,
    adjust: Adjust | None = None,
    but_for: frozenset[int] = frozenset(),
    **texts: str,
) -> None:
    """Declare a rule that every occurrence of `defect` breaks.

    `says` and `expected` may use {option}, {number}, {detail}, {bytes} and {code}, and, of an
    option, {length} and {allowed}; `adjust` may change the severity of one flaw; of the options
    `but_for`, rules of their own tell.
    """
    declared = declare(
        id, severity, Scope.MESSAGE, spec, clause, strict=None, causes=(), absence=False, **texts
    )
    DEFECT_RULES[defect] = DefectRule(declared, says, expected, adjust, but_for)


@cache
def load() -> dict[str, Rule]:
    """Import every area once; the whole catalogue."""
    for area in _AREAS:
        importlib.import_module(f"analyzer.rules.{area}")
    return RULES
