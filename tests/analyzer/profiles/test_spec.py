# SPDX-License-Identifier: GPL-2.0-only
"""Spec profiles as files: those that come with msgshark, the user's own, and refusals."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rules.conversation import Conversation

from analyzer.profiles import toml
from analyzer.profiles.spec import (
    SEED,
    SEVERITIES,
    Constraint,
    Ignore,
    Override,
    Settings,
    SpecProfile,
    Spelling,
    pattern,
)
from analyzer.profiles.spec_reading import (
    KIND,
    SHIPPED,
    ignored,
    load,
    read,
    shipped,
    switched,
    switches,
)
from analyzer.profiles.toml import ProfileError
from analyzer.rules import catalogue
from analyzer.spec_report import lines
from dissectors.coap.media_types import FORMAT_SETS
from dissectors.coap.numbers import OPTION_SETS
from dissectors.msgin5g.constraints import NO_DEMANDS, SCHEMAS, Demands, Presence, presence_in
from dissectors.msgin5g.elements import elements, vocabulary

RULES = catalogue.load()

WHOLE = """\
name = "ours"
description = "Field trial"
extends = "rel17"
switches = ["behind-nat"]

[severities]
"COAP-7252-*" = "note"
"COAP-CAP-DUP" = "off"
"COAP-*" = "warning"

[settings]
any_indicator = true
json_depth = 8

[elements.ue_service_id]
name = "ueServiceId"
aliases = ["subscriber", "Subscriber No."]

[registration_request]
segment_size.presence = "required"
msgin5g_ue_id = { presence = "optional", types = ["string"] }

[registration_response.registration_result]
types = ["string"]

[[ignore]]
rule = "COAP-CAP-*"
endpoint = "[2001:db8::1]:5683"
ue = "meter-?@*"
reason = "Known"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ours.toml"


def taken(path: Path, text: str) -> SpecProfile:
    path.write_text(text)
    return read(str(path), catalogue.load)


def refusal(path: Path, text: str | bytes) -> str:
    """Why a file is refused, without its path."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ProfileError) as error:
        read(str(path), catalogue.load)
    reason = str(error.value)
    assert reason.startswith(f"{path}:")
    assert "\n" not in reason
    return reason.removeprefix(f"{path}:")


# Those that come with msgshark -----------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_a_profile_that_comes_with_msgshark(name: str, path: Path) -> None:
    """Its file is as a user's has to be; one that extends it and says nothing is like it."""
    profile = shipped(name)
    text = (files("analyzer.profiles") / f"{name}.toml").read_text()
    assert load(name, catalogue.load) is profile
    assert (profile.name, profile.base) == (name, name)
    assert profile.description
    assert taken(path, text).settings == profile.settings
    child = taken(path, f'name = "{name}"\nextends = "{name}"')
    assert replace(child, description=profile.description) == profile


def test_the_change_request_is_the_default_and_what_the_schemas_say() -> None:
    assert shipped(SEED).demands == dict.fromkeys(SCHEMAS, NO_DEMANDS)
    assert shipped(SEED).vocabulary is vocabulary()
    assert shipped(SEED).settings == SpecProfile().settings == Settings()


def test_release_18_is_without_credential_and_both_want_reg() -> None:
    credential = ("ue_credential_information", Presence.OPTIONAL)
    assert shipped("rel18").demands["registration_request"] == Demands((credential,))
    assert not shipped("rel17").settings.registration_like
    assert not shipped("rel18").settings.registration_like


def test_the_schema_names_what_there_is() -> None:
    schema = toml.schema(KIND.schema)
    Draft202012Validator.check_schema(schema)
    known = schema["properties"]
    assert list(known["elements"]["properties"]) == list(elements())
    for message in SCHEMAS:
        assert list(known[message]["properties"]) == list(presence_in(message))
    assert tuple(known["settings"]["properties"]) == Settings._fields
    assert known["switches"]["items"]["enum"] == list(switches())
    assert known["extends"]["enum"] == list(SHIPPED)
    assert schema["$defs"]["severity"]["enum"] == list(SEVERITIES)
    assert schema["$defs"]["constraint"]["properties"]["presence"]["enum"] == list(Presence)


def test_what_switches_say() -> None:
    """Each key is one that is read, each name one that there is; all but `ocf` change something."""
    for name, told in switches().items():
        switch = dict(told)
        assert switch.pop("description"), name
        severities = switch.pop("severities", {})
        assert set(severities.values()) <= set(SEVERITIES)
        assert severities.keys() <= RULES.keys()
        assert set(switch.get("options", ())) <= OPTION_SETS.keys()
        assert set(switch.get("content_formats", ())) <= FORMAT_SETS.keys()
        assert switch.keys() <= {"strict", "translated", "options", "content_formats"}
        assert all(switch.values()), name
        assert bool(severities or switch) is (name != "ocf")


def test_a_switch_that_is_turned_on_beside_a_profile(path: Path) -> None:
    """It is on once, and below the severities that the profile gives itself."""
    own = '[severities]\n"COAP-7252-3-TKL-RESERVED" = "off"\n'
    profile = switched(taken(path, own), ["rfc7252-only", "onem2m", "onem2m"])
    assert profile.name == "ours + rfc7252-only + onem2m"
    assert profile.switches == ("rfc7252-only", "onem2m")
    assert profile.option_sets == ("oneM2M",)
    assert profile.severity_of("COAP-7252-3-TKL-RESERVED") == "off"
    assert switched(profile, ["onem2m"]) == profile
    assert switched(shipped("seed"), ["rfc7252-only"]).severity_of("COAP-7252-3-TKL-RESERVED")
    below = taken(path, f'switches = ["strict-defaults", "lwm2m", "behind-nat"]\n{own}')
    assert (below.strict, below.translated, below.format_sets) == (True, True, ("LwM2M",))
    assert below.severity_of("COAP-7252-3-TKL-RESERVED") == "off"


def test_switches_that_there_are_not() -> None:
    with pytest.raises(
        ValueError, match=r"no switch 'one-m2m'; did you mean onem2m\? There are pl"
    ):
        switched(shipped("seed"), ["one-m2m"])
    with pytest.raises(ProfileError, match=r"onem2m is a switch .*: write --switch onem2m, or "):
        load("onem2m", catalogue.load)


# The user's own --------------------------------------------------------------------------------


def test_everything_a_file_may_say(path: Path) -> None:
    profile = taken(path, WHOLE)
    assert (profile.name, profile.base) == ("ours", "rel17")
    assert profile.settings == Settings(True, False, 8)
    assert profile.spellings == {
        "ue_service_id": Spelling("ueServiceId", ("subscriber", "Subscriber No."))
    }
    assert profile.constraint("registration_request", "msgin5g_ue_id") == Constraint(
        Presence.OPTIONAL, ("string",)
    )
    assert profile.ignores == (
        Ignore("COAP-CAP-*", "[2001:db8::1]:5683", "meter-?@*", "*", "Known"),
    )
    assert Override("COAP-7252-5.3.2-OTHER-ENDPOINT", "warning") in profile.overrides
    segment, ue = ("segment_size", Presence.REQUIRED), ("msgin5g_ue_id", Presence.OPTIONAL)
    demands = profile.demands["registration_request"]
    assert demands.any_indicator
    assert set(demands.presence) == {segment, ue}


def test_a_rule_named_beats_a_glob_and_a_later_glob_an_earlier(path: Path) -> None:
    profile = taken(path, WHOLE)
    assert profile.severity_of("COAP-CAP-DUP") == "off"
    assert profile.severity_of("COAP-7252-3-SHORT") == "warning"
    assert profile.severity_of("MSG-33501-Y-CLEARTEXT") == ""


def test_member_names_are_added_to_those_known(path: Path) -> None:
    words = taken(path, WHOLE).vocabulary
    ue = words.elements["ue_service_id"]
    for key in ("UE Service ID", "uesvcid", "SUBSCRIBER", "subscriber_no", "ueServiceId"):
        assert words.element_of(key) is ue
    assert vocabulary().element_of("subscriber") is None
    assert ue.spelling == "ueServiceId"


@pytest.mark.parametrize(
    ("glob", "text", "matches"),
    [
        ("COAP-*", "COAP-CAP-DUP", True),
        ("COAP", "COAP-CAP-DUP", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("[2001:db8::1]:*", "[2001:db8::1]:5683", True),
        ("[2001:db8::1]:*", "2:5683", False),
        ("a.c", "abc", False),
        ("a*b*c", "abbcc", True),
        ("a*b*c", "acb", False),
        ("*", "two\nlines", True),
        ("a**", "a", True),
        ("*a" * 90, "a" * 5000 + "b", False),
    ],
)
def test_globs(glob: str, text: str, matches: bool) -> None:
    assert bool(pattern(glob).fullmatch(text)) is matches


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_globs_are_those_of_a_shell(glob: str, text: str) -> None:
    assert bool(pattern(glob).fullmatch(text)) is fnmatchcase(text, glob)


def test_what_the_option_ignores() -> None:
    assert ignored("COAP-CAP-DUP", catalogue.load) == Ignore("COAP-CAP-DUP")
    assert ignored("*@meter-1@example", catalogue.load) == Ignore("*", who="meter-1@example")
    for text in ("", "@x", "COAP-CAP-DUP@", "COAP-CAP-DUPP", "X-*"):
        with pytest.raises(ValueError, match=r"names no rule|no such rule|matches no rule"):
            ignored(text, catalogue.load)


# Refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[severites]", "1: severites: unknown; did you mean severities?"),
        ('"COAP-CAP-DUP" = "off"', "1: COAP-CAP-DUP: belongs below [severities]"),
        ("json_depth = 4", "1: json_depth: belongs below [settings]"),
        (
            '[severities]\n"COAP-CAP-DUPP" = "off"',
            "2: COAP-CAP-DUPP: no such rule; did you mean COAP-CAP-DUP?",
        ),
        ('[severities]\n\n"X" = "off"', "3: X: no such rule; msgshark rules lists them"),
        ('[severities]\n"COAP-99*" = "off"', "2: COAP-99*: matches no rule"),
        (
            '[severities]\n"COAP-CAP-DUP" = "wraning"',
            "2: COAP-CAP-DUP: 'wraning' is not error, warning, note or off; did you mean warning?",
        ),
        ("[settings]\njson_depth = 65", "2: json_depth: 65 is not a whole number from 1 to 64"),
        ("[settings]\njson_depth = nan", "2: json_depth: nan is not a whole number from 1 to 64"),
        ("[settings]\nany_indicator = 1", "2: any_indicator: 1 is not true or false"),
        ('extends = "ours.toml"', "1: extends: 'ours.toml' is not seed, rel17 or rel18"),
        ('switches = ["plugtests"]', "1: switches: 'plugtests' is not plugtest, "),
        ("[elements.ue_servce_id]", "1: ue_servce_id: unknown; did you mean ue_service_id?"),
        ("[elements.zzz]", "1: zzz: no such element; msgshark spec-profile seed lists them"),
        ('[elements.payload]\nalias = ["x"]', "2: alias: unknown; did you mean aliases?"),
        ('[elements.payload]\naliases = ["-"]', "2: aliases: '-' is not 1 to 64 ASCII "),
        (
            '[elements.payload]\naliases = ["x", "Priority"]',
            "2: aliases: 'Priority' spells Priority type already",
        ),
        (
            '[elements.payload]\nname = "n"\n[elements.priority_type]\nname = "N"',
            "4: name: 'N' spells Payload already",
        ),
        (
            "[registration_response]\nmsgin5g_ue_id = {}",
            "2: msgin5g_ue_id: no element of registration response",
        ),
        (
            '[registration_request]\nwait_time.presence = "conditional"',
            "2: presence: there is no condition for it; required or optional",
        ),
        (
            '[registration_request]\nwait_time.presence = "mandatory"',
            "2: presence: 'mandatory' is not required, conditional or optional",
        ),
        ('[registration_request]\nwait_time.types = ["int"]', "2: types: 'int' is not string, "),
        ('[[ignore]]\nreason = "so"', "1: ignore: names no rule, endpoint or ue"),
        (
            '[[ignore]]\nue = "a"\n[[ignore]]\nrule = "COAP-CAP-DUB"',
            "4: rule: 'COAP-CAP-DUB': no such rule; did you mean COAP-CAP-DUP?",
        ),
        ("[ignore]\nrule = 'x'", "1: ignore: a table is not an array of at most 200 tables"),
        ("[severities]\n[severities]", "2: not TOML: "),
        (b"\xff", "1: not UTF-8"),
        ("a = " + "[" * 3000, " nested too deep; write tables such as [severities]"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "bytes",
)
def test_a_bad_profile_is_refused_with_line_and_reason(
    path: Path, text: str | bytes, reason: str
) -> None:
    assert refusal(path, text).startswith(reason)


def test_too_many_member_names(path: Path) -> None:
    names = [name for name in elements() if name != "payload"][:17]
    lists = (
        f"[elements.{name}]\naliases = {[f'own{number}x{n}' for n in range(16)]}\n"
        for number, name in enumerate(names)
    )
    assert refusal(path, "".join(lists)).endswith(": aliases: more than 256 member names in all")


def test_an_unknown_name_and_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"no spec profile rel-18; did you mean rel18\? There"):
        load("rel-18", catalogue.load)
    with pytest.raises(ProfileError, match=r"No such file.*; msgshark spec-profile lists profiles"):
        load(str(tmp_path / "no.toml"), catalogue.load)


PIECES = ["[", "]", "=", '"', "'", "\n", ".", "#", "0", "-1", "nan", "true", "{", "}", "\\", "\0"]
WORDS = st.sampled_from([*PIECES, *WHOLE.split(), *WHOLE.splitlines(), '"off"', "[[ignore]]\n"])


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The whole profile with a few pieces taken out, doubled or replaced."""
    text = WHOLE
    for _ in range(draw(st.integers(1, 4))):
        first = draw(st.integers(0, len(text)))
        after = draw(st.integers(first, min(len(text), first + 20)))
        text = text[:first] + draw(WORDS | st.text(max_size=3)) + text[after:]
    return text


@given(mutated())
@settings(max_examples=300, deadline=None)
def test_a_mutated_profile_is_taken_whole_or_refused_in_a_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    profile, reason = None, ""
    try:
        profile = read(str(path), catalogue.load)
    except ProfileError as error:
        reason = str(error)
    if profile is None:
        assert reason.startswith(f"{path}:")
        assert "\n" not in reason
    else:
        assert Conversation().con("GET").ack("2.05").rules(profile=profile).keys() <= RULES.keys()
        assert list(lines(profile))
