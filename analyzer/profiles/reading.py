# SPDX-License-Identifier: GPL-2.0-only
"""Transmission profiles as TOML: those that come with msgshark, and the user's own.

    name = "our-meters"            # else the file's
    description = "What for"
    strict = true                  # breaches are errors (gate G-PARAM)

    [parameters]                   # seconds; what is not set is as RFC 7252 clause 4.8 has it
    ack_timeout = 15

The schema beside this module says what a file may hold; one that holds anything else is refused.
"""

from __future__ import annotations

import json
import math
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.profiles.transmission import (
    DEFAULT,
    LONGEST,
    SECOND,
    TIMERS,
    Transmission,
    parameters,
)

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

SHIPPED: Final = ("default", "strict", "nb-iot", "lan")
"""Names of the profiles that come with msgshark."""

MOST_BYTES: Final = 1 << 16
"""A file may be this large."""

_FOLDER: Final = Path(__file__).parent
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_MOST_LINES: Final = 100
_MOST_FLAWS: Final = 8
_MOST_SHOWN: Final = 40


class ProfileError(Exception):
    """There is no such profile, or its file is refused; the text is one line for the user."""


class _Flaw(NamedTuple):
    """What is wrong with the value of a key, or with the key itself."""

    path: tuple[str, ...]
    reason: str


def load(wanted: str) -> Transmission:
    """The profile of a name, or of a file where the text is a path. Raises ProfileError."""
    if wanted in SHIPPED:
        return _profile(tomllib.loads((_FOLDER / f"{wanted}.toml").read_text("utf-8")), wanted)
    if wanted.endswith(".toml") or "/" in wanted or os.path.exists(wanted):
        return read(wanted)
    near = _nearest(wanted, SHIPPED)
    hint = f"did you mean {near}? " if near else ""
    raise ProfileError(
        f"no transmission profile {wanted}; {hint}There are {', '.join(SHIPPED)}, and FILE.toml"
    )


def read(path: str) -> Transmission:
    """The profile in a file. Raises ProfileError."""
    text = _text(path)
    try:
        document = tomllib.loads(text)
        first = islice(_flaws(document), _MOST_FLAWS)
        flaws = sorted((_line(text, flaw.path), flaw) for flaw in first)
    except RecursionError:
        raise ProfileError(f"{path}: nested too deep; write numbers below [parameters]") from None
    except ValueError as error:
        raise ProfileError(f"{path}{_syntax(text, str(error))}") from None
    for line, flaw in flaws:
        raise ProfileError(f"{path}:{line}: {'.'.join(flaw.path[-1:])}: {flaw.reason}")
    return _profile(document, Path(path).stem)


def _profile(document: dict[str, Any], name: str) -> Transmission:
    """The profile of a document without flaws."""
    given = document.get("parameters", {})
    values = {
        field: type(getattr(DEFAULT, field))(given[parameter.key])
        for field, parameter in parameters().items()
        if parameter.key in given
    }
    return Transmission(
        **values,
        name=document.get("name", name),
        description=document.get("description", ""),
        strict=document.get("strict", False),
    )


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        reason = getattr(error, "strerror", None) or error
        raise ProfileError(f"{path}: {reason}; msgshark transmission lists profiles") from None
    if len(data) > MOST_BYTES:
        raise ProfileError(f"{path}: larger than {MOST_BYTES >> 10} KiB: no transmission profile")
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


def _line(text: str, path: Sequence[str]) -> int:
    """The line of a key: the first with which the text, read up to it, has the key."""
    lines = text.split("\n")
    named = [number for number, line in enumerate(lines, 1) if path[-1] in line]
    for number in (named or range(1, len(lines) + 1))[:_MOST_LINES]:  # not named: by an escape
        try:
            found: Any = tomllib.loads("\n".join(lines[:number]))
            for step in path:
                found = found[step]
        except (ValueError, KeyError, TypeError):
            continue
        return number
    return named[0] if named else 1


# What a file may hold ---------------------------------------------------------------------------


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a profile (draft 2020-12)."""
    loaded: dict[str, Any] = json.loads((_FOLDER / "transmission.schema.json").read_text("utf-8"))
    return loaded


@cache
def _validator() -> Draft202012Validator:
    """JSON knows no NaN and no infinity, and the schema's numbers are those of JSON."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    types = Draft202012Validator.TYPE_CHECKER
    finite = types.redefine(
        "number", lambda checker, value: types.is_type(value, "number") and math.isfinite(value)
    )
    extended: Any = extend(Draft202012Validator, type_checker=finite)  # type: ignore[no-untyped-call]
    validator: Draft202012Validator = extended(schema())
    return validator


def _flaws(document: dict[str, Any]) -> Iterator[_Flaw]:
    """Everything that is wrong with a document; nothing where `_profile` may take it."""
    flawed = False
    for error in _validator().iter_errors(_within_64_bits(document)):
        flawed = True
        yield from _explained(error)
    if not flawed:
        yield from _too_long(document)


def _within_64_bits(value: Any) -> Any:
    """Python refuses to print an integer of any size, TOML to have one past 64 bits."""
    if isinstance(value, dict):
        return {key: _within_64_bits(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_within_64_bits(inner) for inner in value]
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return math.inf
    return value


def _explained(error: ValidationError) -> Iterator[_Flaw]:
    path = tuple(str(step) for step in error.absolute_path)
    broken: dict[str, Any] = dict(error.schema) if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        known = list(broken["properties"])
        assert isinstance(error.instance, dict)
        for key in error.instance:
            if key not in known:
                yield _Flaw((*path, key), _unknown(key, known, path))
    else:
        yield _Flaw(path, f"{_shown(error.instance)} is not {_expected(broken, path)}")


def _unknown(key: str, known: list[str], path: tuple[str, ...]) -> str:
    """What may have been meant by a key that there is not."""
    name = key.strip().upper()
    for timer in TIMERS:
        if timer.name == name:
            return f"cannot be set, it is {timer.formula}"
    if not path and any(parameter.name == name for parameter in parameters().values()):
        return "belongs below [parameters]"
    near = _nearest(key, known)
    return f"unknown; did you mean {near}?" if near else f"unknown; known: {', '.join(known)}"


def _nearest(word: str, known: Sequence[str]) -> str:
    """The known word that may have been meant, or nothing."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word.lower(), known, 1, 0.5)), "")


def _expected(broken: dict[str, Any], path: tuple[str, ...]) -> str:
    if "maximum" not in broken:
        return str(broken["x-expected"])
    seconds = any(p.key == path[-1] and p.unit == "s" for p in parameters().values())
    kind = "a whole number" if broken["type"] == "integer" else "a number"
    least = f"{broken['minimum']:f}".rstrip("0").rstrip(".") if broken["minimum"] else "0"
    return f"{kind}{' of seconds' if seconds else ''} from {least} to {broken['maximum']}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "an array"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def _too_long(document: dict[str, Any]) -> Iterator[_Flaw]:
    """A parameter but for which every timer would be of a sane length."""
    transmission = _profile(document, "")
    long = next((timer for timer in TIMERS if timer.of(transmission) > LONGEST), None)
    if long is None:
        return
    given = document["parameters"]
    blamed = next(iter(given))
    for field, parameter in parameters().items():
        other = transmission._replace(**{field: getattr(DEFAULT, field)})
        if parameter.key in given and long.of(other) <= LONGEST:
            blamed = parameter.key
            break
    days = long.of(transmission) // (24 * 3600 * SECOND)
    yield _Flaw(
        ("parameters", blamed),
        f"{_shown(given[blamed])} makes {long.name} {days} days long, a year is the most",
    )
