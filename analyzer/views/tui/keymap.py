# SPDX-License-Identifier: GPL-2.0-only
"""Keys as the user wants them: which of the wishes can be, and what is wrong with the others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple, TypeAlias

from textual.binding import Binding
from textual.keys import (
    KEY_NAME_REPLACEMENTS,
    Keys,
    _get_unicode_name_from_key,
    _normalize_key_list,
)

from analyzer.profiles.toml import nearest

Places: TypeAlias = "Sequence[tuple[str, Sequence[Binding]]]"
"""Bindings by the heading of where they work, as the help has them."""

_MODIFIERS: Final = frozenset(("ctrl", "alt", "shift", "super", "hyper", "meta"))
_NAMED: Final = frozenset(key.value for key in Keys) | frozenset(KEY_NAME_REPLACEMENTS.values())
_SAME: Final = {"ctrl+m": "enter", "ctrl+i": "tab", "ctrl+left_square_bracket": "escape"}
"""What terminals cannot tell apart."""
_WITH_CTRL: Final = frozenset(("at", "backslash", "circumflex_accent", "underscore", "space"))
_MOST_SHOWN: Final = 60


class Keymap(NamedTuple):
    """Keys by the id of a binding, as Textual wants them, and what could not be done."""

    keys: Mapping[str, str]
    problems: list[str]


def keymap(wanted: Mapping[str, str], places: Places) -> Keymap:
    """The keys a user wants. A key that does two things in one place does the one it was given
    for; keys of other places are their own affair."""
    known = {binding.id for _, bindings in places for binding in bindings if binding.id}
    keys, problems = {}, []
    for name, listed in wanted.items():
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else "msgshark keys lists them"
            problems.append(f"keys: no binding {name[:_MOST_SHOWN]}; {hint}")
            continue
        good = []
        for key in filter(None, map(str.strip, _normalize_key_list(listed).split(","))):
            reason = refusal(key)
            if reason:
                problems.append(f"keys: {name}: {reason}")
            else:
                good.append(_SAME.get(key, key))
        if good:
            keys[name] = ",".join(good)
    problems += _clashes(keys, places)
    return Keymap(keys, problems)


def refusal(key: str) -> str:
    """Why nobody can press a key, "" for one that can be pressed."""
    *modifiers, base = key.split("+")
    shown = key[:_MOST_SHOWN]
    if not set(modifiers) <= _MODIFIERS or not _is_key(base):
        near = nearest(base, _NAMED)
        return f"no key {shown}; " + (f"did you mean {near}?" if near else "write ctrl+x, f5, A")
    letter = len(base) == 1 and base.isalpha()
    if "shift" in modifiers and letter and len(modifiers) == 1:
        return f"terminals send no {shown}; write {base.upper()}"
    if "ctrl" in modifiers and key not in _SAME:
        named = len(base) > 1 and base in {one.value for one in Keys} and base not in _PRINTED
        plain = len(modifiers) == 1 and (letter or base in _WITH_CTRL or key in _NAMED)
        if not (named or plain or "alt" in modifiers):
            return f"terminals send no {shown}; take a letter with ctrl, or a key without it"
    return ""


_PRINTED: Final = frozenset(("backslash", "space", "at"))


def _is_key(base: str) -> bool:
    if len(base) == 1 or base in _NAMED:
        return base.isprintable() and bool(base.strip())
    try:
        unicodedata.lookup(_get_unicode_name_from_key(base).replace("_", " "))
    except (KeyError, ValueError):
        return False
    return True


def _clashes(keys: Mapping[str, str], places: Places) -> Iterator[str]:
    """Keys that would do two things in one place, of which the user gave them one."""
    for place, bindings in places:
        named = {binding.id: binding for binding in bindings if binding.id}
        held = {name: set(_held(binding, keys)) for name, binding in named.items()}
        for first, second in combinations(named, 2):
            for key in sorted(held[first] & held[second]):
                if first in keys and second in keys:
                    yield f"keys: {key} is both {first} and {second} ({place})"
                elif first in keys or second in keys:
                    given, other = (first, second) if first in keys else (second, first)
                    yield f"keys: {key} is {given} now, and {other} no more ({place})"


def _held(binding: Binding, keys: Mapping[str, str]) -> Iterable[str]:
    return _normalize_key_list(keys.get(binding.id or "", binding.key)).split(",")


def current(binding: Binding, keys: Mapping[str, str]) -> list[str]:
    """The keys of a binding as they are now."""
    return keys.get(binding.id or "", binding.key).split(",")
