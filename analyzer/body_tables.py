# SPDX-License-Identifier: GPL-2.0-only
"""Elements on whose value, not only its type or presence, a verdict may depend."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from dissectors.msgin5g.constraints import SCHEMAS, schema
from dissectors.msgin5g.elements import elements

_SETTLING: Final = frozenset(
    {"const", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "maxLength", "maxItems", "uniqueItems", "contains"}
)
"""Keywords that look at a value and not only at its type, or at whether it is empty."""


@cache
def sensitive_elements() -> frozenset[str]:
    """Elements on whose value, not only its type or presence, a verdict may depend."""
    found = {name for name, element in elements().items() if element.values}
    for file in SCHEMAS:
        whole = schema(file)
        _find_sensitive(whole, whole, "", found)
    return frozenset(found)


def _find_sensitive(part: Any, whole: dict[str, Any], element: str, found: set[str]) -> None:
    if isinstance(part, list):
        for item in part:
            _find_sensitive(item, whole, element, found)
    if not isinstance(part, dict):
        return
    enumerated = any(value not in (None, "") for value in part.get("enum", ()))
    longer = any(part.get(word, 0) > 1 for word in ("minLength", "minItems", "minProperties"))
    if enumerated or longer or _SETTLING & part.keys():
        found.add(element)
    if "$ref" in part:
        _find_sensitive(whole["$defs"][part["$ref"].rpartition("/")[2]], whole, element, found)
    for key, value in part.items():
        if key == "properties":
            for name, constraint in value.items():
                _find_sensitive(constraint, whole, name, found)
        elif key != "$defs":
            _find_sensitive(value, whole, element, found)
