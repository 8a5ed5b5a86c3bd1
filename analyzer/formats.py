# SPDX-License-Identifier: GPL-2.0-only
"""The formats of `check`: each is declared here once, and its writer loaded when it is asked for.

Choices, help, completion and the table in README come from CHECK. A writer is a module with
`write_check(check: Check, out: TextIO) -> None`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TextIO

if TYPE_CHECKING:
    from analyzer.checking import Check

STDOUT: Final = "-"


class Format(NamedTuple):
    """`media` type and `extension` of what the module `writer` writes, and what it is for."""

    name: str
    media: str
    extension: str
    help: str
    writer: str

    def write_check(self, check: Check, out: TextIO) -> None:
        writer: Writer = import_module(self.writer)
        writer.write_check(check, out)


class Writer(Protocol):
    """What the module of a format has."""

    def write_check(self, check: Check, out: TextIO) -> None: ...


CHECK: Final = {
    form.name: form
    for form in (
        Format(
            "text",
            "text/plain",
            "txt",
            "for people: worst first, the same breach once",
            "analyzer.views.findings_text",
        ),
        Format(
            "json",
            "application/json",
            "json",
            "for scripts, and as a baseline",
            "analyzer.views.json",
        ),
        Format(
            "sarif",
            "application/sarif+json",
            "sarif",
            "SARIF 2.1.0, for code scanning and as a baseline",
            "analyzer.views.sarif",
        ),
        Format(
            "junit",
            "application/xml",
            "xml",
            "JUnit XML: a test a rule, for Jenkins and GitLab",
            "analyzer.views.junit",
        ),
        Format(
            "github",
            "text/plain",
            "txt",
            "annotations of a GitHub Actions step",
            "analyzer.views.github",
        ),
        Format(
            "markdown",
            "text/markdown",
            "md",
            "tables, for a job summary or a merge request",
            "analyzer.views.markdown",
        ),
        Format(
            "html",
            "text/html",
            "html",
            "one page to read and to pass on: ladders, UEs, times",
            "analyzer.views.html.page",
        ),
    )
}
"""Formats of `check` by name; the first one is the default."""


class Output(NamedTuple):
    """A format and the file it goes to."""

    form: Format
    path: str = STDOUT

    @property
    def printed(self) -> bool:
        return self.path == STDOUT


def output(value: str) -> Output:
    """Of `FORM` or `FORM:FILE`. Raises ValueError, which says what may be written instead."""
    name, colon, path = value.partition(":")
    form = CHECK.get(name)
    if form is None:
        raise ValueError(f"{name!r} is not one of {', '.join(CHECK)}")
    if colon and not path:
        raise ValueError(f"{value!r} names no file; write {name}:FILE, or {name} for stdout")
    return Output(form, path or STDOUT)


def refuse_shared(outputs: Sequence[Output]) -> None:
    """Raise ValueError where two formats would be written to one place."""
    taken: dict[str, Output] = {}
    for asked in outputs:
        other = taken.setdefault(asked.path, asked)
        if other is not asked:
            name, place = asked.form.name, "stdout" if asked.printed else asked.path
            hint = f"{name}:FILE" if asked.printed else f"{name}:OTHER"
            raise ValueError(
                f"{other.form.name} and {name} would both be written to {place}; write {hint}"
            )


def help_lines() -> Iterator[str]:
    """A line a format."""
    width = max(map(len, CHECK))
    return (f"{form.name:<{width}}  {form.help}" for form in CHECK.values())
