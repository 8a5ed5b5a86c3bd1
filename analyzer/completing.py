# SPDX-License-Identifier: GPL-2.0-only
"""What a shell offers on Tab, and the script that makes it ask.

Click asks for candidates by running msgshark with the words typed so far, so nothing here loads
more than the candidates need.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import click

from analyzer.formats import CHECK

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from dissectors.fields import Field

SHELLS: Final = ("bash", "zsh", "fish")
VARIABLE: Final = "_MSGSHARK_COMPLETE"
"""Set in the environment by the script, to what it asks."""

_MOST_FILES: Final = 1000


def files(context: object, parameter: object, incomplete: str) -> list[CompletionItem]:
    """Any file, as the shell finds it."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def names_or_files(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Names that fit, or files where none does."""
    from click.shell_completion import CompletionItem

    fitting = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return fitting or files(None, None, incomplete)


def transmissions(context: object, parameter: object, incomplete: str) -> list[CompletionItem]:
    """Transmission profiles."""
    from analyzer.profiles.reading import SHIPPED

    return names_or_files(SHIPPED, incomplete)


def spec_profiles(context: object, parameter: object, incomplete: str) -> list[CompletionItem]:
    """Spec profiles."""
    from analyzer.profiles.spec_reading import SHIPPED

    return names_or_files(SHIPPED, incomplete)


def switches(context: object, parameter: object, incomplete: str) -> list[str]:
    """Switches of spec profiles."""
    from analyzer.profiles.spec_reading import switches

    return [name for name in switches() if name.startswith(incomplete)]


def rules(context: object, parameter: object, incomplete: str) -> list[str]:
    """Ids of rules."""
    from analyzer.rules.catalogue import load

    return sorted(id for id in load() if id.upper().startswith(incomplete.upper()))


def fields(context: object, parameter: object, incomplete: str) -> list[CompletionItem]:
    """Names of all fields."""
    from dissectors.fields import fields

    return _named(fields().values(), incomplete)


def fields_of(table: str) -> Callable[[object, object, str], list[CompletionItem]]:
    """What offers the fields that rows of a table have."""

    def offer(context: object, parameter: object, incomplete: str) -> list[CompletionItem]:
        from dissectors.fields import Table, fields_of

        return _named(fields_of(Table(table)).values(), incomplete)

    return offer


def _named(fields: Iterable[Field], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    fitting = (field for field in fields if field.name.startswith(incomplete))
    return [CompletionItem(field.name, help=field.help) for field in fitting]


def filters(context: object, parameter: object, incomplete: str) -> list[CompletionItem]:
    """What may go on a display filter."""
    from click.shell_completion import CompletionItem

    from analyzer.filters.completion import complete

    found = complete(incomplete, len(incomplete))
    return [CompletionItem(incomplete[: c.start] + c.replacement, help=c.help) for c in found]


def layouts(context: object, parameter: object, incomplete: str) -> list[str]:
    """Keys of -E."""
    keys = ("header=", "separator=", "quote=", "occurrence=", "aggregator=")
    return [key for key in keys if key.startswith(incomplete)]


def outputs(context: object, parameter: object, incomplete: str) -> list[CompletionItem]:
    """FORM, or FORM:FILE where a shell takes that for one word (bash does not)."""
    from click.shell_completion import CompletionItem

    name, colon, path = incomplete.partition(":")
    if colon and name in CHECK:
        return [CompletionItem(f"{name}:{found}") for found in _paths(path)]
    fitting = (form for form in CHECK.values() if form.name.startswith(incomplete))
    return [CompletionItem(form.name, help=form.help) for form in fitting]


def _paths(begun: str) -> list[str]:
    """Files and folders whose path begins so; hidden ones where that is asked for."""
    folder, name = os.path.split(begun)
    found = []
    with suppress(OSError, ValueError), os.scandir(folder or ".") as entries:
        for entry in islice(entries, _MOST_FILES):
            hidden = entry.name.startswith(".") and not name
            # Answers go to the shell a line each: a name with a line break would be two.
            if entry.name.startswith(name) and entry.name.isprintable() and not hidden:
                path = os.path.join(folder, entry.name)
                found.append(f"{path}{os.sep}" if entry.is_dir() else path)
    return sorted(found)


def prepare() -> None:
    """Before an answer: bash takes the `=` of `--format=sarif` for a word, which click does not
    expect where a value was begun."""
    from click.shell_completion import BashComplete, add_completion_class

    class Bash(BashComplete):
        def get_completion_args(self) -> tuple[list[str], str]:
            words, incomplete = super().get_completion_args()
            return words[:-1] if words[-1:] == ["="] else words, incomplete

    add_completion_class(Bash, "bash")


@click.command()
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str | None) -> int:
    """Print the script that completes msgshark's commands, options, rules and files.

    Without SHELL, that of $SHELL. To have it in every new shell:

    \b
      bash  echo 'eval "$(msgshark completion bash)"' >> ~/.bashrc
      zsh   echo 'eval "$(msgshark completion zsh)"' >> ~/.zshrc
      fish  msgshark completion fish > ~/.config/fish/completions/msgshark.fish
    """
    from click.shell_completion import get_completion_class

    name = shell or PurePath(os.environ.get("SHELL", "")).name
    kind = get_completion_class(name) if name in SHELLS else None
    if kind is None:
        raise click.UsageError(f"which shell? There are {', '.join(SHELLS)}", context)
    group = context.find_root().command
    click.echo(kind(group, {}, "msgshark", VARIABLE).source(), nl=False)
    return 0
