# SPDX-License-Identifier: GPL-2.0-only
"""MSGin5G information elements and Message Types as data (`elements.toml`).

A JSON key finds its element by its letters and digits alone; the value of an element with known
meanings (Message Type, Registration result, ...) is read to its meaning. TS 24.538 clauses 6.3.1
and 7.1, TS 23.554 clause 8; spellings are assumptions until the published names are known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple


class MessageType(StrEnum):
    """Values of the Message Type element, TS 24.538 clause 7.1."""

    REG = "REG"
    DEREG = "DEREG"
    MSG = "MSG"
    MSGRESP = "MSGRESP"
    IMDN = "IMDN"
    SEGREC = "SEGREC"
    SEGCONFIR = "SEGCONFIR"


MESSAGE_TYPE_NAMES: Final = {
    MessageType.REG: "Registration",
    MessageType.DEREG: "Deregistration",
    MessageType.MSG: "Message",
    MessageType.MSGRESP: "Message response",
    MessageType.IMDN: "Delivery status report",
    MessageType.SEGREC: "Segment recovery",
    MessageType.SEGCONFIR: "Segments received confirmation",
}

_CACHED: Final = 1024
"""Spellings remembered: a capture uses few, a hostile one must not fill the memory."""


class Element(NamedTuple):
    """One information element: its canonical name, the seed's spelling, how JSON may carry it.

    `key` is its member name in the spec profile, where that is not the title.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    types: tuple[str, ...]
    clause: str
    inside: str = ""
    only: str = ""
    common: tuple[str, ...] = ()
    container: bool = False
    open: bool = False
    secret: bool = False
    public: bool = False
    identity: bool = False
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    key: str = ""

    @property
    def spelling(self) -> str:
        """Its member name as it should be."""
        return self.key or self.title

    @property
    def spellings(self) -> tuple[str, ...]:
        """Letters and digits of every member name taken for it, the right one first."""
        return tuple(dict.fromkeys((*map(normalise, (self.spelling, self.title)), *self.aliases)))

    def meaning(self, value: object) -> object:
        """The value read to its meaning where one is known, else the value as it is."""
        if not isinstance(value, str | bool | int) or not self.values:
            return value
        letters = normalise(str(value))
        for meaning, spellings in self.values:
            if letters in spellings:
                return meaning
        if self.name == "message_type" and isinstance(value, str):
            return registration_text(letters) or value
        return value


@lru_cache(_CACHED)
def normalise(text: str) -> str:
    """Lower-case ASCII letters and digits of `text`: how keys and values are compared."""
    return "".join(c for c in text.lower() if c.isascii() and c.isalnum())


def registration_text(letters: str) -> str:
    """REG or DEREG for a text that speaks of one (profile seed takes any registration-like value).

    Bulk registration is another message (TS 23.554 clause 8.2.7), so it is neither.
    """
    if "bulk" in letters:
        return ""
    if "dereg" in letters or "unreg" in letters:
        return MessageType.DEREG.value
    return MessageType.REG.value if letters.startswith("reg") or "regist" in letters else ""


@cache
def elements() -> dict[str, Element]:
    """Every element by canonical name, in catalogue order."""
    text = Path(__file__).with_name("elements.toml").read_text("utf-8")
    return {name: _element(name, entry) for name, entry in tomllib.loads(text).items()}


def _element(name: str, entry: dict[str, Any]) -> Element:
    values = entry.pop("values", {})
    entry["aliases"] = tuple(entry["aliases"])
    entry["types"] = tuple(entry["types"])
    entry["common"] = tuple(entry.get("common", ()))
    return Element(name, values=tuple((k, tuple(v)) for k, v in values.items()), **entry)


class Vocabulary:
    """Every element by canonical name, under the spellings of a spec profile."""

    def __init__(self, elements: Mapping[str, Element]) -> None:
        self.elements = elements
        self._by_letters: dict[str, Element] = {}
        for element in elements.values():
            for letters in element.spellings:
                self._by_letters.setdefault(letters, element)

    def element_of(self, key: str) -> Element | None:
        """The element a JSON key names, None when no profile knows it."""
        return self._by_letters.get(normalise(key))

    def respelt(
        self, keys: Mapping[str, str], aliases: Mapping[str, tuple[str, ...]]
    ) -> Vocabulary:
        """With other member names, and further aliases, of elements by name."""
        return Vocabulary(
            {
                name: element._replace(
                    key=keys.get(name, element.key),
                    aliases=(*element.aliases, *map(normalise, aliases.get(name, ()))),
                )
                for name, element in self.elements.items()
            }
        )


@cache
def vocabulary() -> Vocabulary:
    """The spellings of `elements.toml` alone."""
    return Vocabulary(elements())


_IN_FORCE: ContextVar[Vocabulary | None] = ContextVar("vocabulary", default=None)


@contextmanager
def speaking(words: Vocabulary) -> Iterator[None]:
    """Scapy dissects without arguments: its layers take the vocabulary in force around them."""
    before = _IN_FORCE.set(words)
    try:
        yield
    finally:
        _IN_FORCE.reset(before)


def in_force() -> Vocabulary:
    """The vocabulary of `speaking`, else that of `elements.toml`."""
    return _IN_FORCE.get() or vocabulary()


def element_of(key: str) -> Element | None:
    """The element a JSON key names in the vocabulary of `elements.toml`."""
    return vocabulary().element_of(key)


def is_alias(element: Element, key: str) -> bool:
    """The key spells the element otherwise than it should, upper and lower case aside."""
    return key.strip().lower() != element.spelling.lower()


@cache
def registration_only() -> frozenset[str]:
    """Elements that only a registration request has."""
    return frozenset(e.name for e in elements().values() if e.only == "registration")


@cache
def holders() -> frozenset[str]:
    """Elements whose members are elements of their own (containers that are not opened)."""
    return frozenset(
        e.inside for e in elements().values() if e.inside and not elements()[e.inside].container
    )
