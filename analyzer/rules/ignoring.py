# SPDX-License-Identifier: GPL-2.0-only
"""Findings that the user knows and does not want to see: which breaches they are of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from re import Pattern

from analyzer.endpoints import Endpoint
from analyzer.findings import ue_of
from analyzer.profiles.spec import Ignore, pattern
from analyzer.rules.catalogue import Breach


class Ignored:
    """What is ignored, by rule: a rule without an entry costs one look-up."""

    def __init__(self, ignores: Iterable[Ignore], rules: Iterable[str]) -> None:
        entries = [_Entry(ignore) for ignore in ignores]
        found = {rule: [entry for entry in entries if entry.of(rule)] for rule in rules}
        self._entries = {rule: matching for rule, matching in found.items() if matching}

    def has(self, rule: str, breach: Breach) -> bool:
        """The breach of this rule is ignored."""
        return any(entry.matches(breach) for entry in self._entries.get(rule, ()))


class _Entry:
    def __init__(self, ignore: Ignore) -> None:
        self._rule = pattern(ignore.rule)
        self._endpoint, self._ue, self._who = map(_some, (ignore.endpoint, ignore.ue, ignore.who))

    def of(self, rule: str) -> bool:
        return bool(self._rule.fullmatch(rule))

    def matches(self, breach: Breach) -> bool:
        if self._endpoint and not _any(self._endpoint, _endpoints(breach)):
            return False
        if self._ue and not self._ue.fullmatch(ue_of(breach)):
            return False
        who = self._who
        return who is None or bool(who.fullmatch(ue_of(breach))) or _any(who, _endpoints(breach))


def _some(glob: str) -> Pattern[str] | None:
    """None for a glob that matches everything."""
    return None if glob == "*" else pattern(glob)


def _any(wanted: Pattern[str], endpoints: Iterator[Endpoint]) -> bool:
    """An endpoint goes by its address, or by address and port."""
    return any(wanted.fullmatch(e.address) or wanted.fullmatch(str(e)) for e in endpoints)


def _endpoints(breach: Breach) -> Iterator[Endpoint]:
    if breach.message is not None:
        yield breach.message.source
        yield breach.message.destination
    if breach.exchange is not None:
        yield breach.exchange.request.source
        yield breach.exchange.request.destination
