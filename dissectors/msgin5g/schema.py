# SPDX-License-Identifier: GPL-2.0-only
"""What of its constraints (`constraints`) a body violates.

The schemas judge the canonical document (`payload.Elements.values`), so spelling does not matter
to them. A compiled validator (jsonschema-rs) says yes or no for every document; jsonschema, the
reference, explains each no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jsonschema_rs

from dissectors.msgin5g.constraints import NO_DEMANDS, Demands, demanded

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_SCHEMAS: Final = 8

_LONG: Final = 8
"""Items of a list that the reference looks at one by one."""


class Violation(NamedTuple):
    """One constraint broken: the rule, what it expects, and the element's dotted path.

    `path` names the element that breaks it, or the container in which one is missing.
    """

    rule: str
    clause: str
    expected: str
    path: str
    missing: tuple[str, ...] = ()


@lru_cache(_SCHEMAS)
def _compiled(name: str, demands: Demands) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(demanded(name, demands))


@lru_cache(_SCHEMAS)
def _reference(name: str, demands: Demands) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(demanded(name, demands))


def is_valid(name: str, values: Mapping[str, Any], demands: Demands = NO_DEMANDS) -> bool:
    """The compiled verdict on `values`; the reference's on what that validator cannot hold."""
    try:
        return _compiled(name, demands).is_valid(values)
    except ValueError:
        return bool(_reference(name, demands).is_valid(values))


def violations(
    name: str, values: Mapping[str, Any], demands: Demands = NO_DEMANDS
) -> Iterator[Violation]:
    """Every constraint of schema `name` that `values` breaks, each rule and path once."""
    if is_valid(name, values, demands):
        return
    seen: set[tuple[str, str]] = set()
    for error in _reference(name, demands).iter_errors(_shortened(name, values, demands)):
        found = _violation(error)
        if (found.rule, found.path) not in seen:
            seen.add((found.rule, found.path))
            yield found


def _shortened(name: str, values: Mapping[str, Any], demands: Demands) -> dict[str, Any]:
    """`values` with one item of each long list: the first that is wrong, else the first.

    The reference takes 0.1 ms for an item, so that one datagram of 30,000 wrong ports would keep
    it busy for seconds; one of them tells as much, for no constraint looks at several items.
    """
    kept = dict(values)
    long = [key for key, value in kept.items() if isinstance(value, list) and len(value) > _LONG]
    if long:
        first: dict[str, int] = {}
        for error in _compiled(name, demands).iter_errors(kept):
            match error.instance_path:
                case [str(key), int(index), *_] if key in long:
                    first.setdefault(key, index)
            if len(first) == len(long):
                break
        for key in long:
            index = first.get(key, 0)
            kept[key] = kept[key][index : index + 1]
    return kept


def _violation(error: ValidationError) -> Violation:
    """The innermost annotated constraint of an error."""
    annotated = error.schema if isinstance(error.schema, dict) else {}
    path = ".".join(str(step) for step in error.absolute_path if isinstance(step, str))
    missing: tuple[str, ...] = ()
    if error.validator in ("required", "dependentRequired"):
        missing = _missing(error)
    return Violation(
        annotated.get("x-rule", ""),
        annotated.get("x-clause", ""),
        annotated.get("x-expected", ""),
        path,
        missing,
    )


def _missing(error: ValidationError) -> tuple[str, ...]:
    """Names that a `required` or `dependentRequired` misses."""
    present: Any = error.instance
    wanted: Any = error.validator_value
    if isinstance(wanted, dict):
        wanted = [name for key, names in wanted.items() if key in present for name in names]
    return tuple(name for name in wanted if name not in present)
