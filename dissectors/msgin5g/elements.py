# SPDX-License-Identifier: GPL-2.0-only
"""MSGin5G information elements and Message Types as data (`elements.toml`).

A JSON key finds its element by its letters and digits alone; the value of an element with known
meanings (Message Type, Registration result, ...) is read to its meaning. TS 24.538 clauses 6.3.1
and 7.1, TS 23.554 clause 8; spellings are assumptions until the published names are known.
"""

from __future__ import annotations

import tomllib
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
    """One information element: its canonical name, the seed's spelling, how JSON may carry it."""

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
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()

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


@cache
def _by_letters() -> dict[str, Element]:
    table: dict[str, Element] = {}
    for element in elements().values():
        for letters in (normalise(element.title), *element.aliases):
            table.setdefault(letters, element)
    return table


def element_of(key: str) -> Element | None:
    """The element a JSON key names, None when no profile knows it."""
    return _by_letters().get(normalise(key))


def is_alias(element: Element, key: str) -> bool:
    """The key spells the element otherwise than its title does, upper and lower case aside."""
    return key.strip().lower() != element.title.lower()


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
