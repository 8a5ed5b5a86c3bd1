# SPDX-License-Identifier: GPL-2.0-only
"""HTML that is made of elements: text becomes markup here and nowhere else."""

from __future__ import annotations

from html import escape as quoted
from typing import Final, TypeAlias

from analyzer.views.escape import escape

LIMIT: Final = 400
"""Characters of a text that does not say otherwise."""


class Markup(str):
    """Text that may stand in a page as it is."""

    __slots__ = ()


Content: TypeAlias = str | int
Value: TypeAlias = str | int | bool | None

_EMPTY: Final = frozenset({"meta", "input"})


def told(text: str, limit: int = LIMIT) -> Markup:
    """Any text, whoever sent it."""
    return Markup(quoted(escape(text, limit)))


def safe(text: str) -> Markup:
    """Text whose parts have gone through `escape`; once more would double their backslashes."""
    return Markup(quoted(text))


def element(name: str, /, *content: Content, **attributes: Value) -> Markup:
    """An element; content that is no Markup is told as text. `class_="a"`, `aria_label="b"`;
    an attribute that is None or False is left out, and True has no value."""
    inner = "".join(part if isinstance(part, Markup) else told(str(part)) for part in content)
    start = f"<{name}{''.join(_attribute(*each) for each in attributes.items())}>"
    return Markup(start if name in _EMPTY else f"{start}{inner}</{name}>")


def joined(*parts: Markup) -> Markup:
    """One after the other."""
    return Markup("".join(parts))


def _attribute(name: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    shown = value if isinstance(value, Markup) else told(str(value))
    return f" {name}" if value is True else f' {name}="{shown}"'


def code(text: str, limit: int = LIMIT) -> Markup:
    """A name or value from a packet, in its own direction of writing."""
    return element("code", told(text, limit))


def table(heads: list[tuple[str, str]], rows: list[list[Content]], **attributes: Value) -> Markup:
    """Heads with their class (`n` for numbers), and rows of cells; it scrolls where it is wide."""
    head = element(
        "tr", *(element("th", text, class_=kind or None, scope="col") for text, kind in heads)
    )
    body = [
        element(
            "tr",
            *(
                element("td", cell, class_=kind or None)
                for cell, (_, kind) in zip(row, heads, strict=True)
            ),
        )
        for row in rows
    ]
    inner = element("table", element("thead", head), element("tbody", *body), **attributes)
    return element("div", inner, class_="wide", tabindex="0")
