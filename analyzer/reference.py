# SPDX-License-Identifier: GPL-2.0-only
"""Commands that read no capture: the fields, the rule catalogue, and the profiles."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from analyzer import completing
from analyzer.arguments import (
    output_format,
    rule_format,
    takes_spec_profile,
    takes_transmission,
)

if TYPE_CHECKING:
    from analyzer.profiles.spec import SpecProfile
    from analyzer.profiles.transmission import Transmission
    from analyzer.rules.catalogue import Rule


@click.command()
@click.argument("pattern", default="", metavar="[PATTERN]", shell_complete=completing.fields)
@output_format
def fields(pattern: str, form: str) -> int:
    """List the fields of -e: name, type, the commands that have it.

    PATTERN is a part of a name or of its words; * and ? stand for any. After the type, `...` says
    that there may be several values.
    """
    from fnmatch import fnmatchcase

    from analyzer.views import json, text
    from dissectors.fields import commands, fields

    wanted = f"*{pattern.lower()}*"
    found = [
        (field, commands(field))
        for field in fields().values()
        if fnmatchcase(field.name, wanted) or fnmatchcase(field.help.lower(), wanted)
    ]
    if not found:
        raise click.ClickException(f"no field has {pattern!r}; msgshark fields lists them all")
    (json if form == "json" else text).write_fields(found, sys.stdout)
    return 0


@click.command()
@rule_format
def rules(form: str) -> int:
    """List the rule catalogue."""
    from analyzer.rules.catalogue import load

    writer = import_module(f"analyzer.views.{form}")
    writer.write_rules(load().values(), sys.stdout)
    return 0


@click.command()
@click.argument("rule_id", metavar="RULE-ID", shell_complete=completing.rules)
@rule_format
def explain(rule_id: str, form: str) -> int:
    """Explain a rule: what it asks for, why, a bad and a good conversation, and what to change."""
    from analyzer.examples import explained
    from analyzer.views import explain, json
    from analyzer.views.terminal import paper

    with explained(_rule(rule_id)) as explanation:
        if form == "json":
            json.write_explanation(explanation, sys.stdout)
        elif form == "markdown":
            explain.write_markdown(explanation, sys.stdout)
        else:
            explain.write_text(explanation, sys.stdout, paper(sys.stdout))
    return 0


def _rule(rule_id: str) -> Rule:
    from analyzer.profiles.toml import nearest
    from analyzer.rules.catalogue import load
    from analyzer.rules.left_out import LEFT_OUT

    catalogue = load()
    rule = catalogue.get(rule_id.upper()) or catalogue.get(rule_id)
    if rule is not None:
        return rule
    if rule_id.upper() in LEFT_OUT:
        raise click.ClickException(f"{rule_id} is left out. {LEFT_OUT[rule_id.upper()]}")
    near = nearest(rule_id, catalogue)
    hint = f"did you mean {near}?" if near else "msgshark rules lists them"
    raise click.ClickException(f"no rule {rule_id or '(empty)'}; {hint}")


@click.command("transmission")
@takes_transmission
@output_format
def transmission_command(transmission: Transmission | None, form: str) -> int:
    """List transmission profiles, or print one: its parameters, and every timer they give."""
    from analyzer.profiles.reading import SHIPPED, load
    from analyzer.views import json, text

    views = json if form == "json" else text
    if transmission is None:
        views.write_transmissions(map(load, SHIPPED), sys.stdout)
    else:
        views.write_transmission(transmission, sys.stdout)
    return 0


@click.command("spec-profile")
@takes_spec_profile
@output_format
def spec_profile_command(spec_profile: SpecProfile | None, form: str) -> int:
    """List spec profiles and what they may switch on, or print one: severities, settings,
    elements, and what it ignores."""
    from analyzer.profiles.spec_reading import SHIPPED, shipped
    from analyzer.views import json, text

    views = json if form == "json" else text
    if spec_profile is None:
        views.write_spec_profiles(map(shipped, SHIPPED), sys.stdout)
    else:
        views.write_spec_profile(spec_profile, sys.stdout)
    return 0
