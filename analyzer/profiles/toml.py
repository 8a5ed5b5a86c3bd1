# SPDX-License-Identifier: GPL-2.0-only
"""Profiles as TOML files: what all kinds of them share, above all how a bad one is refused.

A JSON Schema says what a file may hold. tomllib gives no lines for values, so the line of a key is
looked for once something is wrong with it. What is wrong is told in the schema's `x-expected`.
"""

from __future__ import annotations

import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

MOST_BYTES: Final = 1 << 16
"""A file may be this large."""

FOLDER: Final = Path(__file__).parent

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_MOST_LINES: Final = 100
_MOST_FLAWS: Final = 8
_MOST_SHOWN: Final = 40


class ProfileError(Exception):
    """There is no such profile, or its file is refused; the text is one line for the user."""


Keys: TypeAlias = tuple[str | int, ...]
"""Keys, and indices of arrays, from the root of a document to a value."""


class Flaw(NamedTuple):
    """What is wrong with the value of a key, or with the key itself."""

    path: Keys
    reason: str


class Kind(NamedTuple):
    """One kind of profiles: what it is called, its command, the names shipped, its schema's file,
    and what belongs into a file of it."""

    name: str
    command: str
    shipped: tuple[str, ...]
    schema: str
    content: str


def shipped(kind: Kind, wanted: str) -> dict[str, Any] | None:
    """The document of a profile that comes with msgshark; None where the text is a path.

    Raises ProfileError for what is neither."""
    if wanted in kind.shipped:
        return tomllib.loads((FOLDER / f"{wanted}.toml").read_text("utf-8"))
    if wanted.endswith(".toml") or "/" in wanted or os.path.exists(wanted):
        return None
    near = nearest(wanted, kind.shipped)
    hint = f"did you mean {near}? " if near else ""
    known = ", ".join(kind.shipped)
    raise ProfileError(f"no {kind.name} {wanted}; {hint}There are {known}, and FILE.toml")


def read_document(
    path: str, kind: Kind, flaws: Callable[[dict[str, Any]], Iterable[Flaw]]
) -> dict[str, Any]:
    """The document in a file in which `flaws` finds nothing. Raises ProfileError with the first
    flaw by line."""
    text = _text(path, kind)
    try:
        document = tomllib.loads(text)
        first = islice(flaws(document), _MOST_FLAWS)
        found = sorted(((_line(text, flaw.path), flaw) for flaw in first), key=_by_line)
    except RecursionError:
        raise ProfileError(f"{path}: nested too deep; write {kind.content}") from None
    except ValueError as error:
        raise ProfileError(f"{path}{_syntax(text, str(error))}") from None
    for line, flaw in found:
        key = ".".join(_keys(flaw.path)[-1:])
        raise ProfileError(f"{path}:{line}: {f'{key}: ' if key else ''}{flaw.reason}")
    return document


def _by_line(found: tuple[int, Flaw]) -> tuple[int, list[str], str]:
    line, flaw = found
    return line, _keys(flaw.path), flaw.reason


def _keys(path: Keys) -> list[str]:
    return [step for step in path if isinstance(step, str)]


def _text(path: str, kind: Kind) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        reason = getattr(error, "strerror", None) or error
        raise ProfileError(f"{path}: {reason}; msgshark {kind.command} lists profiles") from None
    if len(data) > MOST_BYTES:
        raise ProfileError(f"{path}: larger than {MOST_BYTES >> 10} KiB: no {kind.name}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError(f"{path}:{line}: not UTF-8; save it as UTF-8 text") from None


def _syntax(text: str, reason: str) -> str:
    """Where and why a text is not TOML, from tomllib's reason."""
    place = _PLACE.search(reason)
    if place is None:
        return ": not TOML: a number of too many digits"
    line = place[1] or text.rstrip("\n").count("\n") + 1
    column = f" (column {place[2]})" if place[2] else " (at the end)"
    return f":{line}: not TOML: {reason[: place.start()]}{column}"


def _line(text: str, path: Keys) -> int:
    """The line of a key: the first with which the text, read up to it, has the key."""
    lines, keys = text.split("\n"), _keys(path)
    named = [number for number, line in enumerate(lines, 1) if keys and keys[-1] in line]
    for number in (named or range(1, len(lines) + 1))[:_MOST_LINES]:  # not named: by an escape
        try:
            found: Any = tomllib.loads("\n".join(lines[:number]))
            for step in path:
                found = found[step]
        except (ValueError, LookupError, TypeError):
            continue
        return number
    return named[0] if named else 1


# What a file may hold ---------------------------------------------------------------------------


@cache
def schema(file: str) -> dict[str, Any]:
    """A JSON Schema of profiles (draft 2020-12)."""
    loaded: dict[str, Any] = json.loads((FOLDER / file).read_text("utf-8"))
    return loaded


@cache
def _validator(file: str) -> Draft202012Validator:
    """JSON knows no NaN and no infinity, and the schema's numbers are those of JSON."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    types = Draft202012Validator.TYPE_CHECKER
    finite = types.redefine(
        "number", lambda checker, value: types.is_type(value, "number") and math.isfinite(value)
    )
    extended: Any = extend(Draft202012Validator, type_checker=finite)  # type: ignore[no-untyped-call]
    validator: Draft202012Validator = extended(schema(file))
    return validator


def broken(document: dict[str, Any], kind: Kind) -> Iterator[ValidationError]:
    """What of a document breaks the schema of its kind."""
    return _validator(kind.schema).iter_errors(_within_64_bits(document))


def _within_64_bits(value: Any) -> Any:
    """Python refuses to print an integer of any size, TOML to have one past 64 bits."""
    if isinstance(value, dict):
        return {key: _within_64_bits(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_within_64_bits(inner) for inner in value]
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return math.inf
    return value


def unknown_keys(error: ValidationError) -> Iterator[tuple[str, list[str]]]:
    """The keys that additionalProperties refuses, each with those there are."""
    assert isinstance(error.schema, dict)
    assert isinstance(error.instance, dict)
    known = list(error.schema["properties"])
    yield from ((key, known) for key in error.instance if key not in known)


def unknown_key(key: str, known: Sequence[str]) -> str:
    """What may have been meant by a key that there is not."""
    near = nearest(key, known)
    return f"unknown; did you mean {near}?" if near else f"unknown; known: {', '.join(known)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that may have been meant, or nothing."""
    from difflib import get_close_matches

    folded = {name.lower(): name for name in known}
    return next((folded[near] for near in get_close_matches(word.lower(), folded, 1, 0.5)), "")


def shown(value: object) -> str:
    """A value of a document, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "an array"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."
