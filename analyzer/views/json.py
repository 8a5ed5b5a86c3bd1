# SPDX-License-Identifier: GPL-2.0-only
"""JSON for scripts: ASCII alone, so no character of a packet acts on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

from analyzer import handshakes, protected, report, spec_report
from analyzer.candidates import Candidates
from analyzer.profiles.spec import SpecProfile
from analyzer.profiles.transmission import SECOND, Transmission
from analyzer.rules.catalogue import Rule
from analyzer.values import plain
from analyzer.views.listed import Listed
from dissectors.fields import is_repeated

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.checking import Check
    from analyzer.examples import Conversation, Explanation, Illustration
    from analyzer.findings import Finding
    from analyzer.identity import Identities
    from analyzer.response_times import By, Spread
    from analyzer.session import Session
    from analyzer.statistics.model import Part
    from dissectors.fields import Field


_compact: Final = json.JSONEncoder(allow_nan=False).encode
"""On one line; `json.dumps` makes an encoder a call."""


def write_rows(listed: Listed, out: TextIO) -> None:
    """An array of objects keyed by field names; see `_rows`."""
    _write_array(_rows(listed), out)


def write_lines(listed: Listed, out: TextIO) -> None:
    """An object a line (JSON Lines); see `_rows`."""
    for entry in _rows(listed):
        out.write(_compact(entry) + "\n")


def _rows(listed: Listed) -> Iterator[dict[str, Any]]:
    """A repeated field is always an array. What was asked for is always there, null or empty where
    it has no value; of a whole row only what has one."""
    repeated = [is_repeated(field, listed.table) for _, field in listed.asked]
    names = [name for name, _ in listed.asked]
    for columns in listed.columns():
        told = [
            [_json(value, field, many) for value in column]
            for column, (_, field), many in zip(columns, listed.asked, repeated, strict=True)
        ]
        for values in zip(*told, strict=True):
            row = zip(names, values, strict=True)
            yield dict(row) if listed.chosen else {k: v for k, v in row if v not in (None, [])}


def _json(value: Any, field: Field, repeated: bool) -> Any:
    value = plain(field, value)
    if repeated and not isinstance(value, list):
        return [] if value is None else [value]
    return value


def write_exchanges(session: Session, out: TextIO, ids: Iterable[int] | None = None) -> None:
    """An array of exchanges, of these ids or all."""
    _write_array(report.exchange_entries(session, ids), out)


def write_check(check: Check, out: TextIO) -> None:
    """One object: capture, summary, protected flows, findings; with a baseline, what that was.
    Findings are written one by one, a line each: there may be many."""
    session, candidates = check.session, Candidates(check.session)
    baseline = {"baseline": check.baseline.path} if check.baseline else {}
    head = {
        "capture": report.capture_entry(session),
        **baseline,
        "summary": check.summary(),
        "protected": protected.entry(session),
    }
    out.write(json.dumps(head, indent=1, allow_nan=False).removesuffix("\n}"))
    out.write(',\n "findings": [')
    separator = "\n  "
    for finding in check.findings:
        entry = finding_entry(session, finding, candidates, check.identities)
        out.write(separator + _compact(entry))
        separator = ",\n  "
    out.write("]\n}\n" if separator == "\n  " else "\n ]\n}\n")


def finding_entry(
    session: Session, finding: Finding, candidates: Candidates, identities: Identities
) -> dict[str, Any]:
    """A finding as `check` and `watch` write it."""
    entry = report.finding_entry(session, finding, candidates)
    return entry | {"fingerprint": identities.of(finding)}


def write_times(groups: Sequence[Spread], total: Spread, by: By, out: TextIO) -> None:
    """One object: what groups are, the groups, and all of them together; times in seconds."""
    entries = [{str(by): group.name or None} | _spread_entry(group) for group in groups]
    _write({"by": str(by), "groups": entries, "total": _spread_entry(total)}, out)


def _spread_entry(spread: Spread) -> dict[str, Any]:
    counts = ("requests", "lost", "retransmitted", "measured", "left_out")
    times = {"min": "least", "median": "median", "p95": "p95", "p99": "p99", "max": "most"}
    entry: dict[str, Any] = {name: getattr(spread, name) for name in counts}
    for key, name in times.items():
        time = getattr(spread, name)
        entry[key] = None if time is None else round(time) / SECOND
    return entry


def write_statistics(parts: dict[Part, list[dict[str, Any]]], out: TextIO) -> None:
    """An object with an array of entries (statistics.report) for each part."""
    _write({str(part): entries for part, entries in parts.items()}, out)


def write_handshakes(session: Session, flows: Iterable[SecuredFlow], out: TextIO) -> None:
    """An array of protected flows, each with the steps of its handshakes."""
    _write_array(handshakes.entries(session, flows), out)


def write_fields(fields: Iterable[tuple[Field, Sequence[str]]], out: TextIO) -> None:
    """An array of catalogue entries, each with the commands that have the field."""
    _write_array((_field_entry(field, commands) for field, commands in fields), out)


def _field_entry(field: Field, commands: Sequence[str]) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": field.type,
        "repeated": field.repeated,
        "commands": list(commands),
        "help": field.help,
    }


def write_rules(rules: Iterable[Rule], out: TextIO) -> None:
    """An array of catalogue entries."""
    _write_array((rule_entry(rule) for rule in rules), out)


def rule_entry(rule: Rule) -> dict[str, Any]:
    """A rule with all its texts."""
    return {
        "id": rule.id,
        "severity": rule.severity.label,
        "profiles": spec_report.severities_of(rule),
        "strict_severity": (rule.strict or rule.severity).label,
        "scope": rule.scope.value,
        "spec": rule.spec,
        "clause": rule.clause,
        "title": rule.title,
        "what": rule.what,
        "why": rule.why,
        "bad": rule.bad,
        "good": rule.good,
        "fix": rule.fix,
        "since": rule.since,
    }


def write_explanation(explanation: Explanation, out: TextIO) -> None:
    """A catalogue entry, with the rules it is related to, and its example: packets and findings."""
    rule, example = explanation.rule, explanation.example
    entry = rule_entry(rule)
    entry |= {"link": rule.link or None, "causes": list(rule.causes)}
    entry["explains"] = [other.id for other in explanation.follows]
    if example is not None:
        told = {"options": dict(example.options)}
        talks = (example.bad, explanation.bad), (example.good, explanation.good)
        for name, (talk, illustration) in zip(("bad", "good"), talks, strict=True):
            told[name] = _conversation_entry(talk, illustration)
        entry["example"] = told
    _write(entry, out)


def _conversation_entry(talk: Conversation, illustration: Illustration | None) -> dict[str, Any]:
    """Times in seconds since the first packet; bytes in hex."""
    packets = [
        {"time": packet.time / SECOND, "data": packet.data.hex(), "length": packet.length}
        for packet in talk.packets
    ]
    found = illustration.session.findings if illustration else ()
    findings = [finding.as_dict() for finding in found]
    return {"link_type": talk.link_type, "packets": packets, "findings": findings}


def write_spec_profiles(profiles: Iterable[SpecProfile], out: TextIO) -> None:
    """An array of spec profiles."""
    _write_array(map(spec_report.profile_entry, profiles), out)


def write_spec_profile(profile: SpecProfile, out: TextIO) -> None:
    """One spec profile."""
    _write(spec_report.profile_entry(profile), out)


def write_transmissions(transmissions: Iterable[Transmission], out: TextIO) -> None:
    """An array of transmission profiles."""
    _write_array(map(report.transmission_entry, transmissions), out)


def write_transmission(transmission: Transmission, out: TextIO) -> None:
    """One transmission profile."""
    _write(report.transmission_entry(transmission), out)


def _write_array(entries: Iterable[Any], out: TextIO) -> None:
    """Entry by entry, so memory stays that of one."""
    separator = "[\n"
    for entry in entries:
        out.write(separator + json.dumps(entry, allow_nan=False, default=str))
        separator = ",\n"
    out.write("[]\n" if separator == "[\n" else "\n]\n")


def _write(entry: dict[str, Any], out: TextIO) -> None:
    json.dump(entry, out, indent=1, allow_nan=False)
    out.write("\n")
