# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark of rules runs and names them; how fast they are is not judged here."""

from __future__ import annotations

from pathlib import Path

from rule_costs import SLOWEST, bad_examples, measure, report, write_breaches

from analyzer.rules import catalogue
from analyzer.session import Session


def test_it_names_the_slowest_rules() -> None:
    lines = list(report(400, 400))
    assert lines[0].startswith("400 packets, ")
    assert sum("of which rules" in line for line in lines) == 2
    assert sum("asked" in line for line in lines) == 2 * SLOWEST


def test_most_rules_are_broken_in_its_capture(tmp_path: Path) -> None:
    path = tmp_path / "breaches.pcap"
    write_breaches(path, sum(len(bad.packets) for bad in bad_examples()))
    session = Session()
    session.open([path])
    session.read_all()
    broken = {finding.rule.id for finding in session.findings}
    assert len(broken) > 0.8 * len(catalogue.load())


def test_each_predicate_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "breaches.pcap"
    write_breaches(path, 300)
    cost = measure(path)
    assert cost.findings > 100
    assert 0 < sum(cost.spent.values()) < cost.judging < cost.run
    assert set(cost.asked) == set(cost.spent)
