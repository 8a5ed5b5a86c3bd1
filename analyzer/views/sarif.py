# SPDX-License-Identifier: GPL-2.0-only
"""SARIF 2.1.0 (OASIS) for code scanning: the catalogue as rules, every finding as a result.

ASCII alone, a line a result, so memory stays that of one. Clauses cited are those of the standard.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.metadata import version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, TextIO
from urllib.parse import quote

from analyzer import report
from analyzer.capture.stdin import DASH
from analyzer.identity import SCHEME
from analyzer.messages import CARRIED
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Rule, load
from analyzer.views.escape import escape

if TYPE_CHECKING:
    from analyzer.checking import Check
    from analyzer.findings import Finding
    from analyzer.session import Session

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION: Final = "2.1.0"
GITHUB_SCHEME: Final = "primaryLocationLineHash"
"""The one fingerprint that GitHub code scanning looks at."""

_PROBLEM: Final = {"error": "error", "warning": "warning", "note": "recommendation"}
_NOT_RAW: Final = str.maketrans({"[": "\\[", "]": "\\]", "{": "{{", "}": "}}"})
_json: Final = json.JSONEncoder(allow_nan=False).encode


def write_check(check: Check, out: TextIO) -> None:
    """One run."""
    rules = load()
    numbers = {id: number for number, id in enumerate(rules)}
    run = {
        "tool": {"driver": _driver(rules)},
        "invocations": [_invocation(check.session)],
        "artifacts": [
            {"location": {"uri": _uri(path)}, "roles": ["analysisTarget"]}
            for path in check.session.paths
        ],
    }
    head = {"$schema": SCHEMA, "version": VERSION}
    out.write(_json(head)[:-1] + ', "runs": [\n' + _json(run)[:-1] + ', "results": [')
    seen: Counter[str] = Counter()
    separator = "\n"
    for finding in check.findings:
        fingerprint = check.identities.of(finding)
        seen[fingerprint] += 1
        result = _result(check, finding, numbers) | {
            "partialFingerprints": {
                SCHEME: fingerprint,
                GITHUB_SCHEME: f"{fingerprint}:{seen[fingerprint]}",
            }
        }
        out.write(separator + _json(result))
        separator = ",\n"
    out.write("\n]}\n]}\n")


def _driver(rules: dict[str, Rule]) -> dict[str, Any]:
    return {
        "name": "msgshark",
        "version": version("msgshark"),
        "rules": [_rule(rule) for rule in rules.values()],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    """A reportingDescriptor (3.49); what the severity of a rule is, its results say again."""
    parts = {"Why": rule.why, "Bad": rule.bad, "Good": rule.good, "Fix": rule.fix}
    text = "\n".join(f"{name}: {words}" for name, words in parts.items())
    fences = {"Bad", "Good"}
    markdown = "\n\n".join(
        f"**{name}:**\n\n```\n{words}\n```" if name in fences else f"**{name}:** {_markdown(words)}"
        for name, words in parts.items()
    )
    described = {
        "id": rule.id,
        "shortDescription": {"text": _message(rule.title)},
        "fullDescription": {"text": _message(rule.what)},
        "help": {"text": _message(text), "markdown": markdown},
        "defaultConfiguration": {"level": rule.severity.label},
        "properties": {
            "reference": rule.reference,
            "scope": rule.scope.value,
            "precision": "medium" if rule.absence else "high",
            "problem.severity": _PROBLEM[rule.severity.label],
            "tags": [rule.spec],
        },
    }
    return described | ({"helpUri": rule.link} if rule.link else {})


def _invocation(session: Session) -> dict[str, Any]:
    return {
        "executionSuccessful": True,
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": _message(escape(notice, 400))}}
            for notice in report.notices(session)
        ],
    }


def _result(check: Check, finding: Finding, numbers: dict[str, int]) -> dict[str, Any]:
    session = check.session
    words = escape(finding.text, 400)
    if finding.seen or finding.expected:
        words += f" (seen: {escape(finding.seen)}; expected: {escape(finding.expected)})"
    ue, start = session.ue_of(finding), session.first_time or 0
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": numbers[finding.rule.id],
        "level": finding.severity.label,
        "message": {"text": _message(words)},
        "locations": [_location(session, finding, ue)],
        "occurrenceCount": finding.count,
        "properties": {
            "frame": finding.frame,
            "frames": finding.frames,
            "exchange": finding.exchange or None,
            "ueServiceId": ue or None,
            "seen": finding.seen,
            "expected": finding.expected,
            "fix": finding.rule.fix,
            "firstTime": (finding.first_time - start) / SECOND,
            "lastTime": (finding.last_time - start) / SECOND,
        },
    }
    return result | ({"baselineState": "new"} if check.baseline else {})


def _location(session: Session, finding: Finding, ue: str) -> dict[str, Any]:
    """Bytes of the capture file, and whose they are: frame, exchange, UE (3.28)."""
    names = [("frame", f"frame {finding.frame}")] if finding.frame else []
    if finding.exchange:
        names.append(("exchange", f"exchange {finding.exchange}"))
    if ue:
        names.append(("ue", ue))
    location: dict[str, Any] = {"physicalLocation": _physical(session, finding)}
    if names:
        location["logicalLocations"] = [{"kind": kind, "name": name} for kind, name in names]
    return location


def _physical(session: Session, finding: Finding) -> dict[str, Any]:
    """The file, and the span in it, else the CoAP message: not of one that was unpacked, put
    together or taken out of something, which has other offsets."""
    index, cells = 0, None
    if finding.row >= 0:
        cells = session.messages.row(finding.row)
        index = min(session.interfaces[cells["interface"]].file, len(session.paths) - 1)
    path = session.paths[index]
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(path), "index": index}}
    whole = finding.row not in session.parts and not (cells and cells["flags"] & CARRIED)
    if cells is not None and whole and not session.files[index].spooled:
        first, end = finding.span or (0, cells["coap_length"])
        at = cells["offset"] + cells["coap_at"]
        location["region"] = {"byteOffset": at + first, "byteLength": max(0, end - first)}
    return location


def _uri(path: str) -> str:
    """A URI reference (RFC 3986): relative where the path is, as GitHub wants it."""
    if path == DASH:
        return "stdin"
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix(), safe="/")


def _message(text: str) -> str:
    """Plain text whose brackets are no link and whose braces no placeholder (3.11.5, 3.11.6)."""
    return text.replace("\\", "\\\\").translate(_NOT_RAW)


def _markdown(text: str) -> str:
    """Our own words as Markdown: names and punctuation as they are."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)
