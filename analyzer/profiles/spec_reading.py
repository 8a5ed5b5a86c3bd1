# SPDX-License-Identifier: GPL-2.0-only
"""Spec profiles as TOML: those that come with msgshark, and the user's own.

    extends = "rel17"              # else seed
    switches = ["behind-nat"]      # what belongs together: switches.toml

    [severities]                   # of rules, by id or glob
    "COAP-7641-*" = "off"

    [settings]
    any_indicator = true

    [elements.ue_service_id]       # member names
    aliases = ["subscriber"]

    [registration_request]         # presence and JSON types
    segment_size.presence = "required"

    [[ignore]]
    rule = "COAP-7252-4.2-*"
    endpoint = "192.0.2.7"
    reason = "Known: old firmware"

The schema beside this module says what a file may hold; one that holds anything else is refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analyzer.profiles import toml
from analyzer.profiles.spec import (
    SEED,
    Constraint,
    Ignore,
    Override,
    Settings,
    SpecProfile,
    Spelling,
    is_glob,
    pattern,
)
from analyzer.profiles.toml import Flaw, Kind, ProfileError, nearest, shown, unknown_key
from dissectors.msgin5g.constraints import SCHEMAS, Presence, presence_in
from dissectors.msgin5g.elements import Element, Vocabulary, elements, normalise

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SHIPPED: Final = (SEED, "rel17", "rel18")
"""Names of the profiles that come with msgshark."""

MOST_SPELLINGS: Final = 256
"""A profile may add this many member names."""

KIND: Final = Kind(
    "spec profile", "spec-profile", SHIPPED, "spec.schema.json", "tables such as [severities]"
)

Rules = Callable[[], Collection[str]]
"""Gives the ids of the rules there are, which takes a while."""


def load(wanted: str, rules: Rules) -> SpecProfile:
    """The profile of a name, or of a file where the text is a path. Raises ProfileError."""
    if wanted in switches():
        raise ProfileError(
            f"{wanted} is a switch of spec profiles: write --switch {wanted}, or "
            f'switches = ["{wanted}"] in a profile'
        )
    document = toml.shipped(KIND, wanted)
    return read(wanted, rules) if document is None else shipped(wanted)


@cache
def shipped(name: str) -> SpecProfile:
    """A profile that comes with msgshark."""
    document = toml.shipped(KIND, name)
    assert document is not None
    return _profile(document, SpecProfile(name=name, base=name))


def read(path: str, rules: Rules) -> SpecProfile:
    """The profile in a file. Raises ProfileError."""
    document = toml.read_document(path, KIND, lambda found: _flaws(found, rules))
    below = shipped(document.get("extends", SEED))
    return _profile(document, replace(below, name=Path(path).stem, description=""))


@cache
def switches() -> dict[str, dict[str, Any]]:
    """What a profile may switch on, by name: a description, and what switches.toml tells of."""
    return tomllib.loads((toml.FOLDER / "switches.toml").read_text("utf-8"))


def unknown_switch(name: str) -> str:
    """Why a name is none of a switch, and what may have been meant; nothing for one."""
    if name in switches():
        return ""
    near = nearest(name, switches())
    hint = f"did you mean {near}? " if near else ""
    return f"no switch {name!r}; {hint}There are {', '.join(switches())}"


def switched(profile: SpecProfile, names: Iterable[str]) -> SpecProfile:
    """The profile with switches on as well; the severities that it gives itself stay. Raises
    ValueError with a reason."""
    added = [name for name in dict.fromkeys(names) if name not in profile.switches]
    for name in added:
        if reason := unknown_switch(name):
            raise ValueError(reason)
    found = _with(replace(profile, overrides=()), added)
    return replace(
        found,
        name=" + ".join((profile.name, *added)),
        overrides=(*found.overrides, *profile.overrides),
    )


def ignored(text: str, rules: Rules) -> Ignore:
    """Of `RULE[@ENDPOINT-or-UE]`, globs; a rule has no @, a UE Service ID may. Raises ValueError
    with a reason."""
    rule, at, who = text.partition("@")
    if not rule or (at and not who):
        raise ValueError(f"{text!r} names no rule; write RULE, or RULE@ENDPOINT-or-UE")
    reason = _no_such_rule(rule, rules())
    if reason:
        raise ValueError(f"{rule}: {reason}")
    return Ignore(rule=rule, who=who or "*")


def _profile(document: dict[str, Any], below: SpecProfile) -> SpecProfile:
    """The profile of a document without flaws, upon the one it extends."""
    below = _with(below, document.get("switches", []))
    constraints = {
        (message, element): Constraint(
            Presence(given["presence"]) if "presence" in given else None,
            tuple(given.get("types", ())),
        )
        for message in SCHEMAS
        for element, given in document.get(message, {}).items()
    }
    for place, new in constraints.items():
        before = below.constraints.get(place, Constraint())
        constraints[place] = Constraint(new.presence or before.presence, new.types or before.types)
    return SpecProfile(
        name=document.get("name", below.name),
        description=document.get("description", below.description),
        base=below.base,
        switches=below.switches,
        overrides=(*below.overrides, *_overrides(document)),
        settings=below.settings._replace(**document.get("settings", {})),
        spellings=below.spellings
        | {
            element: Spelling(given.get("name", ""), tuple(given.get("aliases", ())))
            for element, given in document.get("elements", {}).items()
        },
        constraints=below.constraints | constraints,
        ignores=(*below.ignores, *(Ignore(**entry) for entry in document.get("ignore", ()))),
        strict=below.strict,
        translated=below.translated,
        option_sets=below.option_sets,
        format_sets=below.format_sets,
    )


def _overrides(table: dict[str, Any]) -> tuple[Override, ...]:
    return tuple(Override(*item) for item in table.get("severities", {}).items())


def _with(profile: SpecProfile, names: Iterable[str]) -> SpecProfile:
    """The profile with switches on that it has not on."""
    for name in dict.fromkeys(names):
        if name in profile.switches:
            continue
        switch = switches()[name]
        profile = replace(
            profile,
            switches=(*profile.switches, name),
            overrides=(*profile.overrides, *_overrides(switch)),
            strict=profile.strict or "strict" in switch,
            translated=profile.translated or "translated" in switch,
            option_sets=(*profile.option_sets, *switch.get("options", ())),
            format_sets=(*profile.format_sets, *switch.get("content_formats", ())),
        )
    return profile


# What a file may hold ---------------------------------------------------------------------------


def _flaws(document: dict[str, Any], rules: Rules) -> Iterator[Flaw]:
    """Everything that is wrong with a document; nothing where `_profile` may take it."""
    if _is_valid(document):
        yield from _senseless(document, rules)
        return
    for error in toml.broken(document, KIND):
        yield from _explained(error)


def _is_valid(document: dict[str, Any]) -> bool:
    """The compiled verdict, so that a good file needs no slower validator; False in doubt."""
    import jsonschema_rs

    try:
        validator = jsonschema_rs.Draft202012Validator(toml.schema(KIND.schema))
        return validator.is_valid(document)
    except ValueError:  # what JSON has no type for
        return False


def _explained(error: ValidationError) -> Iterator[Flaw]:
    path = tuple(error.absolute_path)
    broken: dict[str, Any] = dict(error.schema) if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        for key, known in toml.unknown_keys(error):
            yield Flaw((*path, key), _unknown(key, known, path))
    elif error.validator == "anyOf":
        yield Flaw(path, "names no rule, endpoint or ue")
    else:
        reason = f"{shown(error.instance)} is not {broken['x-expected']}"
        near = nearest(str(error.instance), map(str, broken.get("enum", ())))
        hint = f"; did you mean {near}?" if near and isinstance(error.instance, str) else ""
        yield Flaw(path, reason + hint)


def _unknown(key: str, known: list[str], path: toml.Keys) -> str:
    """What may have been meant by a key that there is not."""
    if not path and is_rule(key):
        return "belongs below [severities]"
    if not path and key in Settings._fields:
        return "belongs below [settings]"
    near = nearest(key, known)
    if path and path[0] in ("elements", *SCHEMAS) and len(path) == 1 and not near:
        if key in elements():
            return f"no element of {str(path[0]).replace('_', ' ')}"
        return "no such element; msgshark spec-profile seed lists them"
    return unknown_key(key, known)


def is_rule(key: str) -> bool:
    """The key looks like the id of a rule."""
    return key.startswith(("COAP-", "MSG-"))


def _senseless(document: dict[str, Any], rules: Rules) -> Iterator[Flaw]:
    """What a schema cannot tell."""
    yield from _unknown_rules(document, rules)
    words = shipped(document.get("extends", SEED)).vocabulary
    yield from _ambiguous(document.get("elements", {}), words)
    for message in SCHEMAS:
        before = presence_in(message)
        for element, given in document.get(message, {}).items():
            condition = Presence.CONDITIONAL
            if given.get("presence") == condition and before[element] is not condition:
                reason = "there is no condition for it; required or optional"
                yield Flaw((message, element, "presence"), reason)


def _unknown_rules(document: dict[str, Any], rules: Rules) -> Iterator[Flaw]:
    asked: list[tuple[toml.Keys, str]]
    asked = [(("severities", key), key) for key in document.get("severities", {})]
    for number, ignore in enumerate(document.get("ignore", ())):
        if "rule" in ignore:
            asked.append((("ignore", number, "rule"), ignore["rule"]))
    known = rules() if asked else ()
    for path, text in asked:
        reason = _no_such_rule(text, known)
        if reason:
            told = reason if path[0] == "severities" else f"{shown(text)}: {reason}"
            yield Flaw(path, told)


def _no_such_rule(text: str, known: Collection[str]) -> str:
    """Why a rule or a glob names no rule, nothing where it does."""
    if is_glob(text):
        return "" if any(map(pattern(text).fullmatch, known)) else "matches no rule"
    if text in known:
        return ""
    near = nearest(text, known)
    return f"no such rule; {f'did you mean {near}?' if near else 'msgshark rules lists them'}"


def _ambiguous(given: Mapping[str, Mapping[str, Any]], words: Vocabulary) -> Iterator[Flaw]:
    """Member names that spell another element already, and too many of them."""
    spelt: dict[str, str] = {}
    total = 0
    for element, key, path in _spellings(given):
        letters, total = normalise(key), total + 1
        other = words.element_of(key)
        taken = other.name if other is not None else spelt.get(letters, element.name)
        if taken != element.name:
            yield Flaw(path, f"{shown(key)} spells {elements()[taken].title} already")
        spelt.setdefault(letters, element.name)
        if total == MOST_SPELLINGS + 1:
            yield Flaw(path, f"more than {MOST_SPELLINGS} member names in all")


def _spellings(
    given: Mapping[str, Mapping[str, Any]],
) -> Iterable[tuple[Element, str, toml.Keys]]:
    for name, spelling in given.items():
        element = elements()[name]
        if "name" in spelling:
            yield element, spelling["name"], ("elements", name, "name")
        for number, alias in enumerate(spelling.get("aliases", ())):
            yield element, alias, ("elements", name, "aliases", number)
