# SPDX-License-Identifier: GPL-2.0-only
"""How severe each rule is under a spec profile and a transmission profile.

Rules declare their severity in the releases; a spec profile begins with one of them and overrides.
An override is the severity of every breach of its rule, whatever its predicate makes of a case, and
of a strict transmission profile too: the user wants it so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from analyzer.profiles.spec import OFF, SpecProfile
from analyzer.rules.catalogue import Rule, Severity


class Weight(NamedTuple):
    """A rule's severity, None when it is off; `fixed` when no case of it has another."""

    severity: Severity | None
    fixed: bool = False


_OVERRIDES: Final[dict[str, Severity | None]] = {s.label: s for s in Severity} | {OFF: None}


def weights(rules: Iterable[Rule], profile: SpecProfile, strict: bool = False) -> dict[str, Weight]:
    """The severity of each rule, by id; `strict` is the transmission profile, unless the spec
    profile is."""
    return {rule.id: _weight(rule, profile, strict or profile.strict) for rule in rules}


def _weight(rule: Rule, profile: SpecProfile, strict: bool) -> Weight:
    override = profile.severity_of(rule.id)
    if override:
        return Weight(_OVERRIDES[override], True)
    return Weight(rule.severity_in(profile.base, strict))
