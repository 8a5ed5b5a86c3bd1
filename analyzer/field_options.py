# SPDX-License-Identifier: GPL-2.0-only
"""How rows are printed, with tshark's letters: `-Y`, `-T`, `-e`, `-E`, `-V`, `-x`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from analyzer import completing
from analyzer.arguments import decorated, takes_frames
from analyzer.filter_options import takes_filter

if TYPE_CHECKING:
    from analyzer.filters.filter import Filter
    from analyzer.views.listed import Named
    from analyzer.views.pcapng import Ranges

FORMS: Final = ("text", "fields", "csv", "json", "jsonl")
_OF_FIELDS: Final = FORMS[1:]
_DELIMITED: Final = ("fields", "csv")

_HEADER: Final = {"y": True, "n": False}
_SEPARATORS: Final = {"/t": "\t", "/s": " "}
_WORDS: Final = {"quote": "dsn", "occurrence": "fla", "header": "yn"}
_LAYOUT_HELP: Final = (
    "header=y|n, separator=/t|/s|CHAR, quote=d|s|n, occurrence=f|l|a, aggregator=,|/s|CHAR"
)


class Printing(NamedTuple):
    """What was asked of a command that prints rows.

    `form`: None if it was not said. `fields` in their order; `layout` of cells, where it is not
    that of delimited.Layout. `detail`: each message's tree; `octets`: its packet's bytes; `frames`:
    of these packets alone; `wanted`: of rows that pass this filter.
    """

    form: str | None
    fields: Sequence[Named]
    layout: Mapping[str, Any]
    detail: bool = False
    octets: bool = False
    frames: Ranges = ()
    wanted: Filter | None = None

    @property
    def given(self) -> bool:
        """Something was asked for that a screen does not show."""
        shown_otherwise = self.form or self.fields or self.detail or self.octets
        return bool(shown_otherwise or self.frames)

    @property
    def row_by_row(self) -> bool:
        """A row can be printed without the ones that follow."""
        return self.form != "json" and not self.frames

    @property
    def headless(self) -> Printing:
        """The same for further rows: without a header."""
        return self._replace(layout={**self.layout, "header": False})


def prints(table: str, *forms: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of a command that prints rows of a table, given to it as `printing`; `forms` are
    formats it has beside those of all."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @takes_filter(table, f"Only {table} that pass this display filter, in Wireshark's grammar.")
        @click.option(
            "-T",
            "--format",
            "form",
            type=click.Choice((*FORMS, *forms)),
            help="What to print.  [default: text; fields with -e]",
        )
        @click.option(
            "-e",
            "names",
            multiple=True,
            metavar="FIELD",
            shell_complete=completing.fields_of(table),
            help="Print this field; may be repeated. msgshark fields lists them.",
        )
        @click.option(
            "-E",
            "layout",
            multiple=True,
            metavar="KEY=VALUE",
            callback=_layout,
            shell_complete=completing.layouts,
            help=f"Set how -T fields and csv write: {_LAYOUT_HELP}; may be repeated.",
        )
        @functools.wraps(command)
        def taking(
            *arguments: Any,
            form: str | None,
            names: Sequence[str],
            layout: Mapping[str, Any],
            detail: bool = False,
            octets: bool = False,
            frames: Ranges = (),
            wanted: Filter | None = None,
            **others: Any,
        ) -> Any:
            named = [(name, _field(name, table)) for name in names]
            form = "fields" if named and form is None else form
            printing = Printing(form, named, layout, detail, octets, frames, wanted)
            _refuse(printing)
            return command(*arguments, printing=printing, **others)

        return taking

    return decorate


def prints_messages(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `prints`, and what is there for messages alone."""
    decorators = (
        prints("messages"),
        click.option("-V", "detail", is_flag=True, help="Print all that is known of each message."),
        click.option("-x", "octets", is_flag=True, help="Print the bytes, in hex and as ASCII."),
        takes_frames("Only packets of these numbers, as in 1,5-9."),
    )
    return decorated(command, decorators)


def _refuse(printing: Printing) -> None:
    """What does not go together is an error, as in tshark."""
    form = printing.form
    if printing.fields and form not in _OF_FIELDS:
        raise click.UsageError(f"-e needs -T {'|'.join(_OF_FIELDS)}")
    if form == "fields" and not printing.fields:
        raise click.UsageError("-T fields needs -e FIELD; msgshark fields lists them")
    if printing.layout and form not in _DELIMITED:
        raise click.UsageError(f"-E needs -T {'|'.join(_DELIMITED)}")
    if (printing.detail or printing.octets) and form not in (None, "text"):
        raise click.UsageError("-V and -x print text; leave -T and -e out")


def _field(name: str, table: str) -> Any:
    """The field of a name; capitals are as good, as in _ws.col.Info."""
    from dissectors.fields import Table, fields, fields_of

    known = fields_of(Table(table))
    found = known.get(name) or known.get(name.lower())
    if found is not None:
        return found
    if name in fields():
        raise click.ClickException(
            f"{table} have no field {name}; msgshark fields tells which commands have it"
        )
    from analyzer.profiles.toml import nearest

    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else "msgshark fields lists them"
    raise click.ClickException(f"no field {name}; {hint}")


def _layout(context: object, parameter: object, values: Sequence[str]) -> dict[str, Any]:
    """Of `KEY=VALUE`, each."""
    found: dict[str, Any] = {}
    for text in values:
        key, _, value = text.partition("=")
        if key in _WORDS and value in tuple(_WORDS[key]):
            found[key] = _HEADER[value] if key == "header" else value
        elif key in ("separator", "aggregator") and value in _SEPARATORS:
            found[key] = _SEPARATORS[value]
        elif key in ("separator", "aggregator") and len(value) == 1 and value.isprintable():
            found[key] = value
        else:
            raise click.BadParameter(f"{text!r} is not understood; write {_LAYOUT_HELP}")
    return found
