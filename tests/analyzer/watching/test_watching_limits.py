# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Severity, load
from analyzer.watching.limits import MOST_WINDOWS, OTHERS, About, Limits, More, Rate

RULES = list(load().values())[:3]
RULE = RULES[0]
UE = About("meter-1")
NOTE = Severity.NOTE


def test_rates() -> None:
    assert Rate.of("5/60s") == Rate(5, 60 * SECOND)
    assert Rate.of("0 / 2h") == Rate(0, 7200 * SECOND)
    assert Rate.of("off").most is None


@pytest.mark.parametrize("text", ["", "5", "5/s", "5/0s", "-1/60s", "5/60", "5/60s/2", "1e3/1s"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="write 5/60s, 1/10m or off"):
        Rate.of(text)


def test_a_window_begins_with_its_first_finding_and_tells_the_rest_when_it_ends() -> None:
    limits = Limits(Rate(2, 60 * SECOND))
    admitted = []
    for second in (10, 20, 30, 69):
        assert list(limits.advance(second * SECOND)) == []
        admitted.append(limits.admits(RULE, NOTE, UE))
    assert admitted == [True, True, False, False]
    assert list(limits.advance(70 * SECOND)) == [More(RULE, NOTE, UE, 2, 10 * SECOND, 70 * SECOND)]
    assert limits.admits(RULE, NOTE, UE)
    assert list(limits.advance(1000 * SECOND)) == []
    assert limits.suppressed == 2


def test_each_rule_and_ue_has_its_own() -> None:
    limits = Limits(Rate(1, 60 * SECOND))
    list(limits.advance(0))
    whom = (UE, About("meter-2"), About(address="192.0.2.1"), About())
    assert all(limits.admits(rule, NOTE, about) for rule in RULES for about in whom)
    assert not any(limits.admits(rule, NOTE, about) for rule in RULES for about in whom)


def test_off_tells_all_and_still_counts_what_findings_count() -> None:
    limits = Limits(Rate.of("off"))
    list(limits.advance(0))
    assert all(limits.admits(RULE, NOTE, UE) for _ in range(100))
    limits.count(RULE, Severity.ERROR, UE, 7)
    assert [(more.breaches, more.severity) for more in limits.close()] == [(7, Severity.ERROR)]


def test_a_clock_set_back_ends_windows_and_a_short_step_back_does_not() -> None:
    limits = Limits(Rate(1, 60 * SECOND))
    list(limits.advance(1000 * SECOND))
    assert limits.admits(RULE, NOTE, UE)
    assert list(limits.advance(999 * SECOND)) == []
    assert not limits.admits(RULE, NOTE, UE)
    assert [more.breaches for more in limits.advance(500 * SECOND)] == [1]
    assert limits.admits(RULE, NOTE, UE)


def test_names_without_end_share_a_window() -> None:
    limits = Limits(Rate(1, 60 * SECOND))
    list(limits.advance(0))
    admitted = sum(
        limits.admits(RULE, NOTE, About(f"meter-{number}")) for number in range(2 * MOST_WINDOWS)
    )
    assert admitted == MOST_WINDOWS + 1
    told = list(limits.close())
    assert [(more.about, more.breaches) for more in told] == [(OTHERS, MOST_WINDOWS - 1)]


@given(
    most=st.integers(0, 3),
    times=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 2), st.integers(0, 2))),
)
def test_nothing_is_told_too_often_and_nothing_is_lost(
    most: int, times: list[tuple[int, int, int]]
) -> None:
    limits, told, more = Limits(Rate(most, 60 * SECOND)), [], []
    for second, rule, ue in sorted(times):
        more += limits.advance(second * SECOND)
        if limits.admits(RULES[rule], NOTE, About(f"ue-{ue}")):
            told.append((second, rule, ue))
    more += limits.close()
    assert len(told) + sum(one.breaches for one in more) == len(times)
    assert limits.suppressed == len(times) - len(told)
    for second, rule, ue in told:  # in any window of that length, two of them overlap
        near = [one for one in told if second <= one[0] < second + 60 and one[1:] == (rule, ue)]
        assert len(near) <= 2 * most
    for (rule_id, about), _ in Counter((one.rule.id, one.about) for one in more).items():
        ends = [one for one in more if (one.rule.id, one.about) == (rule_id, about)]
        assert all(a.end <= b.start for a, b in pairwise(ends))
