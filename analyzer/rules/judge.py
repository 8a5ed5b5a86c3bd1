# SPDX-License-Identifier: GPL-2.0-only
"""The judge: events in, findings out, by the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from analyzer import facts
from analyzer.events import Event, Seen
from analyzer.findings import Finding, Findings
from analyzer.profiles.spec import Ignore
from analyzer.rules import catalogue
from analyzer.rules.catalogue import (
    DEFECT_RULES,
    PREDICATES,
    Breach,
    DefectRule,
    Judgement,
    Rule,
)
from analyzer.rules.context import Context
from analyzer.rules.ignoring import Ignored
from analyzer.rules.severities import weights
from analyzer.subjects import Message, OuterMessage
from dissectors.coap.message import Flaw
from dissectors.coap.numbers import NAMED_OPTIONS, code_name, option_name
from dissectors.coap.wire import Defect

MOST_PER_MESSAGE: Final = 16
"""Defects of one kind told one by one in a message; more of them are counted with the last."""

_MOST_BYTES: Final = 16

MOST_FORMS: Final = 1 << 12
"""Forms of which it is known which predicates find something in them."""


class Judge:
    """Applies every rule of the catalogue to each event, in catalogue order."""

    def __init__(
        self, context: Context, findings: Findings, ignores: Iterable[Ignore] = ()
    ) -> None:
        self._rules = catalogue.load()
        self._context = context
        self._findings = findings
        profile = context.profile
        self._weights = weights(self._rules.values(), profile, context.timers.strict)
        self._ignored = Ignored((*profile.ignores, *ignores), self._rules)
        self._finds: dict[tuple[type[Event], int], tuple[Judgement, ...]] = {}
        self.ignored = 0
        """Breaches by the last event that were ignored: it is not one to be silent about."""

    def judge(self, event: Event, time: int, form: int = 0) -> Iterator[Finding]:
        """Findings that are new or changed by this event; `time` is the capture time. Predicates
        that found nothing in an event of the same `form`, unless that is 0, are not asked again."""
        self._context.now, self.ignored = time, 0
        what = -1
        if isinstance(event, Seen):
            what = event.what
            if what & facts.DEFECT:
                yield from self._judge_defects(event.message, time)
        key = type(event), form
        known = self._finds.get(key) if form else None
        finds = []
        for judgement in PREDICATES.get(type(event), ()) if known is None else known:
            if not judgement.when & what and judgement.when:
                continue
            if judgement.reads_values:
                finds.append(judgement)
            for breach in judgement.predicate(event, self._context):
                if not finds or finds[-1] is not judgement:
                    finds.append(judgement)
                rule = judgement.rule
                broken = rule if rule and not breach.rule else self._rules[breach.rule]
                finding = self._record(broken, breach, time)
                if finding is not None:
                    yield finding
        if form and known is None and len(self._finds) < MOST_FORMS:
            self._finds[key] = tuple(finds)

    def _record(self, rule: Rule, breach: Breach, time: int) -> Finding | None:
        severity, fixed = self._weights[rule.id]
        if severity is None:
            return None
        if self._ignored.has(rule.id, breach):
            self.ignored += 1
            self._findings.ignored += 1
            return None
        severity = severity if fixed else breach.severity or severity
        if isinstance(breach.message, OuterMessage):
            breach = breach._replace(span=None)
        if breach.within is not None and breach.message is not None:
            breach = _placed(breach, breach.message, breach.within)
        if breach.group is None and breach.message and not breach.message.flow.readable:
            # Perhaps not CoAP at all (gate G-FLOW): one finding with a count, not one each.
            breach = breach._replace(group=(breach.message.flow, severity))
        return self._findings.add(rule, severity, breach, time)

    def _judge_defects(self, message: Message, time: int) -> Iterator[Finding]:
        lengths = {option.offset: len(option.value) for option in message.coap.options}
        alike: dict[Defect, int] = {}
        last: dict[Defect, Finding] = {}
        for flaw in message.coap.flaws:
            declared = DEFECT_RULES.get(flaw.kind)
            if declared is None or flaw.detail in declared.but_for:
                continue
            alike[flaw.kind] = alike.get(flaw.kind, 0) + 1
            if alike[flaw.kind] > MOST_PER_MESSAGE:
                continue
            breach = self._defect_breach(declared, flaw, message, lengths)
            finding = self._record(declared.rule, breach, time)
            if finding is not None:
                last[flaw.kind] = finding
                yield finding
        for kind, finding in last.items():
            finding.count += max(0, alike[kind] - MOST_PER_MESSAGE)

    def _defect_breach(
        self, declared: DefectRule, flaw: Flaw, message: Message, lengths: dict[int, int]
    ) -> Breach:
        data = message.coap.data[flaw.offset : min(flaw.end, flaw.offset + _MOST_BYTES)]
        shown = data.hex() + ("..." if flaw.end - flaw.offset > _MOST_BYTES else "")
        spec = NAMED_OPTIONS.get(flaw.detail)
        words = {
            "option": option_name(flaw.detail),
            "number": flaw.detail,
            "named": f" ({spec.name})" if spec else "",
            "detail": flaw.detail,
            "bytes": shown,
            "code": code_name(message.code),
            "length": lengths.get(flaw.offset, flaw.end - flaw.offset),
            "allowed": _allowed_length(flaw.detail),
        }
        return Breach(
            declared.says.format(**words),
            message,
            seen=shown,
            expected=declared.expected.format(**words),
            span=(flaw.offset, flaw.end),
            severity=declared.adjust(message, flaw, self._context) if declared.adjust else None,
        )


def _placed(breach: Breach, message: Message, within: tuple[int, int]) -> Breach:
    """A breach within a payload, at the message that carries its first byte."""
    carrier, span = message.placed(*within)
    exchange = breach.exchange or message.exchange
    frames = (*breach.frames, message.frame)
    return breach._replace(message=carrier, span=span, exchange=exchange, frames=frames)


def _allowed_length(number: int) -> str:
    """`1 to 8 bytes`: how long the value of a registered option may be."""
    spec = NAMED_OPTIONS.get(number)
    if spec is None:
        return "any length"
    least = "" if spec.min == spec.max else f"{spec.min} to "
    return f"{least}{spec.max} byte{'' if spec.max == 1 else 's'}"
