# SPDX-License-Identifier: GPL-2.0-only
"""Spec profiles: which release's wording a capture is judged by, and what the user made of it.

The catalogue declares each rule's severity in the releases; a profile begins with one of these
(`base`) and overrides. Constraints on elements begin with those of the change request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from dissectors.coap.media_types import FORMAT_SETS
from dissectors.coap.wire import OptionTable, option_table
from dissectors.msgin5g.constraints import SCHEMAS, Demands, Presence, presence_in
from dissectors.msgin5g.elements import Element, Vocabulary, vocabulary
from dissectors.msgin5g.payload import MAX_DEPTH

SEED: Final = "seed"

OFF: Final = "off"
SEVERITIES: Final = ("error", "warning", "note", OFF)
"""What a rule's severity may be."""

_PATTERNS: Final = 1024


@lru_cache(_PATTERNS)
def pattern(text: str) -> re.Pattern[str]:
    """Of a glob in which `*` stands for any text and `?` for a character: brackets are those of
    IPv6 addresses. What it is matched against comes from packets, so it never goes back on a `*`.
    """
    first, *others = (re.escape(piece).replace(r"\?", ".") for piece in text.split("*"))
    between = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    last = f".*{others[-1]}" if others else ""
    return re.compile(first + between + last, re.DOTALL)


def is_glob(text: str) -> bool:
    """The text may stand for several."""
    return "*" in text or "?" in text


class Override(NamedTuple):
    """The severity of every rule that a glob matches."""

    rules: str
    severity: str


class Ignore(NamedTuple):
    """Findings that do not count: of these rules, and about this endpoint, and about this UE, all
    of them globs. `who` is an endpoint or a UE."""

    rule: str = "*"
    endpoint: str = "*"
    ue: str = "*"
    who: str = "*"
    reason: str = ""


class Settings(NamedTuple):
    """What rows of the rule catalogue leave to a setting.

    `any_indicator`: whatever it says, an indicator needs an interval (6.3.1.1.1 d)5)iv) literally).
    `registration_like`: a Message Type that speaks of registering is as good as REG.
    `json_depth`: deeper nesting is told.
    """

    any_indicator: bool = False
    registration_like: bool = True
    json_depth: int = MAX_DEPTH


class Constraint(NamedTuple):
    """What a profile says of an element in a message; empty where it says nothing."""

    presence: Presence | None = None
    types: tuple[str, ...] = ()


class Spelling(NamedTuple):
    """What a profile says of an element's member names; empty where it says nothing."""

    name: str = ""
    aliases: tuple[str, ...] = ()


_SETTINGS: Final = Settings()


@dataclass(frozen=True)
class SpecProfile:
    """A spec profile; `constraints` are by message and element, `overrides` the later the stronger.

    `base` is the release in whose column the catalogue's severities are read. What switches say
    beside severities: `strict` (gate G-PARAM), `translated` addresses (gate G-NAT), options that
    peers know by `numbers.OPTION_SETS`, and Content-Formats by `media_types.FORMAT_SETS`.
    """

    name: str = SEED
    description: str = ""
    base: str = SEED
    switches: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    settings: Settings = _SETTINGS
    spellings: dict[str, Spelling] = field(default_factory=dict)
    constraints: dict[tuple[str, str], Constraint] = field(default_factory=dict)
    ignores: tuple[Ignore, ...] = ()
    strict: bool = False
    translated: bool = False
    option_sets: tuple[str, ...] = ()
    format_sets: tuple[str, ...] = ()

    @cached_property
    def options(self) -> OptionTable:
        """The options that peers know."""
        return option_table(*self.option_sets)

    @cached_property
    def content_formats(self) -> frozenset[int]:
        """Content-Formats that peers know beside those registered."""
        return frozenset(number for name in self.format_sets for number in FORMAT_SETS[name])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The elements by the spellings of the profile."""
        if not self.spellings:
            return vocabulary()
        keys = {name: spelling.name for name, spelling in self.spellings.items() if spelling.name}
        aliases = {name: spelling.aliases for name, spelling in self.spellings.items()}
        return vocabulary().respelt(keys, aliases)

    @cached_property
    def demands(self) -> dict[str, Demands]:
        """What each message has to hold, where that is not as in its schema's file."""
        found: dict[str, Demands] = {}
        for message in SCHEMAS:
            changed = {
                name: presence
                for name, before in presence_in(message).items()
                if (presence := self.constraint(message, name).presence) not in (None, before)
            }
            literally = self.settings.any_indicator and message == "registration_request"
            demands = Demands(tuple((k, v) for k, v in changed.items() if v), literally)
            found[message] = demands
        return found

    def constraint(self, message: str, element: str) -> Constraint:
        """What the profile says of an element in a message."""
        return self.constraints.get((message, element), Constraint())

    def types(self, message: str, element: Element) -> tuple[str, ...]:
        """JSON types that can carry an element in a message."""
        return self.constraint(message, element.name).types or element.types

    def presence(self, message: str) -> Iterator[tuple[str, Presence]]:
        """Whether each element that a message carries has to be there."""
        for name, before in presence_in(message).items():
            yield name, self.constraint(message, name).presence or before

    def severity_of(self, rule: str) -> str:
        """The severity of a rule by override, `""` where there is none: one that names the rule,
        else the last whose glob matches."""
        exact = [o.severity for o in self.overrides if o.rules == rule]
        globs = [o.severity for o in self.overrides if pattern(o.rules).fullmatch(rule)]
        return (exact or globs or [""])[-1]
