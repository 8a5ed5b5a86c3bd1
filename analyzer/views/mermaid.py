# SPDX-License-Identifier: GPL-2.0-only
"""Ladders as Mermaid sequence diagrams (https://mermaid.js.org/syntax/sequenceDiagram.html).

The text is ASCII; every character that Mermaid, Markdown or HTML could take for markup is written
as an entity code, `#35;`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TextIO

from analyzer.profiles.transmission import SECOND
from analyzer.views.escape import escape
from analyzer.views.info import Line
from analyzer.views.ladder_words import gap, heading, reason, verdict, words
from dissectors.coap.numbers import Type

if TYPE_CHECKING:
    from analyzer.ladders import Ladder, Step

_WIDTH: Final = 60
_MARKUP: Final = re.compile(r"[^A-Za-z0-9 ./:,()\[\]=?_-]")
_WORDS: Final = re.compile(r"(?i)\bend\b|style|classdef")
"""Words that mean something to Mermaid wherever they stand: it looks for styles line by line, and
takes the last semicolon from what it finds."""

_BREAK: Final = "<br/>"


def write_ladders(ladders: Iterable[Ladder], out: TextIO, fenced: bool = False) -> None:
    """A diagram a ladder. Mermaid has one diagram in a file; `fenced` writes Markdown, in which
    there may be several."""
    separator = ""
    for ladder in ladders:
        out.write(separator)
        out.write("```mermaid\n" if fenced else "")
        out.writelines(line + "\n" for line in _lines(ladder))
        out.write("```\n" if fenced else "")
        separator = "\n"


def quote(text: str) -> str:
    """Escaped text as Mermaid shows it, whatever it is."""
    quoted = _MARKUP.sub(lambda found: f"#{ord(found[0])};", text)
    return _WORDS.sub(lambda found: f"#{ord(found[0][0])};{found[0][1:]}", quoted)


def _lines(ladder: Ladder) -> Iterator[str]:
    yield "sequenceDiagram"
    yield f"    title {quote(_text(heading(ladder)))}"
    for place, endpoint in enumerate(ladder.participants, 1):
        yield f"    participant p{place} as {quote(str(endpoint))}"
    over = "p1" if len(ladder.participants) == 1 else f"p1,p{len(ladder.participants)}"
    together = len(ladder.heads) > 1
    for step in ladder.steps:
        if silence := gap(step):
            yield f"    Note over {over}: {quote(silence)}"
        yield f"    {_arrow(step, together)}"
        for finding in step.findings:
            between = sorted((step.source + 1, step.destination + 1))
            ends = ",".join(f"p{end}" for end in dict.fromkeys(between))
            lines = (_text(verdict(finding), " "), *_wrapped(reason(finding, step.row)))
            yield f"    Note over {ends}: {_BREAK.join(map(quote, lines))}"
    for ending in ladder.endings:
        whose = f"exchange {ending.exchange}: " if together else ""
        text = _BREAK.join(map(quote, _wrapped(whose + escape(ending.text))))
        yield f"    Note over {over}: {text}"
    for finding in ladder.findings:
        lines = (_text(verdict(finding), " "), *_wrapped(reason(finding)))
        yield f"    Note over {over}: {_BREAK.join(map(quote, lines))}"


def _arrow(step: Step, together: bool) -> str:
    """`p1->>p2: frame 17, 0.000000 s` and what it says; ACK and RST are dashed."""
    arrow = "-->>" if step.type in (Type.ACK, Type.RST) else "->>"
    whose = f"exchange {step.exchange}, " if together else ""
    where = f"{whose}frame {step.frame}, {step.time / SECOND:.6f} s"
    lines = (where, *_wrapped(_text(words(step))))
    text = _BREAK.join(map(quote, lines))
    return f"p{step.source + 1}{arrow}p{step.destination + 1}: {text}"


def _text(line: Line, separator: str = ", ") -> str:
    return separator.join(text for text, _ in line)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_on_hyphens=False, drop_whitespace=True)
