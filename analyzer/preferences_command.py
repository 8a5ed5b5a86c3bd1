# SPDX-License-Identifier: GPL-2.0-only
"""What a user prefers: the option --preferences, and the commands that tell what there is."""

from __future__ import annotations

import os
from textwrap import fill, indent
from typing import TYPE_CHECKING

import click

from analyzer import completing

if TYPE_CHECKING:
    from analyzer.views.preferences import Preferences

takes_preferences = click.option(
    "--preferences",
    "preferences_path",
    metavar="FILE",
    shell_complete=completing.files,
    help="Take preferences of the screen from this file; msgshark preferences tells of them.",
)


def preferences_of(path: str | None) -> Preferences:
    """The preferences in a file, or the usual ones. A file that was named has to be there; what is
    wrong in it is told on the screen."""
    from analyzer.views.preferences import load

    if path is not None and not os.path.isfile(path):
        reason = "no file" if os.path.exists(path) else "No such file or directory"
        raise click.ClickException(f"{path}: {reason}; msgshark preferences --default prints one")
    return load(path)


@click.command()
@takes_preferences
@click.option("--default", is_flag=True, help="Print a file to begin with, all of it comments.")
def preferences(preferences_path: str | None, default: bool) -> int:
    """List the preferences of the screen: what they are now, and what they mean.

    They are in a TOML file of the user's; `msgshark preferences --default > FILE` begins one.
    What is wrong in it is told on stderr, and no reason not to open captures.
    """
    from analyzer.opened import tell
    from analyzer.views.escape import escape
    from analyzer.views.preferences import PREFERENCES, commented, told, usual_path

    if default:
        click.echo(commented(), nl=False)
        return 0
    found = preferences_of(preferences_path)
    click.echo(f"{escape(found.path or str(usual_path()), 500)}{'' if found.path else ': no file'}")
    for preference in PREFERENCES:
        now = escape(told(found, preference.name), 300) or preference.default
        click.echo(f"\n{preference.name} = {now}\n{indent(fill(f'{preference.help}.', 96), '  ')}")
    for problem in found.problems:
        tell(problem)
    return 0


@click.command()
@takes_preferences
def keys(preferences_path: str | None) -> int:
    """List the keys of the screen: the name of each for preferences, its keys, what it does.

    They are those of the user: as preferences have them.
    """
    from analyzer.opened import tell
    from analyzer.views.tui.keys_text import key_lines

    lines, problems = key_lines(preferences_of(preferences_path))
    click.echo("\n".join(lines))
    for problem in problems:
        tell(problem)
    return 0
