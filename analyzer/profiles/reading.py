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

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analyzer.profiles import toml
from analyzer.profiles.toml import Flaw, Keys, Kind, ProfileError, shown, unknown_key
from analyzer.profiles.transmission import (
    DEFAULT,
    LONGEST,
    SECOND,
    TIMERS,
    Transmission,
    parameters,
)

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["SHIPPED", "ProfileError", "load", "read", "schema"]

SHIPPED: Final = ("default", "strict", "nb-iot", "lan")
"""Names of the profiles that come with msgshark."""

_KIND: Final = Kind(
    "transmission profile",
    "transmission",
    SHIPPED,
    "transmission.schema.json",
    "numbers below [parameters]",
)


def load(wanted: str) -> Transmission:
    """The profile of a name, or of a file where the text is a path. Raises ProfileError."""
    document = toml.shipped(_KIND, wanted)
    return read(wanted) if document is None else _profile(document, wanted)


def read(path: str) -> Transmission:
    """The profile in a file. Raises ProfileError."""
    return _profile(toml.read_document(path, _KIND, _flaws), Path(path).stem)


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


def schema() -> dict[str, Any]:
    """The JSON Schema of a profile (draft 2020-12)."""
    return toml.schema(_KIND.schema)


def _flaws(document: dict[str, Any]) -> Iterator[Flaw]:
    """Everything that is wrong with a document; nothing where `_profile` may take it."""
    flawed = False
    for error in toml.broken(document, _KIND):
        flawed = True
        yield from _explained(error)
    if not flawed:
        yield from _too_long(document)


def _explained(error: ValidationError) -> Iterator[Flaw]:
    path = tuple(error.absolute_path)
    broken: dict[str, Any] = dict(error.schema) if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        for key, known in toml.unknown_keys(error):
            yield Flaw((*path, key), _unknown(key, known, path))
    else:
        yield Flaw(path, f"{shown(error.instance)} is not {_expected(broken, path)}")


def _unknown(key: str, known: list[str], path: Keys) -> str:
    """What may have been meant by a key that there is not."""
    name = key.strip().upper()
    for timer in TIMERS:
        if timer.name == name:
            return f"cannot be set, it is {timer.formula}"
    if not path and any(parameter.name == name for parameter in parameters().values()):
        return "belongs below [parameters]"
    return unknown_key(key, known)


def _expected(broken: dict[str, Any], path: Keys) -> str:
    if "maximum" not in broken:
        return str(broken["x-expected"])
    seconds = any(p.key == path[-1] and p.unit == "s" for p in parameters().values())
    kind = "a whole number" if broken["type"] == "integer" else "a number"
    least = f"{broken['minimum']:f}".rstrip("0").rstrip(".") if broken["minimum"] else "0"
    return f"{kind}{' of seconds' if seconds else ''} from {least} to {broken['maximum']}"


def _too_long(document: dict[str, Any]) -> Iterator[Flaw]:
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
    yield Flaw(
        ("parameters", blamed),
        f"{shown(given[blamed])} makes {long.name} {days} days long, a year is the most",
    )
