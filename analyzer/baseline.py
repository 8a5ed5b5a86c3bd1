# SPDX-License-Identifier: GPL-2.0-only
"""What an earlier `check` found: the fingerprints in its JSON or SARIF report."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from analyzer.identity import SCHEME

_ADVICE: Final = "give what `msgshark check --format json` or `sarif` wrote"


class BaselineError(Exception):
    """The file is no baseline; the one-line message says where, why and what to do next."""


class Baseline(NamedTuple):
    """The findings of an earlier run."""

    path: str
    fingerprints: frozenset[str]


def read(path: str | os.PathLike[str]) -> Baseline:
    """Read the report of an earlier run. Raises BaselineError."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
        report = json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise BaselineError(f"{name}: {error.strerror}; {_ADVICE}") from None
    except ValueError as error:
        raise _broken(name, data, error) from None
    except RecursionError:
        raise BaselineError(f"{name}:1: nested too deeply; {_ADVICE}") from None
    try:
        return Baseline(name, frozenset(_fingerprints(report)))
    except _UnlikeError as unlike:
        line = _line_of(data, unlike.path)
        raise BaselineError(f"{name}:{line}: {unlike.what}; {_ADVICE}") from None


def _broken(name: str, data: bytes, error: ValueError) -> BaselineError:
    """Not UTF-8 or not JSON."""
    if isinstance(error, json.JSONDecodeError):
        return BaselineError(f"{name}:{error.lineno}: not JSON: {error.msg}; {_ADVICE}")
    at = error.start if isinstance(error, UnicodeDecodeError) else 0
    line = data.count(b"\n", 0, at) + 1
    return BaselineError(f"{name}:{line}: not UTF-8; {_ADVICE}")


class _UnlikeError(Exception):
    """The value at this path of a report is not what a report has there."""

    def __init__(self, what: str, *path: str | int) -> None:
        self.what, self.path = what, path


def _fingerprints(report: Any) -> Iterator[str]:
    found = report if isinstance(report, dict) else {}
    if "findings" in found:
        for number, entry in enumerate(_array(found, "findings")):
            yield _fingerprint(entry, "fingerprint", "findings", number)
        return
    if "runs" not in found:
        raise _UnlikeError("neither findings nor SARIF runs")
    for run, entry in enumerate(_array(found, "runs")):
        for number, result in enumerate(_array(entry, "results", "runs", run)):
            place = ("runs", run, "results", number)
            prints = result.get("partialFingerprints") if isinstance(result, dict) else None
            yield _fingerprint(prints, SCHEME, *place)


def _array(holder: Any, key: str, *path: str | int) -> list[Any]:
    value = holder.get(key, []) if isinstance(holder, dict) else None
    if not isinstance(value, list):
        raise _UnlikeError(f"{key} is no array", *path, key)
    return value


def _fingerprint(holder: Any, key: str, *path: str | int) -> str:
    value = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(value, str):
        raise _UnlikeError(f"a finding without the fingerprint of msgshark ({key})", *path)
    return value


def _line_of(data: bytes, path: tuple[str | int, ...]) -> int:
    """The line on which a value of a JSON text begins, that of what holds it where unknown."""
    from dissectors.msgin5g.payload import read_json

    value = read_json(data).root
    start = value.start if value is not None else 0
    for step in path:
        inside = value.children if value is not None else []
        named = [child for child in inside if child.key == step]
        if isinstance(step, int):
            named = inside[step : step + 1]
        if not named:
            break
        value = named[-1]
        start = value.start
    return data.count(b"\n", 0, start) + 1
