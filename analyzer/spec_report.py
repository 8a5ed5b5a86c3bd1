# SPDX-License-Identifier: GPL-2.0-only
"""What reports say of a spec profile and of severities in each, as plain values and as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from analyzer.profiles.spec import OFF, Ignore, SpecProfile
from analyzer.profiles.spec_reading import SHIPPED, shipped, switches
from analyzer.rules import catalogue
from analyzer.rules.catalogue import Rule, Severity
from analyzer.rules.severities import weights
from dissectors.msgin5g.constraints import SCHEMAS
from dissectors.msgin5g.elements import elements

_NAMES: Final = 44


def severities_of(rule: Rule) -> dict[str, str]:
    """The severity of a rule in each spec profile that comes with msgshark."""
    return {name: _label(weights([rule], shipped(name))[rule.id].severity) for name in SHIPPED}


def _label(severity: Severity | None) -> str:
    return OFF if severity is None else severity.label


def profile_entry(profile: SpecProfile) -> dict[str, Any]:
    """A spec profile as scripts read it."""
    rules = catalogue.load()
    weighed = weights(rules.values(), profile)
    return {
        "name": profile.name,
        "description": profile.description,
        "base": profile.base,
        "switches": list(profile.switches),
        "settings": profile.settings._asdict(),
        "severities": {id: _label(weight.severity) for id, weight in weighed.items()},
        "elements": {
            name: {"name": element.spelling, "aliases": list(element.spellings[1:])}
            for name, element in profile.vocabulary.elements.items()
        },
        **{message: _constraints(profile, message) for message in SCHEMAS},
        "ignore": [_ignore_entry(ignore) for ignore in profile.ignores],
    }


def _constraints(profile: SpecProfile, message: str) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "presence": presence.value,
            "types": list(profile.types(message, elements()[name])),
        }
        for name, presence in profile.presence(message)
    }


def _ignore_entry(ignore: Ignore) -> dict[str, str | None]:
    entry = {name: None if glob == "*" else glob for name, glob in ignore._asdict().items()}
    del entry["who"]
    return entry | {"reason": ignore.reason or None}


def switches_told() -> Iterator[tuple[str, str]]:
    """What a profile may switch on: name and description."""
    return ((name, switch["description"]) for name, switch in switches().items())


def lines(profile: SpecProfile) -> Iterator[str]:
    """A spec profile for people."""
    entry = profile_entry(profile)
    yield f"{entry['name']}: {entry['description']}".rstrip(": ")
    yield from _severity_lines(profile, entry["severities"])
    yield ""
    yield "Settings"
    yield from (f"  {name:<{_NAMES}} {_text(value)}" for name, value in entry["settings"].items())
    for name in entry["switches"]:
        yield f"  {name:<{_NAMES}} {switches()[name]['description']}"
    for message in SCHEMAS:
        yield ""
        yield message.replace("_", " ").capitalize()
        for name, told in entry[message].items():
            yield f"  {name:<{_NAMES}} {told['presence']:<12} {' or '.join(told['types'])}"
    yield ""
    yield "Member names, by their letters and digits alone"
    for name, told in entry["elements"].items():
        others = f", also {', '.join(told['aliases'])}" if told["aliases"] else ""
        yield f"  {name:<{_NAMES}} {told['name']}{others}"
    if entry["ignore"]:
        yield ""
        yield "Ignored"
        for ignore in entry["ignore"]:
            reason = f": {ignore['reason']}" if ignore["reason"] else ""
            yield f"  {_whose(ignore)}{reason}"


def _severity_lines(profile: SpecProfile, severities: dict[str, str]) -> Iterator[str]:
    """Severities that are not those of the change request, and where the others stand."""
    yield ""
    yield "Severities; the others are as msgshark rules lists them below seed"
    for id, rule in catalogue.load().items():
        if severities[id] != rule.severity.label:
            yield f"  {id:<{_NAMES}} {severities[id]:<12} seed: {rule.severity.label}"
    if profile.base != "seed":
        yield f"  (begins with those of {profile.base})"


def _text(value: object) -> str:
    return str(value).lower()


def _whose(ignore: dict[str, str | None]) -> str:
    words = [ignore["rule"] or "every rule"]
    words += [f"{key} {ignore[key]}" for key in ("endpoint", "ue") if ignore[key]]
    return ", ".join(words)
