# SPDX-License-Identifier: GPL-2.0-only
"""Information elements -> JSON text, along the text they were read from.

Order, nesting, spelling and unchanged values stay as they were; a new member gets the seed's name
and stands where the seed puts it. No Scapy. TS 24.538 clause 6.3.1.1.1 d).
"""

from __future__ import annotations

import json
from typing import Any, Final

from dissectors.json_scan import Kind
from dissectors.msgin5g.elements import Element, Vocabulary, elements, holders
from dissectors.msgin5g.payload import Document, Elements, Value, read_elements


class Null:
    """JSON null, where None already says that the member is absent."""

    def __repr__(self) -> str:
        return "NULL"

    def __bool__(self) -> bool:
        return False

    def __deepcopy__(self, memo: dict[int, Any]) -> Null:
        return self  # there is one null, as there is one None

    def command(self, json: bool = False) -> str | None:
        """As Scapy's command() and json() write it."""
        return None if json else "NULL"


NULL: Final = Null()


def is_part(element: Element) -> bool:
    """The element is part of an open one's value (a credential) and never stands for itself."""
    return element.inside in elements() and elements()[element.inside].open


def element_names(found: Elements) -> dict[int, str]:
    """Element name by where its member starts; parts of open elements are left out."""
    names = {}
    for path, (start, _) in found.spans.items():
        holder, dot, part = path.partition(".")
        if not dot or not elements()[holder].open:
            names[start] = part if dot else holder
    return names


def is_opened(element: Element, member: Value) -> bool:
    """The member's own members are elements, not the member as a whole."""
    opened = element.container or _surrounds(element)
    return opened and member.kind == Kind.OBJECT


def _surrounds(element: Element) -> bool:
    """Elements that belong inside this one are written there."""
    return element.name in holders() and not element.open


def write(
    elements_given: dict[str, Any],
    others_given: dict[str, Any],
    template: Document,
    words: Vocabulary | None = None,
) -> bytes:
    """JSON text of elements by name and other members by key; `words` spell the template.

    Members of the template stand in place, without those no longer given; new ones at the end.
    """
    given, others = dict(elements_given), dict(others_given)
    root = template.root
    names = element_names(read_elements(template, words))
    parts: list[str] = []
    if root is not None and root.kind == Kind.OBJECT:
        parts = _members_in_place(root, names, given, others)
    parts += _new_members(given, "") + [f"{_text(key)}:{_text(v)}" for key, v in others.items()]
    return ("{" + ",".join(parts) + "}").encode("utf-8", "surrogatepass")


def _members_in_place(
    container: Value, names: dict[int, str], given: dict[str, Any], others: dict[str, Any]
) -> list[str]:
    """Members of a container with their present values; takes what it writes from the givens."""
    parts = []
    for member in container.children:
        key = member.key or ""
        element = elements().get(names.get(member.span[0], ""))
        if element is not None and is_opened(element, member):
            inside = _members_in_place(member, names, given, others)
            inside += _new_members(given, element.name) if _surrounds(element) else []
            parts.append(f"{_text(key)}:{_around(inside, given.pop(element.name, {}))}")
        elif element is not None and element.name in given:
            parts.append(f"{_text(key)}:{_member_text(member, given.pop(element.name))}")
        elif key in others:
            parts.append(f"{_text(key)}:{_member_text(member, others.pop(key))}")
        elif element is None and member.kind == Kind.OBJECT:
            # Given again elsewhere, which is what counts; but its own members may count.
            inside = _members_in_place(member, names, given, others)
            parts += [f"{_text(key)}:{_around(inside, {})}"] if inside else []
    return parts


def _new_members(given: dict[str, Any], inside: str) -> list[str]:
    """Members for the elements left over, by the seed's names, where the seed puts them."""
    parts = []
    for element in elements().values():
        if (element.inside if element.inside in holders() else "") != inside:
            continue
        if _surrounds(element):
            parts += _new_holder(element, given)
        elif element.name in given:
            parts.append(f"{_text(element.title)}:{_text(given.pop(element.name))}")
    return parts


def _new_holder(element: Element, given: dict[str, Any]) -> list[str]:
    """Communication Availability around its members, with what the user put into it himself."""
    value = given.pop(element.name, None)
    inside = _new_members(given, element.name)
    if value is None and not inside:
        return []
    return [f"{_text(element.title)}:{_around(inside, {} if value is None else value)}"]


def _around(inside: list[str], value: Any) -> str:
    """An object of members and what a person put beside them; what is no object replaces them."""
    if not isinstance(value, dict):
        return _text(value)
    own = [f"{_text(key)}:{_text(item)}" for key, item in value.items()]
    return "{" + ",".join(inside + own) + "}"


def _member_text(member: Value, value: Any) -> str:
    """The value; as it was written where it has not changed (1e3 stays 1e3)."""
    text = _text(value)
    unchanged = member.raw and text == _text(member.python())
    return member.raw.decode("utf-8", "replace") if unchanged else text


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    """What JSON has no type for: NULL, bytes, whatever a person put there."""
    if isinstance(value, Null):
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
