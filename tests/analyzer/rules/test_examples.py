# SPDX-License-Identifier: GPL-2.0-only
"""Each rule has a bad and a good conversation: it fires on the one and not on the other."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest
from regenerate import COMMAND, FOLDER, README, entry, readme
from regenerate import examples as written

from analyzer import examples as shipped
from analyzer.findings import Finding
from analyzer.rules import catalogue
from analyzer.rules.catalogue import Rule, Severity, load
from dissectors.msgin5g.constraints import PROFILE_RULE

from . import examples
from .examples import Example

MODULES = examples.modules()
EXAMPLES = {id: example for module in MODULES.values() for id, example in module.items()}
RULES = load()

WITHOUT = {"MSG-24538-PROFILE-ELEMENT": "only a user's own spec profile asks for it"}
"""Rules without an example, and why."""


MOST_FRAMES = 12


def found(example: Example, good: bool) -> list[Finding]:
    """What the product finds in what is shipped of a conversation."""
    talk = shipped.Conversation.of(entry(example)["good" if good else "bad"])
    with shipped.judged(talk, example.options) as session:
        return list(session.findings)


def related(rule: Rule) -> set[str]:
    """What explains a breach of a rule, and what a breach explains."""
    return {*rule.causes, *(other.id for other in RULES.values() if rule.id in other.causes)}


def worse(findings: list[Finding]) -> dict[str, str]:
    """Rules broken at warning or above, with what is said of it."""
    return {f.rule.id: f.text for f in findings if f.severity >= Severity.WARNING}


def severity(rule: Rule, options: Mapping[str, str]) -> Severity | None:
    strict = options.get("transmission") == "strict"
    return rule.severity_in(options.get("spec_profile", "seed"), strict)


def declared_in(module: str) -> set[str]:
    """Rules that a rule module declares: it names no others but as causes."""
    tree = ast.parse(Path(catalogue.__file__).with_name(f"{module}.py").read_text())
    causes = {
        id(named)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "causes"
        for named in ast.walk(node)
    }
    nodes = (node for node in ast.walk(tree) if id(node) not in causes)
    return RULES.keys() & {node.value for node in nodes if isinstance(node, ast.Constant)}


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_a_module_are_those_of_its_rules(module: str) -> None:
    named_elsewhere = {PROFILE_RULE}
    assert MODULES[module].keys() - named_elsewhere == declared_in(module)


def test_every_rule_has_an_example() -> None:
    assert EXAMPLES.keys() | WITHOUT.keys() == RULES.keys()
    assert not EXAMPLES.keys() & WITHOUT.keys()
    assert len(EXAMPLES) == sum(map(len, MODULES.values()))


@pytest.mark.parametrize("id", EXAMPLES)
def test_a_bad_conversation_breaks_its_rule_and_nothing_that_has_no_part_in_it(id: str) -> None:
    rule, example = RULES[id], EXAMPLES[id]
    findings = found(example, good=False)
    of_rule = [finding.severity for finding in findings if finding.rule is rule]
    assert of_rule, [f"{finding.rule.id}: {finding.text}" for finding in findings]
    assert max(of_rule) == severity(rule, example.options)
    others = worse([f for f in findings if f.rule is not rule and f.rule.id not in related(rule)])
    assert {id: text for id, text in others.items() if id not in example.beside} == {}


@pytest.mark.parametrize("id", EXAMPLES)
def test_a_good_conversation_breaks_no_rule(id: str) -> None:
    findings = found(EXAMPLES[id], good=True)
    assert id not in {finding.rule.id for finding in findings}
    beside = EXAMPLES[id].beside
    assert {id: text for id, text in worse(findings).items() if id not in beside} == {}


@pytest.mark.parametrize("id", [id for id, example in EXAMPLES.items() if example.beside])
def test_what_stands_beside_is_there(id: str) -> None:
    example = EXAMPLES[id]
    assert example.beside.keys() <= worse(found(example, good=False)).keys()


@pytest.mark.parametrize("id", EXAMPLES)
def test_conversations_are_short(id: str) -> None:
    example = EXAMPLES[id]
    assert 1 <= len(example.bad.frames) <= MOST_FRAMES
    assert 1 <= len(example.good.frames) <= MOST_FRAMES
    assert example.bad.pcap() != example.good.pcap()


def test_what_is_shipped_is_what_is_tested() -> None:
    wanted = dict(written())
    assert set(FOLDER.glob("*")) == wanted.keys(), f"run {COMMAND}"
    for path, text in wanted.items():
        assert path.read_text() == text, f"{path.name} is stale: run {COMMAND}"


def test_what_readme_shows_of_the_rules_is_what_they_are() -> None:
    assert README.read_text() == readme(), f"README is stale: run {COMMAND}"


def test_an_example_is_read_as_it_was_written() -> None:
    for id, example in EXAMPLES.items():
        read = shipped.example(id)
        assert read is not None
        assert read.bad.pcap()[24:] == example.bad.pcap()[24:]
        assert read.options == example.options
