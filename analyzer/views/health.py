# SPDX-License-Identifier: GPL-2.0-only
"""What `doctor` found, as text and JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TextIO

from analyzer.views.escape import escape
from analyzer.views.terminal import ascii_text, inked, paper

if TYPE_CHECKING:
    from analyzer.doctor.model import Check

_MOST: Final = 400
_INDENT: Final = " " * 6


def write_text(checks: Sequence[Check], out: TextIO) -> None:
    """A line a check, `ok` or `not`, and below a `not` what to do."""
    sheet = paper(out)
    width = max(len(check.name) for check in checks)
    for number, (area, found) in enumerate(itertools.groupby(checks, lambda check: check.area)):
        lines = [area]
        for check in found:
            state = "ok " if check.ok else "not"
            ink = "success" if check.ok else "error" if check.needed else "warning"
            state = inked(state, ink) if sheet.colour else state
            lines.append(f"  {state} {check.name:<{width}}  {escape(check.told, _MOST)}")
            if check.advice and not check.ok:
                lines.append(f"{_INDENT}{'':<{width}}  do: {escape(check.advice, _MOST)}")
        text = "\n".join(lines) + "\n"
        out.write(("\n" if number else "") + (ascii_text(text) if sheet.plain else text))


def write_json(checks: Sequence[Check], out: TextIO) -> None:
    """An object: `healthy`, and `checks`; `advice` is null where there is none to give."""
    entries = [
        check._asdict() | {"advice": (check.advice or None) if not check.ok else None}
        for check in checks
    ]
    healthy = not any(check.broken for check in checks)
    json.dump({"healthy": healthy, "checks": entries}, out, indent=1)
    out.write("\n")
